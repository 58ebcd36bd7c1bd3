"""Owner: places in slots (R1). Their states only move forward: every verb can be repeated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, bindparam, func, insert, literal_column, select, union_all, update

from medappt.model.records import PlaceState
from medappt.store import schema
from medappt.store.connection import Connection, Statement
from medappt.store.instants import from_seconds, to_seconds
from medappt.store.slots import SlotRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A place as it stands. Of an id that was released before anybody held it nothing is known
    but its home."""

    ordinal: int
    id: str
    home: str
    slot: int | None
    patient: str | None
    replaces: str | None
    state: PlaceState


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """A place that is kept while its home decides, since ``since`` (UTC)."""

    id: str
    home: str
    patient: str
    since: datetime


_places = schema.places
_other = schema.places.alias("other")
_row = _places.c["ordinal", "id", "home", "slot", "patient", "replaces", "state"]
_is_it = _places.c.id == bindparam("place")

_FIND = Statement(select(*_row).where(_is_it))
_IN_SLOT = Statement(
    select(*_row).where(_places.c.slot == bindparam("slot")).order_by(_places.c.ordinal)
)
_IN_PLACE_OF = Statement(
    select(*_row)
    .where(_places.c.replaces == bindparam("replaced"))
    .where(_places.c.state == PlaceState.CONFIRMED.value)
    .order_by(_places.c.ordinal.desc())
)
_HELD = Statement(
    select(*_places.c["id", "home", "patient", "held_at"])
    .where(_places.c.state == literal_column("'HELD'"))
    .order_by(_places.c.ordinal)
)
_is_here = _places.c.slot == bindparam("slot")
_HIGHEST = Statement(select(func.max(_places.c.number)).where(_is_here))
_numbers = union_all(
    select(literal_column("0", Integer).label("number")),
    select(_places.c.number).where(_is_here, _places.c.number.is_not(None)),
).subquery("numbers")
_FIRST_GAP = Statement(
    select(func.min(_numbers.c.number) + 1).where(
        ~select(_other.c.id)
        .where(_other.c.slot == bindparam("slot"), _other.c.number == _numbers.c.number + 1)
        .exists()
    )
)
_FIELDS = ("id", "home", "slot", "number", "patient", "replaces", "state", "held_at")
_ADD = Statement(insert(_places).values({name: bindparam(name) for name in _FIELDS}))
_CONFIRM = Statement(
    update(_places)
    .where(_is_it, _places.c.state == PlaceState.HELD.value)
    .values(state=PlaceState.CONFIRMED.value)
)
_RELEASE = Statement(
    update(_places)
    .where(_is_it, _places.c.state != PlaceState.RELEASED.value)
    .values(state=PlaceState.RELEASED.value, number=None)
)


def _to_place(row: tuple[Any, ...]) -> Place:
    ordinal, id_, home, slot, patient, replaces, state = row
    return Place(
        ordinal=ordinal,
        id=id_,
        home=home,
        slot=slot,
        patient=patient,
        replaces=replaces,
        state=PlaceState(state),
    )


def find_place(connection: Connection, id_: str) -> Place | None:
    """The place of this id, in whatever state."""
    for row in connection.rows(_FIND, place=id_):
        return _to_place(row)
    return None


def places_in(connection: Connection, slot: int) -> list[Place]:
    """All there ever were in a slot, in booking order."""
    return [_to_place(row) for row in connection.rows(_IN_SLOT, slot=slot)]


def place_instead_of(connection: Connection, id_: str) -> Place | None:
    """The place that the patient of another was moved to. One that is only held is not: its home
    may still refuse it, as where the patient has just cancelled."""
    for row in connection.rows(_IN_PLACE_OF, replaced=id_):
        return _to_place(row)
    return None


def held_places(connection: Connection) -> list[Hold]:
    """Every place whose home has not been heard to decide, oldest first: their homes are asked
    how the record stands, for a hold is never dropped by time alone (section 8)."""
    return [
        Hold(id=id_, home=home, patient=patient, since=from_seconds(held_at))
        for id_, home, patient, held_at in connection.rows(_HELD)
    ]


def take_place(
    connection: Connection,
    slot: SlotRow,
    *,
    id_: str,
    home: str,
    patient: str,
    state: PlaceState,
    now: datetime,
    replaces: str | None = None,
) -> bool:
    """Take a place in a slot, HELD or CONFIRMED; whether there was one left (R1)."""
    number = _free_number(connection, slot)
    if number is None:
        return False
    connection.change(
        _ADD,
        id=id_,
        home=home,
        slot=slot.key,
        number=number,
        patient=patient,
        replaces=replaces,
        state=state.value,
        held_at=to_seconds(now),
    )
    return True


def _free_number(connection: Connection, slot: SlotRow) -> int | None:
    """A number from 1 to the capacity that nobody has."""
    [(highest,)] = connection.rows(_HIGHEST, slot=slot.key)
    if (highest or 0) < slot.capacity:
        return (highest or 0) + 1
    [(gap,)] = connection.rows(_FIRST_GAP, slot=slot.key)
    return int(gap) if gap <= slot.capacity else None


def confirm_place(connection: Connection, id_: str) -> None:
    """HELD becomes CONFIRMED; nothing else changes."""
    connection.change(_CONFIRM, place=id_)


def release_place(connection: Connection, id_: str) -> bool:
    """HELD or CONFIRMED becomes RELEASED; whether it was one of them."""
    return connection.change(_RELEASE, place=id_) == 1


def insert_tombstone(connection: Connection, id_: str, home: str) -> None:
    """Nobody will ever hold a place under this id: its release came before its hold."""
    connection.change(
        _ADD,
        id=id_,
        home=home,
        slot=None,
        number=None,
        patient=None,
        replaces=None,
        state=PlaceState.RELEASED.value,
        held_at=None,
    )
