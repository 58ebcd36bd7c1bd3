"""The threads beside the reactor: one that writes the store, a few that hash passwords."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from medappt.center.checker import HASHES_AT_ONCE

T = TypeVar("T")


class Workers(Protocol):
    """Where a center does what takes long."""

    def start(self) -> None:
        """Be ready to work."""

    def stop(self) -> None:
        """End, once what was begun is done."""

    def write(self, work: Callable[[], T]) -> Deferred[T]:
        """Do the store's work; one after the other."""

    def hash(self, work: Callable[[], T]) -> Deferred[T]:
        """Do a password's work."""


class ThreadWorkers:
    """Threads of this process. They are started after the fork of a daemon, never before."""

    def __init__(self, reactor: IReactorFromThreads) -> None:
        self._reactor = reactor
        self._writer = ThreadPool(1, 1, "medappt-writer")
        self._hashers = ThreadPool(0, HASHES_AT_ONCE, "medappt-hashers")

    def start(self) -> None:
        self._writer.start()
        self._hashers.start()

    def stop(self) -> None:
        self._writer.stop()
        self._hashers.stop()

    def write(self, work: Callable[[], T]) -> Deferred[T]:
        return deferToThreadPool(self._reactor, self._writer, work)

    def hash(self, work: Callable[[], T]) -> Deferred[T]:
        return deferToThreadPool(self._reactor, self._hashers, work)
