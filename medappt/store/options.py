"""Owner: which patients of other cities are to be moved or offered a place, and where (R7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, literal_column, select

from medappt.model.records import MOST_OPTIONS, Page
from medappt.store import schema
from medappt.store.connection import Connection, Statement
from medappt.store.here import Here
from medappt.store.instants import from_seconds
from medappt.store.slots import closest_slots
from medappt.store.waits import waiters


@dataclass(frozen=True, kw_only=True, slots=True)
class Displaced:
    """A patient of another city whose slot is removed: the id of their place, or of their
    waiting (``is_waiting``), who decides, and what it was (``start`` in UTC)."""

    id: str
    home: str
    type: str
    start: datetime
    is_waiting: bool


_slots = schema.slots
_places = schema.places
_removed = _slots.alias("removed")
_TO_MOVE = Statement(
    select(_places.c.id, _places.c.home, _slots.c.type, _slots.c.start)
    .select_from(_slots.join(_places, _places.c.slot == _slots.c.key))
    # As a set, so that the places of removed slots are looked up and not all there are read.
    .where(_places.c.slot.in_(select(_removed.c.key).where(_removed.c.removal.is_not(None))))
    .where(_places.c.number.is_not(None))
    .where(_places.c.state == literal_column("'CONFIRMED'"), _places.c.home != bindparam("city"))
    .order_by(_slots.c.removal, _places.c.ordinal)
)


def to_move(connection: Connection, here: Here) -> list[Displaced]:
    """Those who have a place in a removed slot, in order of removal, then booking: each has to be
    the subject of MOVE, again and again until the place is RELEASED. A place that is still HELD
    comes when it is confirmed."""
    return [
        Displaced(id=id_, home=home, type=type_, start=from_seconds(start), is_waiting=False)
        for id_, home, type_, start in connection.rows(_TO_MOVE, city=here.city)
    ]


def to_offer(connection: Connection, here: Here) -> list[Displaced]:
    """Those of other cities who wait, in order: each is the subject of OFFER as long as
    ``page_for`` has an option for them."""
    return [
        Displaced(
            id=waiter.id,
            home=waiter.home,
            type=waiter.type,
            start=waiter.start,
            is_waiting=True,
        )
        for waiter in waiters(connection)
        if waiter.home != here.city
    ]


def page_for(
    connection: Connection, here: Here, displaced: Displaced, refused: str | None = None
) -> Page | None:
    """The slots to name in the next MOVE or OFFER: at most ``MOST_OPTIONS``, closest first,
    behind ``refused``, the home's last answer; from the first again where that is no option any
    more, or was the last one.

    ``None`` where nothing is to be sent: there is nothing to offer. A MOVE is sent with no option
    as well, for then the patient is to wait.
    """
    slots = closest_slots(connection, here, displaced.type, displaced.start)
    options = [str(slot.name.code) for slot in slots]
    rest = options[options.index(refused) + 1 :] if refused in options else options
    rest = rest or options
    if not rest and displaced.is_waiting:
        return None
    return Page(options=tuple(rest[:MOST_OPTIONS]), is_last=len(rest) <= MOST_OPTIONS)
