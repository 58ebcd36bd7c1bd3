"""What the tests of the store put in the place of a disk, a thread and a clock on the wall."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.audit import AuditVerb, Deed
from medappt.model.identity import Role
from medappt.model.origins import Origin
from medappt.model.slots import Slot
from medappt.store.connection import Connection
from medappt.store.database import Checkpoint
from medappt.store.location import Location
from medappt.store.sqlite import SQLiteDatabase

T = TypeVar("T")

NOW = datetime(2027, 2, 8, 9, 0, tzinfo=UTC)
"""A Monday."""

KEY = b"k" * 32
"""The key of a store."""


def origin(user: str, role: Role = Role.PATIENT) -> Origin:
    """Somebody at an address."""
    return Origin(actor=user, role=role, source="192.0.2.1")


PATIENT = origin("ann")
ADMIN = origin("boss", Role.ADMINISTRATOR)
DEED = Deed(origin=PATIENT, verb=AuditVerb.REQUEST, object="")
"""Something that is asked."""


def scratch(test: SynchronousTestCase) -> Path:
    """A directory that goes away with ``test``."""
    directory = tempfile.TemporaryDirectory(prefix="medappt-store-")
    test.addCleanup(directory.cleanup)
    return Path(directory.name)


def memory_database() -> SQLiteDatabase:
    return SQLiteDatabase.open(Location(path=None), KEY)


def slot(index: int = 1, *, days: int = 1, doctor: str = "doc1", place: int = 0) -> Slot:
    """A slot that begins ``days`` after ``NOW``."""
    return Slot(
        index=index, start=NOW + timedelta(days=days), doctor=doctor, port=41000, place=place
    )


class HeldWorker:
    """A worker that does nothing until told, like a thread that is busy."""

    def __init__(self) -> None:
        self.pending: list[Callable[[], None]] = []

    def __call__(self, work: Callable[[], T], /) -> Deferred[T]:
        done: Deferred[T] = Deferred()

        def run() -> None:
            try:
                value = work()
            except BaseException:  # noqa: BLE001 - as a thread pool does
                done.errback()
            else:
                done.callback(value)

        self.pending.append(run)
        return done

    def run_next(self) -> None:
        """Do the piece of work that waits; there is never more than one."""
        [run] = self.pending
        self.pending.clear()
        run()


class DyingDisk:
    """A database in memory whose every step is counted and can be made to fail."""

    def __init__(self) -> None:
        self.real = memory_database()
        self.steps: list[str] = []
        self.faults: dict[str, Exception] = {}
        self.due = Checkpoint.NOT_DUE
        self.is_closed = False

    def _step(self, name: str, do: Callable[[], T]) -> T:
        self.steps.append(name)
        if name in self.faults:
            raise self.faults[name]
        return do()

    @property
    def commits(self) -> int:
        return self.steps.count("commit")

    @property
    def connection(self) -> Connection:
        return self.real.connection

    @property
    def in_transaction(self) -> bool:
        return self.real.in_transaction

    @property
    def changes(self) -> int:
        return self.real.changes

    def begin(self) -> None:
        self._step("begin", self.real.begin)

    def commit(self) -> None:
        self._step("commit", self.real.commit)

    def rollback(self) -> None:
        self._step("rollback", self.real.rollback)

    def set_savepoint(self) -> None:
        self._step("savepoint", self.real.set_savepoint)

    def release_savepoint(self) -> None:
        self._step("release", self.real.release_savepoint)

    def undo_savepoint(self) -> None:
        self._step("undo", self.real.undo_savepoint)

    def is_broken_by(self, error: Exception) -> bool:
        return self.real.is_broken_by(error)

    def checkpoint_due(self) -> Checkpoint:
        if "due" in self.faults:
            raise self.faults["due"]
        return self.due

    def checkpoint(self) -> None:
        self.due = Checkpoint.NOT_DUE
        self._step("checkpoint", self.real.checkpoint)

    def backup(self) -> Path | None:
        return self._step("backup", self.real.backup)

    def close(self) -> None:
        self.is_closed = True
        self._step("close", self.real.close)


def returning(value: T) -> Callable[[Any], T]:
    """A transaction that does nothing and answers ``value``."""
    return lambda connection: value
