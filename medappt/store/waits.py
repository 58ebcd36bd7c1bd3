"""Owner: who waits for a place since their slot was removed (R7). OVER is final."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TypeAlias

from sqlalchemy import (
    Integer,
    bindparam,
    insert,
    literal,
    literal_column,
    or_,
    select,
    update,
)

from medappt.store import schema
from medappt.store.connection import Connection, Statement
from medappt.store.instants import from_seconds

Order: TypeAlias = tuple[int, int]
"""The order of a removal, and within it of booking."""

FIRST: Order = (0, 0)
"""Comes before all."""

ALL = 2**31 - 1
"""More than there ever are."""


class WaitState(Enum):
    """How a patient's waiting stands. It only moves forward."""

    WAITING = "WAITING"
    OVER = "OVER"


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiter:
    """A patient who waits for a slot of ``type`` near ``start`` (UTC), the removed one. ``order``
    is when that was removed, and when it had been booked."""

    id: str
    home: str
    patient: str
    type: str
    start: datetime
    order: Order


_waits = schema.waits
_places = schema.places
_slots = schema.slots
_is_it = _waits.c.id == bindparam("wait")

_STATE = Statement(select(_waits.c.state).where(_is_it))
_WAITING = Statement(
    select(*_waits.c["id", "home", "patient", "type", "start", "removal", "booking"])
    .where(_waits.c.state == literal_column("'WAITING'"), _waits.c.home == bindparam("home"))
    .where(_waits.c.removal >= bindparam("removal"))
    .where(
        or_(
            _waits.c.removal > bindparam("removal"),
            _waits.c.booking > bindparam("booking"),
        )
    )
    .order_by(_waits.c.removal, _waits.c.booking)
    .limit(bindparam("most", type_=Integer))
)
_FIELDS = ("id", "home", "patient", "type", "start", "removal", "booking", "state")
_START = Statement(
    insert(_waits).from_select(
        _FIELDS,
        select(
            _places.c.id,
            _places.c.home,
            _places.c.patient,
            _slots.c.type,
            _slots.c.start,
            _slots.c.removal,
            _places.c.ordinal,
            literal(WaitState.WAITING.value),
        )
        .select_from(_places.join(_slots, _places.c.slot == _slots.c.key))
        .where(_places.c.id == bindparam("wait"), _slots.c.removal.is_not(None)),
    )
)
_END = Statement(update(_waits).where(_is_it).values(state=WaitState.OVER.value))
_ADD_TOMBSTONE = Statement(
    insert(_waits).values(id=bindparam("id"), home=bindparam("home"), state=WaitState.OVER.value)
)


def wait_state(connection: Connection, id_: str) -> WaitState | None:
    """How the waiting under an id stands; ``None`` where it was never heard of."""
    for (state,) in connection.rows(_STATE, wait=id_):
        return WaitState(state)
    return None


def start_waiting(connection: Connection, id_: str) -> bool:
    """Have the patient of a place in a removed slot wait: who, for what and in which order is in
    the place and its slot. Waiting that has begun, or is over, stays as it is. Whether it began
    now."""
    return wait_state(connection, id_) is None and connection.change(_START, wait=id_) == 1


def end_waiting(connection: Connection, id_: str, home: str) -> bool:
    """Nobody waits under this id, now or later. Whether somebody did."""
    before = wait_state(connection, id_)
    if before is None:
        connection.change(_ADD_TOMBSTONE, id=id_, home=home)
    elif before is WaitState.WAITING:
        connection.change(_END, wait=id_)
    return before is WaitState.WAITING


def waiters(
    connection: Connection, home: str, after: Order = FIRST, most: int = ALL
) -> list[Waiter]:
    """Who of the city ``home`` waits, in order of removal, then booking: at most so many of those
    behind ``after``."""
    removal, booking = after
    rows = connection.rows(_WAITING, home=home, removal=removal, booking=booking, most=most)
    return [
        Waiter(
            id=id_,
            home=home,
            patient=patient,
            type=type_,
            start=from_seconds(start),
            order=(removal, booking),
        )
        for id_, home, patient, type_, start, removal, booking in rows
    ]
