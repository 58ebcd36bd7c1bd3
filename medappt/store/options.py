"""Owner: which patients of other cities are to be moved or offered a place, and where (R7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Integer, bindparam, func, literal_column, or_, select

from medappt.model.records import MOST_OPTIONS, Page
from medappt.store import schema
from medappt.store.connection import Connection, Statement
from medappt.store.here import Here
from medappt.store.instants import from_seconds
from medappt.store.slots import closest_slots, types_with_room
from medappt.store.waits import ALL, FIRST, Order, waiters

Position: TypeAlias = tuple[bool, Order]
"""Where somebody stands among all who are to be asked about: those who wait come last."""

BEGINNING: Position = (False, FIRST)


@dataclass(frozen=True, kw_only=True, slots=True)
class Displaced:
    """A patient of another city whose slot is removed: the id of their place, or of their
    waiting (``is_waiting``), who decides, what it was (``start`` in UTC), and when it was removed
    and booked (``order``)."""

    id: str
    home: str
    type: str
    start: datetime
    is_waiting: bool
    order: Order

    @property
    def position(self) -> Position:
        return self.is_waiting, self.order


_slots = schema.slots
_places = schema.places
_removed = _slots.alias("removed")
_has_place = (
    _places.c.number.is_not(None),
    # As a set, so that the places of removed slots are looked up and not all there are read.
    _places.c.slot.in_(select(_removed.c.key).where(_removed.c.removal >= bindparam("removal"))),
)
_FIRST_UNSETTLED = Statement(
    select(func.min(_slots.c.removal))
    .select_from(_slots.join(_places, _places.c.slot == _slots.c.key))
    .where(*_has_place)
)
_LAST_REMOVAL = Statement(select(func.max(_slots.c.removal)))
_TO_MOVE = Statement(
    select(_places.c.id, _slots.c.type, _slots.c.start, _slots.c.removal, _places.c.ordinal)
    .select_from(_slots.join(_places, _places.c.slot == _slots.c.key))
    .where(*_has_place)
    .where(_places.c.state == literal_column("'CONFIRMED'"), _places.c.home == bindparam("home"))
    .where(
        or_(_slots.c.removal > bindparam("removal"), _places.c.ordinal > bindparam("booking")),
    )
    .order_by(_slots.c.removal, _places.c.ordinal)
    .limit(bindparam("most", type_=Integer))
)


def first_unsettled(connection: Connection, since: int) -> int:
    """The order of the first removal, not before ``since``, with somebody left to be moved, or of
    the next there will be. Those before it stay settled: nobody gets a place in a removed slot."""
    [(removal,)] = connection.rows(_FIRST_UNSETTLED, removal=since)
    if removal is None:
        [(last,)] = connection.rows(_LAST_REMOVAL)
        return (last or 0) + 1
    return int(removal)


def displaced(connection: Connection, home: str, after: Position, most: int) -> list[Displaced]:
    """Those of the other city ``home`` whom it has to be asked about, at most so many of those
    behind ``after``."""
    is_waiting, order = after
    found = [] if is_waiting else to_move(connection, home, order, most)
    if len(found) < most:
        found += to_offer(connection, home, order if is_waiting else FIRST, most - len(found))
    return found


def to_move(
    connection: Connection, home: str, after: Order = FIRST, most: int = ALL
) -> list[Displaced]:
    """Those of the other city ``home`` who have a place in a removed slot, in order of removal,
    then booking, at most so many of those behind ``after``: each has to be the subject of MOVE,
    again and again until the place is RELEASED. A place that is still HELD comes when it is
    confirmed."""
    removal, booking = after
    rows = connection.rows(_TO_MOVE, home=home, removal=removal, booking=booking, most=most)
    return [
        Displaced(
            id=id_,
            home=home,
            type=type_,
            start=from_seconds(start),
            is_waiting=False,
            order=(removed, booked),
        )
        for id_, type_, start, removed, booked in rows
    ]


def to_offer(
    connection: Connection, home: str, after: Order = FIRST, most: int = ALL
) -> list[Displaced]:
    """Those of the other city ``home`` who wait, in order, at most so many of those behind
    ``after``: each is the subject of OFFER as long as ``page_for`` has an option for them."""
    return [
        Displaced(
            id=waiter.id,
            home=waiter.home,
            type=waiter.type,
            start=waiter.start,
            is_waiting=True,
            order=waiter.order,
        )
        for waiter in waiters(connection, home, after, most)
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
    return _page(displaced, _options(connection, here, displaced), refused)


def pages_for(
    connection: Connection, here: Here, due: Sequence[tuple[Displaced, str | None]], most: int
) -> list[tuple[Displaced, Page]]:
    """What ``page_for`` gives for the first ``most`` of ``due`` for whom there is something to
    send; each comes with the home's last answer."""
    with_room = types_with_room(connection, here.now)
    # those of one removed slot have the same options
    options: dict[tuple[str, datetime], list[str]] = {}
    pages: list[tuple[Displaced, Page]] = []
    for each, refused in due:
        if len(pages) == most:
            break
        if each.is_waiting and each.type not in with_room:
            continue
        key = each.type, each.start
        if key not in options:
            options[key] = _options(connection, here, each)
        page = _page(each, options[key], refused)
        if page is not None:
            pages.append((each, page))
    return pages


def _options(connection: Connection, here: Here, displaced: Displaced) -> list[str]:
    slots = closest_slots(connection, here, displaced.type, displaced.start)
    return [str(slot.name.code) for slot in slots]


def _page(displaced: Displaced, options: list[str], refused: str | None) -> Page | None:
    rest = options[options.index(refused) + 1 :] if refused in options else options
    rest = rest or options
    if not rest and displaced.is_waiting:
        return None
    return Page(options=tuple(rest[:MOST_OPTIONS]), is_last=len(rest) <= MOST_OPTIONS)
