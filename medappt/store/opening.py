"""Opening a file with SQLite, and what to say where that fails."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from medappt.store.failures import StoreInUse, StoreUnavailable

OLDEST_SQLITE = (3, 35, 0)
"""The first with RETURNING."""

_REASONS = {
    sqlite3.SQLITE_NOTADB: "is no database",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened",
    sqlite3.SQLITE_READONLY: "cannot be written",
    sqlite3.SQLITE_PERM: "cannot be written",
    sqlite3.SQLITE_FULL: "cannot be written: the disk is full",
    sqlite3.SQLITE_CORRUPT: "is damaged",
}
_IN_USE = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_PRIMARY = 0xFF  # an extended error code holds the primary one in its low byte

FOREIGN = "is a database of another program"
NEWER = "has revision {revision}, which this program does not know: it is newer, or another's"


def primary_code(error: BaseException) -> int | None:
    """SQLite's own code of an error, without its refinements."""
    code = getattr(error, "sqlite_errorcode", None)
    return code & _PRIMARY if isinstance(code, int) else None


def unavailable(description: str, reason: object) -> StoreUnavailable:
    """The refusal for a store: ``reason`` is a predicate, or the exception that was raised."""
    if isinstance(reason, OSError):
        reason = f"cannot be opened: {reason.strerror or reason}"
    elif isinstance(reason, sqlite3.Error):
        if primary_code(reason) in _IN_USE:
            return StoreInUse(f"the store {description} is in use by another process")
        reason = _REASONS.get(primary_code(reason) or 0, f"cannot be used: {reason}")
    return StoreUnavailable(f"the store {description} {reason}")


def check_library(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> None:
    """Raise ``StoreUnavailable`` where Python was built with an SQLite that is too old."""
    if version < OLDEST_SQLITE:
        have, need = (".".join(map(str, each)) for each in (version, OLDEST_SQLITE))
        raise StoreUnavailable(f"the store needs SQLite {need} or newer, and this is {have}")


def connect(path: Path) -> sqlite3.Connection:
    """A connection to a file that exists, alone with it and without SQLite's own transactions.

    The thread that opens it need not be the one that uses it. Raises ``sqlite3.Error``.
    """
    raw = sqlite3.connect(
        f"{path.as_uri()}?mode=rw",  # or it would make what is not there, for all to read
        uri=True,
        timeout=0,
        isolation_level=None,
        check_same_thread=False,
    )
    # Before anything touches the file: the lock is then kept, and the index of the log is in this
    # process alone. Two connections to one log can corrupt it (SQLite before 3.51.3).
    raw.execute("PRAGMA locking_mode=EXCLUSIVE")
    raw.execute("PRAGMA foreign_keys=ON")
    return raw
