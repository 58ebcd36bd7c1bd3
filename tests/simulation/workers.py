"""The threads of a simulated process: they take time, and die with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure

from tests.simulation.machine import Machine

T = TypeVar("T")


class SimulatedWorkers:
    """Implements ``center.workers.Workers``. Without a delay in the weather work is done at once;
    with one it is done later, and its result comes later still: a process can die in between."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def start(self) -> None:
        """There are no threads."""

    def stop(self) -> None:
        """See ``start``."""

    def write(self, work: Callable[[], T]) -> Deferred[T]:
        delay = self._machine.network.weather.worker_delay
        if not delay:
            return maybeDeferred(work)
        done: Deferred[T] = Deferred()
        self._machine.callLater(self._machine.dice.random() * delay, self._do, work, done)
        return done

    hash = write

    def _do(self, work: Callable[[], T], done: Deferred[T]) -> None:
        delay = self._machine.network.weather.worker_delay
        result: T | Failure
        try:
            result = work()
        except Exception:  # noqa: BLE001 - as a thread pool does
            result = Failure()
        self._machine.callLater(self._machine.dice.random() * delay, done.callback, result)
