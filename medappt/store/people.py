"""Transactions on users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from medappt.model.audit import AuditVerb, Deed
from medappt.model.identity import Role
from medappt.model.origins import CENTER, IMPORT, Origin
from medappt.store import schema
from medappt.store.audit import note_effect
from medappt.store.connection import Connection, Statement
from medappt.store.imports import ImportCount


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A user on record. Who is not listed has left the file and cannot log in."""

    name: str
    role: Role
    password_hash: str = field(repr=False)
    is_listed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonEntry:
    """A line of the file; ``digest`` tells whether it is the line that was imported before."""

    name: str
    role: Role
    digest: bytes = field(repr=False)


_table = schema.people
_FIND = Statement(
    select(*_table.c["role", "password_hash", "is_listed"]).where(
        _table.c.name == bindparam("name")
    )
)
_ALL = Statement(select(*_table.c["name", "role", "digest", "is_listed"]))
_ADD = Statement(
    insert(_table).values(
        name=bindparam("name"),
        role=bindparam("role"),
        password_hash=bindparam("password_hash"),
        digest=bindparam("digest"),
        is_listed=bindparam("is_listed"),
    )
)
_by_name = update(_table).where(_table.c.name == bindparam("whose"))
_CHANGE = Statement(
    _by_name.values(
        role=bindparam("new_role"),
        password_hash=bindparam("new_hash"),
        digest=bindparam("new_digest"),
        is_listed=bindparam("listed"),
    )
)
_HASHES = Statement(select(_table.c.password_hash).where(_table.c.is_listed == bindparam("listed")))
_RELIST = Statement(_by_name.values(role=bindparam("new_role"), is_listed=bindparam("listed")))
_UNLIST = Statement(_by_name.values(is_listed=bindparam("listed")))
_REPLACE_HASH = Statement(
    _by_name.where(_table.c.password_hash == bindparam("old_hash")).values(
        password_hash=bindparam("new_hash")
    )
)


@dataclass(frozen=True, slots=True)
class _Known:
    role: Role
    digest: str
    is_listed: bool


def _known(connection: Connection) -> dict[str, _Known]:
    return {
        name: _Known(Role(role), digest, bool(is_listed))
        for name, role, digest, is_listed in connection.rows(_ALL)
    }


def find_person(connection: Connection, name: str) -> Person | None:
    """The user of this name, listed or not."""
    for role, password_hash, is_listed in connection.rows(_FIND, name=name):
        return Person(
            name=name, role=Role(role), password_hash=password_hash, is_listed=bool(is_listed)
        )
    return None


def password_hashes(connection: Connection) -> list[str]:
    """The hashes of all who can log in."""
    return [password_hash for (password_hash,) in connection.rows(_HASHES, listed=True)]


def names_to_hash(connection: Connection, entries: Sequence[PersonEntry]) -> list[str]:
    """Whose password ``import_people`` needs a hash of: those whose line is not on record, in the
    order of the file. Hashing is slow, so it is done between the two and only for these."""
    known = _known(connection)
    return [
        entry.name
        for entry in entries
        if entry.name not in known or known[entry.name].digest != entry.digest.hex()
    ]


def import_people(
    connection: Connection,
    entries: Sequence[PersonEntry],
    hashes: Mapping[str, str],
    now: datetime,
) -> ImportCount:
    """Make the users of the file those who can log in.

    Who is not in it any more is unlisted, not deleted; who comes back counts as added. ``hashes``
    has a password hash for each of ``names_to_hash``; ``KeyError`` where it has not.
    """
    known = _known(connection)
    added = changed = unchanged = 0
    for entry in entries:
        before = known.pop(entry.name, None)
        digest = entry.digest.hex()
        if before is None:
            connection.change(
                _ADD,
                name=entry.name,
                role=entry.role.value,
                password_hash=hashes[entry.name],
                digest=digest,
                is_listed=True,
            )
            _note(connection, now, AuditVerb.ADD_USER, entry.name, IMPORT)
            added += 1
            continue
        if before == _Known(entry.role, digest, is_listed=True):
            unchanged += 1
            continue
        if before.digest == digest:
            connection.change(_RELIST, whose=entry.name, new_role=entry.role.value, listed=True)
        else:
            connection.change(
                _CHANGE,
                whose=entry.name,
                new_role=entry.role.value,
                new_hash=hashes[entry.name],
                new_digest=digest,
                listed=True,
            )
        if before.is_listed:
            _note(connection, now, AuditVerb.CHANGE_USER, entry.name, IMPORT)
            changed += 1
        else:
            _note(connection, now, AuditVerb.ADD_USER, entry.name, IMPORT)
            added += 1
    gone = [name for name, before in known.items() if before.is_listed]
    for name in gone:
        connection.change(_UNLIST, whose=name, listed=False)
        _note(connection, now, AuditVerb.REMOVE_USER, name, IMPORT)
    return ImportCount(added=added, changed=changed, removed=len(gone), unchanged=unchanged)


def _note(
    connection: Connection, now: datetime, verb: AuditVerb, name: str, origin: Origin
) -> None:
    note_effect(connection, now, Deed(origin=origin, verb=verb, object=name))


def replace_hash(connection: Connection, name: str, old: str, new: str, now: datetime) -> bool:
    """Put a newer hash of the same password in the place of ``old``, unless that is no longer the
    one on record; whether it was."""
    is_replaced = connection.change(_REPLACE_HASH, whose=name, old_hash=old, new_hash=new) == 1
    if is_replaced:
        _note(connection, now, AuditVerb.REHASH, name, CENTER)
    return is_replaced
