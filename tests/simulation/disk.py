"""A disk with one store on it: what was committed survives a crash, and nothing else does."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Protocol

from medappt.store.sqlite import SQLiteDatabase
from tests.simulation.machine import Machine

MOST_BACKUPS = 4


class DiskFailure(sqlite3.OperationalError):
    """What SQLite raises where the disk is full or broken."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.sqlite_errorcode = code


class Observer(Protocol):
    """Looks at a store from outside."""

    def passing(self, raw: sqlite3.Connection) -> None:
        """A transaction of a batch has changed something, and is not committed yet."""

    def undone(self) -> None:
        """Nothing of the batch is committed."""

    def committed(self, raw: sqlite3.Connection) -> None:
        """The batch is durable."""


@dataclass(kw_only=True, eq=False)
class Disk:
    """The disk of one center. ``image`` is its store, as SQLite keeps it; ``backups`` are older
    ones. While it ``is_full`` commits fail and leave nothing; while it ``is_broken`` they fail, and
    what they wrote may come back with a crash (``ghost``).

    ``observer`` is told of what commits.
    """

    image: bytes = field(repr=False)
    is_full: bool = False
    is_broken: bool = False
    ghost: bytes | None = field(default=None, repr=False)
    commits: int = 0
    backups: list[bytes] = field(default_factory=list, repr=False)
    observer: Observer | None = None

    def crash(self, *, ghost_returns: bool) -> None:
        """The process that had the store open is gone."""
        if self.ghost is not None and ghost_returns:
            self.image = self.ghost
        self.ghost = None

    def back_up(self) -> None:
        """Keep a copy."""
        self.backups = [*self.backups[-MOST_BACKUPS + 1 :], self.image]


class SimulatedStore(SQLiteDatabase):
    """A store on a ``Disk``, opened by a process on ``machine``.

    In the weather of the network the process may die right before or right after a commit.
    """

    def __init__(self, disk: Disk, machine: Machine, key: bytes) -> None:
        raw = open_image(disk.image)
        super().__init__(raw, None, key)
        self.raw = raw
        self._disk = disk
        self._machine = machine
        self._changes_seen = self._changes_passed = self.changes

    def commit(self) -> None:
        disk, machine = self._disk, self._machine
        if not machine.is_alive:
            super().commit()
            return
        network = machine.network
        has_written = self._has_changed()
        if has_written and disk.is_full:
            raise DiskFailure(sqlite3.SQLITE_FULL, "database or disk is full")
        if has_written and network.dice.random() < network.weather.dies_before_commit:
            machine.kill()
            super().commit()
            return
        if has_written and disk.is_broken:
            self._fail_midway()
        super().commit()
        self._changes_seen = self.changes
        if not has_written:
            return
        disk.image = self.raw.serialize()
        disk.ghost = None
        disk.commits += 1
        machine.timeline.note("committed", machine.name, disk.commits)
        if disk.observer is not None:
            disk.observer.committed(self.raw)
        if network.dice.random() < network.weather.dies_after_commit:
            machine.kill()

    def _has_changed(self) -> bool:
        return self.changes != self._changes_seen

    def set_savepoint(self) -> None:
        # another transaction follows in this batch, and sees what those before it have changed
        if self.changes not in (self._changes_passed, self._changes_seen):
            self._changes_passed = self.changes
            if self._machine.is_alive and self._disk.observer is not None:
                self._disk.observer.passing(self.raw)
        super().set_savepoint()

    def rollback(self) -> None:
        super().rollback()
        self._forget_batch()

    def _forget_batch(self) -> None:
        self._changes_seen = self.changes
        if self._disk.observer is not None:
            self._disk.observer.undone()

    def _fail_midway(self) -> None:
        """The write failed under the commit: whether it is on the disk shows after a crash."""
        before = self._disk.image
        super().commit()
        self._disk.ghost = self.raw.serialize()
        undone = open_image(before)
        undone.backup(self.raw)  # deserializing into a connection that is in use crashes SQLite
        undone.close()
        self._forget_batch()
        raise DiskFailure(sqlite3.SQLITE_IOERR, "disk I/O error")


def open_image(image: bytes) -> sqlite3.Connection:
    """A connection to a store of its own that begins as ``image``."""
    raw = sqlite3.connect(
        ":memory:", isolation_level=None, check_same_thread=False, cached_statements=512
    )
    raw.deserialize(image)
    raw.execute("PRAGMA foreign_keys=ON")
    return raw
