"""SQLite as the writer's database."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from medappt.store import schema
from medappt.store.backup import write_backup
from medappt.store.connection import Connection
from medappt.store.database import Checkpoint
from medappt.store.failures import StoreFailed, StoreUnavailable
from medappt.store.location import Location, parse_location
from medappt.store.migrate import memory_image
from medappt.store.opening import (
    FOREIGN,
    NEWER,
    check_library,
    connect,
    primary_code,
    unavailable,
)
from medappt.store.trail import Trail

__all__ = ["DIALECT", "Location", "SQLiteDatabase", "StoreUnavailable", "parse_location"]

DIALECT = SQLiteDialect_pysqlite(paramstyle="named")

CHECKPOINT_WHEN_IDLE = 1 << 20
"""Bytes of log worth moving when nobody waits: a few hundred bookings."""

CHECKPOINT_NOW = 64 << 20
"""Bytes of log that are moved even while somebody waits: reading slows down with the log, and
after a crash all of it is read."""

_BREAKS = frozenset(
    (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    )
)


class SQLiteDatabase:
    """A store in a file or in memory; ``open`` makes one. Implements ``Database``.

    It may be opened in one thread and then used in another, by one at a time; not across a fork.
    """

    def __init__(self, raw: sqlite3.Connection, path: Path | None, key: bytes) -> None:
        self._raw = raw
        self._path = path
        self._log = None if path is None else path.with_name(f"{path.name}-wal")
        self._connection = Connection(raw, DIALECT, Trail(key))

    @classmethod
    def open(cls, location: Location, key: bytes) -> SQLiteDatabase:
        """Open a store that ``migrate`` has prepared; one in memory is empty and needs nothing.
        ``key`` is the store's (``keys.store_key``): it chains the audit.

        The file is this database's alone until ``close``, from now on. Raises
        ``StoreUnavailable``.
        """
        check_library()
        path = location.path
        if path is None:
            return cls(_open_memory(), None, key)
        try:
            raw = connect(path)
        except sqlite3.Error as error:
            raise unavailable(location.description, error) from error
        try:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=0"):
                raw.execute(f"PRAGMA {pragma}")
            raw.execute("BEGIN IMMEDIATE")  # take the lock: who comes second learns it at once
            raw.execute("COMMIT")
            check_revision(raw, location)
        except sqlite3.Error as error:
            raw.close()
            raise unavailable(location.description, error) from error
        except BaseException:
            raw.close()
            raise
        return cls(raw, path, key)

    @property
    def connection(self) -> Connection:
        return self._connection

    @property
    def in_transaction(self) -> bool:
        return self._raw.in_transaction

    @property
    def changes(self) -> int:
        return self._raw.total_changes

    def begin(self) -> None:
        self._raw.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self._raw.execute("COMMIT")

    def rollback(self) -> None:
        self._raw.execute("ROLLBACK")

    def set_savepoint(self) -> None:
        self._raw.execute("SAVEPOINT one")

    def release_savepoint(self) -> None:
        self._raw.execute("RELEASE one")

    def undo_savepoint(self) -> None:
        self._raw.execute("ROLLBACK TO one")
        self._raw.execute("RELEASE one")

    def is_broken_by(self, error: Exception) -> bool:
        return not self.in_transaction or primary_code(error) in _BREAKS

    def checkpoint_due(self) -> Checkpoint:
        if self._log is None:
            return Checkpoint.NOT_DUE
        try:
            size = self._log.stat().st_size
        except FileNotFoundError:  # nothing was committed yet
            return Checkpoint.NOT_DUE
        if size > CHECKPOINT_NOW:
            return Checkpoint.NOW
        return Checkpoint.WHEN_IDLE if size > CHECKPOINT_WHEN_IDLE else Checkpoint.NOT_DUE

    def checkpoint(self) -> None:
        self._raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def backup(self) -> Path | None:
        if self._path is None:
            return None
        target = self._path.with_name(f"{self._path.name}.backup")
        try:
            write_backup(self._raw, target)
        except (OSError, sqlite3.Error) as error:
            raise StoreFailed(f"the copy {target} cannot be written: {error}") from error
        return target

    def close(self) -> None:
        self._raw.close()


def _open_memory() -> sqlite3.Connection:
    raw = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    image = sqlite3.connect(":memory:")
    image.deserialize(memory_image())
    image.backup(raw)  # a database that was deserialized itself cannot grow without bound
    image.close()
    raw.execute("PRAGMA foreign_keys=ON")
    return raw


def check_revision(raw: sqlite3.Connection, location: Location) -> None:
    """Raise ``StoreUnavailable`` unless a store has the newest revision."""
    tables = raw.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'")
    if not tables.fetchall():
        raise unavailable(location.description, FOREIGN)
    revisions = [revision for (revision,) in raw.execute("SELECT version_num FROM alembic_version")]
    if revisions != [schema.REVISION]:
        reason = NEWER.format(revision=", ".join(revisions) or "none")
        raise unavailable(location.description, reason)
