"""Reading a record beside the center it belongs to: the store itself if it is free, else a copy."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from medappt.store.connection import Connection
from medappt.store.failures import StoreInUse, StoreUnavailable
from medappt.store.location import Location
from medappt.store.opening import check_library, connect, unavailable
from medappt.store.sqlite import DIALECT, check_revision
from medappt.store.trail import Trail


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
    (``STORE.backup``). Raises ``StoreInUse`` where there is none, and ``StoreUnavailable``, also
    for what cannot be read inside the block.
    """
    check_library()
    path = location.path
    if path is None:
        raise StoreUnavailable("a store in memory is gone with its process")
    try:
        raw = _open(path)
    except StoreInUse as error:
        copy = path.with_name(f"{path.name}.backup")
        if not copy.exists():
            raise StoreInUse(
                f"{error}, and there is no copy {copy}: SIGUSR1 has its center write one"
            ) from None
        raw, path, is_copy = _open(copy, is_copy=True), copy, True
    else:
        is_copy = False
    with closing(raw):
        # what somebody wrote into the file need not be text, and is to be shown all the same
        raw.text_factory = _to_text
        try:
            yield Source(
                connection=Connection(raw, DIALECT, Trail(b"")), path=path, is_copy=is_copy
            )
        except sqlite3.Error as error:
            raise unavailable(str(path), error) from error


def _open(path: Path, *, is_copy: bool = False) -> sqlite3.Connection:
    location = Location(path=path)
    try:
        raw = (
            sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)
            if is_copy
            else connect(path)
        )
        try:
            # the store is held as its center would: none can be started meanwhile
            raw.execute("BEGIN" if is_copy else "BEGIN IMMEDIATE")
            check_revision(raw, location)
        except BaseException:
            raw.close()
            raise
    except sqlite3.Error as error:
        raise unavailable(location.description, error) from error
    return raw


def _to_text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
