"""Home: the records of this city's patients, in whatever city their appointments are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, literal_column, select, update

from medappt.model.records import Contact, Record, RecordState
from medappt.store import schema
from medappt.store.connection import Connection, Statement
from medappt.store.instants import from_seconds, to_seconds
from medappt.store.slots import to_name

_records = schema.records
_FIELDS = (
    "id",
    "root",
    "patient",
    "code",
    "type",
    "state",
    "start",
    "doctor",
    "host",
    "port",
    "waits_until",
)
_row = tuple(_records.c[name] for name in _FIELDS)
_is_it = _records.c.id == bindparam("record")

_FIND = Statement(select(*_row).where(_is_it))
_OF_PATIENT = Statement(
    select(*_row).where(_records.c.patient == bindparam("patient")).order_by(_records.c.ordinal)
)
_PENDING = Statement(
    select(*_row)
    .where(_records.c.state == literal_column("'PENDING'"))
    .order_by(_records.c.ordinal)
)
_EXPIRED = Statement(
    select(*_row)
    .where(_records.c.state == literal_column("'WAITLISTED'"))
    .where(_records.c.waits_until <= bindparam("now"))
    .order_by(_records.c.waits_until, _records.c.ordinal)
)
_ADD = Statement(insert(_records).values({name: bindparam(name) for name in ("owner", *_FIELDS)}))
_ACTIVATE = Statement(
    update(_records)
    .where(_is_it)
    .values(
        root=bindparam("new_root"),
        start=bindparam("new_start"),
        doctor=bindparam("new_doctor"),
        host=bindparam("new_host"),
        port=bindparam("new_port"),
        state=RecordState.ACTIVE.value,
    )
)
_WAITLIST = Statement(
    update(_records)
    .where(_is_it)
    .values(state=RecordState.WAITLISTED.value, waits_until=bindparam("until"))
)
_DELETE = Statement(delete(_records).where(_is_it))


def _to_record(row: tuple[Any, ...]) -> Record:
    id_, root, patient, code, type_, state, start, doctor, host, port, waits_until = row
    return Record(
        id=id_,
        root=root,
        patient=patient,
        name=to_name(code, type_),
        state=RecordState(state),
        start=None if start is None else from_seconds(start),
        contact=Contact(name=doctor, host=host, port=port),
        waits_until=None if waits_until is None else from_seconds(waits_until),
    )


def find_record(connection: Connection, id_: str) -> Record | None:
    """The record of this id."""
    for row in connection.rows(_FIND, record=id_):
        return _to_record(row)
    return None


def records_of(connection: Connection, patient: str) -> list[Record]:
    """All a patient has, PENDING and past ones among them, in the order they were made."""
    return [_to_record(row) for row in connection.rows(_OF_PATIENT, patient=patient)]


def pending_records(connection: Connection) -> list[Record]:
    """Those whose home, this one, has not decided."""
    return [_to_record(row) for row in connection.rows(_PENDING)]


def expired_records(connection: Connection, now: datetime) -> list[Record]:
    """Those that have waited long enough at ``now``."""
    return [_to_record(row) for row in connection.rows(_EXPIRED, now=to_seconds(now))]


def insert_record(connection: Connection, record: Record) -> None:
    """Put a new record down."""
    connection.change(
        _ADD,
        id=record.id,
        root=record.root,
        patient=record.patient,
        owner=record.name.city,
        code=str(record.name.code),
        type=record.name.type,
        state=record.state.value,
        start=None if record.start is None else to_seconds(record.start),
        doctor=record.contact.name,
        host=record.contact.host,
        port=record.contact.port,
        waits_until=None if record.waits_until is None else to_seconds(record.waits_until),
    )


def activate_record(
    connection: Connection, id_: str, root: str, start: datetime, contact: Contact
) -> None:
    """PENDING becomes ACTIVE, under ``root``."""
    connection.change(
        _ACTIVATE,
        record=id_,
        new_root=root,
        new_start=to_seconds(start),
        new_doctor=contact.name,
        new_host=contact.host,
        new_port=contact.port,
    )


def waitlist_record(connection: Connection, id_: str, until: datetime) -> None:
    """ACTIVE becomes WAITLISTED until an instant."""
    connection.change(_WAITLIST, record=id_, until=to_seconds(until))


def delete_record(connection: Connection, id_: str) -> None:
    """The record is gone."""
    connection.change(_DELETE, record=id_)
