"""Owner: tombstones are dropped once nothing that still can come would be taken for new.

A tombstone is a place RELEASED or a waiting OVER: what it keeps from happening is that a late HOLD
or WAIT revives it. Each kind goes when that cannot happen any more, whatever is lost, doubled or
late:

===================================  ==================================================
a place RELEASED in a slot           the slot's start, the reach of R7 and ``MARGIN`` are over
a place RELEASED that never was      its home runs with a higher boot number than its id's
waiting OVER, of a removed slot      as a place RELEASED in a slot, and after it
waiting OVER that never was          as a place that never was, and after a place of its id
===================================  ==================================================

By the slot's start: a HOLD for a slot that has begun is ``past``, under whatever id. A WAIT takes
who waits, and for what, from the place, so until the place goes it may come; behind start and reach
nothing that could be offered lies within reach, and the home ends the waiting by itself (R7).

By the boot number: only the run that made an id sends its HOLD, for PENDING survives no restart. A
datagram of an earlier run has no effect (``federation.link``), and ``holding.hold`` refuses an id
of an earlier run that it does not know, so neither a HOLD that was admitted before the later run
was heard can come behind it. The number is on record before anything of the later run has an
effect, and never falls. Without a place, WAIT begins nothing.

All else is as it would be with the tombstone: CONFIRM of an unknown id is LOST like that of a
released one, RELEASE and UNWAIT leave a tombstone again, which goes in its turn. Kept are the
tombstones of ids that never had a place here and were made by the present run of a home, until
that is restarted: nothing else tells that their HOLD will not come. HELD and CONFIRMED places and
who is WAITING are never touched. All this trusts the clock not to go back by more than the reach.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Integer, bindparam, delete, select

from medappt.model.records import PlaceState
from medappt.store import schema
from medappt.store.boots import is_of_earlier_run
from medappt.store.connection import Connection, Statement
from medappt.store.here import Here
from medappt.store.instants import from_seconds
from medappt.store.waits import WaitState

MARGIN = timedelta(days=1)
"""For clocks that are set, and zones that are changed."""

LOOKED_AT_ONCE = 1_000
"""Rows of each table in one transaction, tombstones or not: some milliseconds of the writer."""

_places = schema.places
_slots = schema.slots
_waits = schema.waits
_most = bindparam("most", type_=Integer)

_NEXT_PLACES = Statement(
    select(*_places.c["ordinal", "id", "home", "state"], _slots.c.start)
    .select_from(_places.outerjoin(_slots, _places.c.slot == _slots.c.key))
    .where(_places.c.ordinal > bindparam("after"))
    .order_by(_places.c.ordinal)
    .limit(_most)
)
_NEXT_WAITS = Statement(
    select(*_waits.c["id", "home", "state", "start"], _places.c.slot)
    .select_from(_waits.outerjoin(_places, _places.c.id == _waits.c.id))
    .where(_waits.c.id > bindparam("after"))
    .order_by(_waits.c.id)
    .limit(_most)
)
_DROP_PLACE = Statement(delete(_places).where(_places.c.id == bindparam("place")))
_DROP_WAIT = Statement(delete(_waits).where(_waits.c.id == bindparam("wait")))


@dataclass(frozen=True, kw_only=True, slots=True)
class Purged:
    """How far the tables have been looked through: the next call goes on behind the last
    ``place`` and the last ``wait``. ``dropped`` tombstones are gone by this call."""

    place: int = 0
    wait: str = ""
    dropped: int = 0


def purge(connection: Connection, here: Here, last: Purged, most: int = LOOKED_AT_ONCE) -> Purged:
    """Look through the next ``most`` places and as many waits behind those of the ``last`` call,
    from the first again after the end, and drop the tombstones that nothing needs."""
    place, dropped_places = _purge_places(connection, here, last.place, most)
    wait, dropped_waits = _purge_waits(connection, here, last.wait, most)
    return Purged(place=place, wait=wait, dropped=dropped_places + dropped_waits)


def _purge_places(connection: Connection, here: Here, after: int, most: int) -> tuple[int, int]:
    rows = connection.rows(_NEXT_PLACES, after=after, most=most)
    dropped = 0
    for _, id_, home, state, start in rows:
        if state == PlaceState.RELEASED.value and _is_over(connection, here, id_, home, start):
            dropped += connection.change(_DROP_PLACE, place=id_)
    return (rows[-1][0] if len(rows) == most else 0), dropped


def _purge_waits(connection: Connection, here: Here, after: str, most: int) -> tuple[str, int]:
    rows = connection.rows(_NEXT_WAITS, after=after, most=most)
    dropped = 0
    for id_, home, state, start, slot in rows:
        if (
            state == WaitState.OVER.value
            and slot is None
            and _is_over(connection, here, id_, home, start)
        ):
            dropped += connection.change(_DROP_WAIT, wait=id_)
    return (rows[-1][0] if len(rows) == most else ""), dropped


def _is_over(connection: Connection, here: Here, id_: str, home: str, start: int | None) -> bool:
    if start is None:
        return is_of_earlier_run(connection, home, id_)
    return from_seconds(start) + here.reach + MARGIN <= here.now
