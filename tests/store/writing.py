"""What the tests of the writer share."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, NoReturn

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import formatEvent
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.calendar import WeeklyTime
from medappt.model.slots import Opening
from medappt.store.connection import Connection
from medappt.store.openings import import_openings
from medappt.store.writer import (
    Worker,
    Writer,
)
from tests.store.doubles import NOW, DyingDisk, HeldWorker

LINE = Opening(index=1, time=WeeklyTime(weekday=0, hour=0), doctor="doc1", port=1)
FULL = "database or disk is full"
WORD_OF_FAILURE = "The store cannot be written, requests that need it are refused: {}"
WORD_OF_RECOVERY = "The store can be written again."


def write(connection: Connection) -> None:
    """A transaction that changes something."""
    import_openings(connection, [LINE], NOW)
    import_openings(connection, [], NOW)


def refuse(connection: Connection) -> NoReturn:
    """A transaction that writes and then fails."""
    import_openings(connection, [LINE], NOW)
    raise LookupError("refused")


class Doubling:
    """A set-based transaction that remembers how it was called."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []

    def __call__(self, connection: Connection, items: Sequence[int]) -> Sequence[int]:
        self.calls.append(list(items))
        if 13 in items:
            raise LookupError("unlucky")
        return [2 * item for item in items]


class WriterCase(SynchronousTestCase):
    """A writer with a disk that can fail, and a worker that does nothing until told."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.disk = DyingDisk()
        self.addCleanup(self.disk.real.close)
        self.held = HeldWorker()
        self.full = sqlite3.OperationalError(FULL)
        self.writer = self.make(self.held)

    def make(self, worker: Worker, most_waiting: int = 100) -> Writer:
        return Writer(self.disk, worker, self.clock, most_waiting)

    def work(self) -> None:
        """Let the reactor's iteration end and the worker do what it was given."""
        self.clock.advance(0)
        self.held.run_next()

    def said(self, events: Sequence[Any]) -> list[str]:
        return [formatEvent(event) for event in events]


def void(answer: Deferred[Any]) -> None:
    """Nobody waits for ``answer``."""
    answer.addErrback(lambda failure: None)
