"""From the data files into the store, before the center opens (section 6)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from twisted.logger import Logger

from medappt.center.passwords import Hasher, is_argon2_hash
from medappt.model.slots import Opening
from medappt.store import openings, people
from medappt.store.connection import Connection
from medappt.store.imports import ImportCount
from medappt.store.keys import line_digest
from medappt.store.people import PersonEntry
from medappt.wire import words
from medappt.wire.datafiles import BrokenFile, UserRow


@dataclass(frozen=True, kw_only=True, slots=True)
class CenterData:
    """What the files of a center say."""

    users: tuple[UserRow, ...] = ()
    openings: tuple[Opening, ...] = ()


def check_hashes(users: Sequence[UserRow], file: str) -> None:
    """Raise ``BrokenFile`` for a hash in a users file that no password could be compared with."""
    for row in users:
        if row.is_hashed and not is_argon2_hash(row.secret):
            raise BrokenFile(file, row.line, "expected a hash as `medappt passwd` prints it")


class Import:
    """Brings the store up to date with the files, in two transactions with the hashing between.

    Only lines that are new or have changed are hashed: each is remembered by a keyed digest.
    Importing the same files again changes nothing. A user whose line is gone can no longer log
    in; what patients have reserved stands.
    """

    _log = Logger()

    def __init__(self, data: CenterData, key: bytes, hasher: Hasher) -> None:
        self._data = data
        self._hasher = hasher
        self._entries = [
            PersonEntry(
                name=row.name,
                role=row.role,
                digest=line_digest(key, row.name, row.secret, row.role.value),
            )
            for row in data.users
        ]

    def names_to_hash(self, connection: Connection) -> list[str]:
        """First transaction: the users whose lines are new or have changed."""
        return people.names_to_hash(connection, self._entries)

    def hash(self, names: Sequence[str]) -> Mapping[str, str]:
        """Their hashes, on all processors: one costs as much as a thousand bookings."""
        wanted = set(names)
        rows = [row for row in self._data.users if row.name in wanted]
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            hashes = pool.map(self._hash, rows)
            return {row.name: each for row, each in zip(rows, hashes, strict=True)}

    def _hash(self, row: UserRow) -> str:
        return row.secret if row.is_hashed else self._hasher.hash(words.encode(row.secret))

    def apply(self, connection: Connection, hashes: Mapping[str, str], now: datetime) -> None:
        """Second transaction: users and openings are as the files say, from ``now`` (aware)."""
        self._tell("users", people.import_people(connection, self._entries, hashes, now))
        self._tell("openings", openings.import_openings(connection, self._data.openings, now))

    def _tell(self, what: str, count: ImportCount) -> None:
        if count.added or count.changed or count.removed:
            self._log.debug(
                "Imported {what}: {count.added} added, {count.changed} changed,"
                " {count.removed} removed.",
                what=what,
                count=count,
            )
