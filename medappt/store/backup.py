"""A consistent copy of a running SQLite database."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from medappt.store.disk import create_private, sync_directory, sync_file

_COMPANIONS = ("", "-journal", "-wal", "-shm")
_FORGET_RUN = "DELETE FROM boots WHERE number = (SELECT max(number) FROM boots)"


def write_backup(raw: sqlite3.Connection, target: Path) -> None:
    """Copy ``raw``, which is in no transaction, to ``target``: whole under its name, or not at
    all. Raises ``OSError`` or ``sqlite3.Error``; what was there before is then still there."""
    temporary = target.with_name(f"{target.name}.part")
    _remove(temporary)  # of a copy that a crash interrupted
    try:
        os.close(create_private(temporary))
        _copy(raw, temporary)
        sync_file(temporary)
        os.replace(temporary, target)
        sync_directory(target.parent)
    finally:
        _remove(temporary)


def _copy(raw: sqlite3.Connection, path: Path) -> None:
    copy = sqlite3.connect(path, isolation_level=None)
    try:
        copy.execute("PRAGMA locking_mode=EXCLUSIVE")
        copy.execute("PRAGMA synchronous=OFF")  # it is synced once, whole
        raw.backup(copy)
        # A center restored from this takes the number of the run it was copied in once more, and
        # its peers notice; the number behind it would hide that it has forgotten the rest.
        copy.execute(_FORGET_RUN)
        # One file that can be opened from a directory nobody may write.
        copy.execute("PRAGMA journal_mode=DELETE")
    finally:
        copy.close()


def _remove(path: Path) -> None:
    for companion in _COMPANIONS:
        path.with_name(path.name + companion).unlink(missing_ok=True)
