"""Reading a record beside the center it belongs to: the store itself if it is free, else a copy."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from medappt.store.connection import Connection
from medappt.store.failures import StoreInUse, StoreUnavailable
from medappt.store.opening import unavailable
from medappt.store.sqlite import DIALECT, Location, SQLiteDatabase, check_revision


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """What can be read, and from which file; ``is_copy`` if others may have changed the record
    since."""

    connection: Connection
    path: Path
    is_copy: bool


@contextmanager
def reading(location: Location) -> Iterator[Source]:
    """The record of a store in a file, to be read only, and closed behind the block.

    While another process has the store it is the copy that its center wrote last
    (``STORE.backup``). Raises ``StoreInUse`` where there is none, and ``StoreUnavailable``.
    """
    path = location.path
    if path is None:
        raise StoreUnavailable("a store in memory is gone with its process")
    try:
        database = SQLiteDatabase.open(location)
    except StoreInUse as error:
        copy = path.with_name(f"{path.name}.backup")
        if not copy.exists():
            raise StoreInUse(
                f"{error}, and there is no copy {copy}: SIGUSR1 has its center write one"
            ) from None
        with closing(_open_copy(copy)) as raw:
            yield Source(connection=Connection(raw, DIALECT), path=copy, is_copy=True)
        return
    with closing(database):
        yield Source(connection=database.connection, path=path, is_copy=False)


def _open_copy(path: Path) -> sqlite3.Connection:
    location = Location(path=path)
    try:
        raw = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)
    except sqlite3.Error as error:
        raise unavailable(location.description, error) from error
    try:
        check_revision(raw, location)
    except sqlite3.Error as error:
        raw.close()
        raise unavailable(location.description, error) from error
    except BaseException:
        raw.close()
        raise
    return raw
