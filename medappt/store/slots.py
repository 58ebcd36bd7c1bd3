"""Slots of this center's city: rows, room, and the closest ones (R1, R7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, bindparam, func, insert, or_, select, update

from medappt.model.ids import SlotName, parse_appointment_id
from medappt.model.records import Contact, Cursor, Listing
from medappt.store import schema
from medappt.store.connection import Connection, Statement
from medappt.store.here import Here
from medappt.store.instants import from_seconds, to_seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotRow:
    """A slot of this city, ``start`` in UTC. ``removal`` is the order of its removal, ``None``
    while it is open. ``free`` are the places that nobody holds or has."""

    key: int
    name: SlotName
    start: datetime
    contact: Contact
    capacity: int
    removal: int | None
    free: int


_slots = schema.slots
_taken = (
    select(func.count())
    .where(schema.places.c.slot == _slots.c.key, schema.places.c.number.is_not(None))
    .scalar_subquery()
)
_free = _slots.c.capacity - _taken
_row = (
    *_slots.c["key", "code", "type", "start", "doctor", "host", "port", "capacity", "removal"],
    _free,
)
_is_open = _slots.c.removal.is_(None)
_has_not_begun = _slots.c.start > bindparam("now")
_is_of_type = _slots.c.type == bindparam("type")

_FIND = Statement(select(*_row).where(_slots.c.key == bindparam("slot")))
_FIND_OPEN = Statement(
    select(*_row).where(_slots.c.code == bindparam("code"), _is_of_type, _is_open)
)
_ADD = Statement(
    insert(_slots).values(
        {
            name: bindparam(name)
            for name in ("code", "type", "start", "capacity", "doctor", "host", "port")
        }
    )
)
_LAST_REMOVAL = Statement(select(func.max(_slots.c.removal)))
_CLOSE = Statement(
    update(_slots).where(_slots.c.key == bindparam("slot")).values(removal=bindparam("order"))
)
_distance = func.abs(_slots.c.start - bindparam("around", type_=Integer))
_CLOSEST = Statement(
    select(*_row)
    .where(
        _is_of_type,
        _is_open,
        _has_not_begun,
        _slots.c.start.between(bindparam("first"), bindparam("last")),
        _free > 0,
    )
    .order_by(_distance, _slots.c.start.desc(), _slots.c.code)
)
_TYPES_WITH_ROOM = Statement(
    select(_slots.c.type).where(_is_open, _has_not_begun, _free > 0).distinct()
)
_LIST = Statement(
    select(*_row)
    .where(_is_of_type, _is_open, _has_not_begun)
    .where(
        or_(
            _slots.c.start > bindparam("after_start"),
            (_slots.c.start == bindparam("after_start"))
            & (_slots.c.code > bindparam("after_code")),
        )
    )
    .order_by(_slots.c.start, _slots.c.code)
    .limit(bindparam("most", type_=Integer))
)


def _to_slot(row: tuple[Any, ...]) -> SlotRow:
    key, code, type_, start, doctor, host, port, capacity, removal, free = row
    return SlotRow(
        key=key,
        name=to_name(code, type_),
        start=from_seconds(start),
        contact=Contact(name=doctor, host=host, port=port),
        capacity=capacity,
        removal=removal,
        free=free,
    )


def to_name(code: str, type_: str) -> SlotName:
    """The name of a slot on record."""
    parsed = parse_appointment_id(code)
    assert parsed is not None, "only IDs are written"
    return SlotName(code=parsed, type=type_)


def slot_of_key(connection: Connection, key: int) -> SlotRow:
    """The slot of a key on record, open or not."""
    [row] = connection.rows(_FIND, slot=key)
    return _to_slot(row)


def find_open(connection: Connection, name: SlotName) -> SlotRow | None:
    """The open slot of this name, begun or not."""
    for row in connection.rows(_FIND_OPEN, code=str(name.code), type=name.type):
        return _to_slot(row)
    return None


def insert_slot(
    connection: Connection, name: SlotName, start: datetime, capacity: int, contact: Contact
) -> None:
    """Open a slot. No other of this name may be open."""
    connection.change(
        _ADD,
        code=str(name.code),
        type=name.type,
        start=to_seconds(start),
        capacity=capacity,
        doctor=contact.name,
        host=contact.host,
        port=contact.port,
    )


def close_slot(connection: Connection, key: int) -> None:
    """Close a slot, behind all that were closed before."""
    [(last,)] = connection.rows(_LAST_REMOVAL)
    connection.change(_CLOSE, slot=key, order=(last or 0) + 1)


def closest_slots(connection: Connection, here: Here, type_: str, start: datetime) -> list[SlotRow]:
    """The slots of a type that a patient of one at ``start`` could be moved to, in the order of
    R7: open, not begun, within reach, with room left; closest first, of two the later, then by
    ID."""
    rows = connection.rows(
        _CLOSEST,
        type=type_,
        now=to_seconds(here.now),
        around=to_seconds(start),
        first=to_seconds(start - here.reach),
        last=to_seconds(start + here.reach),
    )
    return [_to_slot(row) for row in rows]


def types_with_room(connection: Connection, now: datetime) -> set[str]:
    """The types of which there is a place left in an open slot that has not begun."""
    return {type_ for (type_,) in connection.rows(_TYPES_WITH_ROOM, now=to_seconds(now))}


def list_slots(
    connection: Connection, type_: str, now: datetime, *, after: Cursor | None, most: int
) -> list[Listing]:
    """The open slots of a type that have not begun at ``now``, by start, then ID: at most
    ``most``, those behind ``after``. Full ones are among them."""
    rows = connection.rows(
        _LIST,
        type=type_,
        now=to_seconds(now),
        after_start=-1 if after is None else to_seconds(after.start),
        after_code="" if after is None else after.code,
        most=most,
    )
    slots = [_to_slot(row) for row in rows]
    return [Listing(name=slot.name, start=slot.start, free=slot.free) for slot in slots]
