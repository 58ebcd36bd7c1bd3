"""Transactions on weekly openings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from medappt.model.audit import AuditVerb, Deed
from medappt.model.calendar import WeeklyTime
from medappt.model.origins import IMPORT
from medappt.model.slots import Opening
from medappt.store import schema
from medappt.store.audit import note_effect
from medappt.store.connection import Connection, Statement
from medappt.store.imports import ImportCount

_table = schema.openings
_values: dict[str, Any] = {
    "weekday": bindparam("new_weekday"),
    "hour": bindparam("new_hour"),
    "doctor": bindparam("new_doctor"),
    "port": bindparam("new_port"),
}
_is_it = _table.c.idx == bindparam("index")
_ALL = Statement(
    select(*_table.c["idx", "weekday", "hour", "doctor", "port"]).order_by(_table.c.idx)
)
_ADD = Statement(insert(_table).values(idx=bindparam("index"), **_values))
_CHANGE = Statement(update(_table).where(_is_it).values(**_values))
_REMOVE = Statement(delete(_table).where(_is_it))


def import_openings(
    connection: Connection, openings: Sequence[Opening], now: datetime
) -> ImportCount:
    """Make ``openings`` the lines of this center. Appointments stay as they are booked."""
    known = {opening.index: opening for opening in current_openings(connection)}
    added = changed = unchanged = 0
    for opening in openings:
        before = known.pop(opening.index, None)
        if before == opening:
            unchanged += 1
            continue
        connection.change(
            _ADD if before is None else _CHANGE,
            index=opening.index,
            new_weekday=opening.time.weekday,
            new_hour=opening.time.hour,
            new_doctor=opening.doctor,
            new_port=opening.port,
        )
        if before is None:
            _note(connection, now, AuditVerb.ADD_OPENING, opening.index)
            added += 1
        else:
            _note(connection, now, AuditVerb.CHANGE_OPENING, opening.index)
            changed += 1
    for index in known:
        connection.change(_REMOVE, index=index)
        _note(connection, now, AuditVerb.REMOVE_OPENING, index)
    return ImportCount(added=added, changed=changed, removed=len(known), unchanged=unchanged)


def _note(connection: Connection, now: datetime, verb: AuditVerb, index: int) -> None:
    note_effect(connection, now, Deed(origin=IMPORT, verb=verb, object=str(index)))


def current_openings(connection: Connection) -> list[Opening]:
    """The lines of this center, by index."""
    return [
        Opening(index=index, time=WeeklyTime(weekday=weekday, hour=hour), doctor=doctor, port=port)
        for index, weekday, hour, doctor, port in connection.rows(_ALL)
    ]
