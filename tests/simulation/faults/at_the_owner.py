"""Faults where a slot's owner decides: capacity, holds, removals, offers."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from sqlalchemy import select, update

from medappt.federation import moving
from medappt.federation.doubt import Doubt
from medappt.federation.moving import Mover
from medappt.model import calendar
from medappt.model.calendar import local_start
from medappt.model.ids import AppointmentId
from medappt.model.records import Page, PlaceState
from medappt.store import holding, options, places, schema, slots, waits
from medappt.store.connection import Connection, Statement
from medappt.store.here import Here
from medappt.store.holding import settle_hold
from medappt.store.places import Place
from medappt.store.slots import SlotRow
from medappt.store.waits import WaitState
from tests.simulation.faults.fault import Faults
from tests.simulation.patching import Patches

FAULTS = Faults()


@FAULTS.add("capacity-forgotten", seed=1)
def _capacity_forgotten(patched: Patches) -> None:
    """There is always one place more."""

    def another(connection: Connection, slot: SlotRow) -> int:
        [(highest,)] = connection.rows(places._HIGHEST, slot=slot.key)
        return (highest or 0) + 1

    patched.attribute(places, "_free_number", another)


@FAULTS.add("holds-are-free", seed=2)
def _holds_are_free(patched: Patches) -> None:
    """A released place in the midst of a slot is forgotten: the slot is full too early."""

    def highest_only(connection: Connection, slot: SlotRow) -> int | None:
        [(highest,)] = connection.rows(places._HIGHEST, slot=slot.key)
        return (highest or 0) + 1 if (highest or 0) < slot.capacity else None

    patched.attribute(places, "_free_number", highest_only)


@FAULTS.add("confirm-is-not-repeatable", seed=1)
def _confirm_is_not_repeatable(patched: Patches) -> None:
    """The second CONFIRM of a place is answered with LOST."""

    def once(connection: Connection, here: Here, home: str, id_: str) -> bool:
        place = places.find_place(connection, id_)
        if place is not None and place.state is PlaceState.CONFIRMED:
            return False
        return bool(before(connection, here, home, id_))

    before = holding.confirm
    patched.function(before, once)


@FAULTS.add("hold-dropped-by-a-timer", seed=-8)
def _hold_dropped_by_a_timer(patched: Patches) -> None:
    """A place that is held for ten seconds is released without asking its home."""

    async def impatient(self: Doubt, id_: str, home: str, delay: float) -> None:
        await self._errands.pause(delay)
        await self._errands.done(lambda: self._authority.act(settle_hold, id_, None))

    patched.attribute(Doubt, "_ask", impatient)


@FAULTS.add("waiting-revived", seed=-2)
def _waiting_revived(patched: Patches) -> None:
    """A late WAIT revives waiting that is over."""
    table = schema.waits

    def revive(connection: Connection, id_: str) -> bool:
        if waits.wait_state(connection, id_) is WaitState.OVER:
            again = update(table).where(table.c.id == id_)
            connection.change(Statement(again.values(state=WaitState.WAITING.value)))
            return True
        return bool(before(connection, id_))

    before = waits.start_waiting
    patched.function(before, revive)


@FAULTS.add("unwait-leaves-no-tombstone", seed=-2)
def _unwait_leaves_no_tombstone(patched: Patches) -> None:
    """Who does not wait yet may wait for ever: UNWAIT came before WAIT."""

    def end(connection: Connection, id_: str, home: str) -> bool:
        if waits.wait_state(connection, id_) is None:
            return False
        return bool(before(connection, id_, home))

    before = waits.end_waiting
    patched.function(before, end)


@FAULTS.add("first-page-only", seed=-1)
def _first_page_only(patched: Patches) -> None:
    """Whatever was refused, the first page of options is sent again."""

    def page(displaced: Any, all_: list[str], refused: str | None) -> Page | None:
        page: Page | None = before(displaced, all_, None)
        return page

    before = patched.attribute(options, "_page", page)


@FAULTS.add("time-zone-ignored", seed=-2)
def _time_zone_ignored(patched: Patches) -> None:
    """Slots begin by the clock of Greenwich."""

    def start(self: AppointmentId, zone: object) -> object:
        return local_start(self.day, self.part.hour, UTC)

    patched.attribute(AppointmentId, "start", start)


@FAULTS.add("begun-is-bookable", seed=1)
def _begun_is_bookable(patched: Patches) -> None:
    """What has begun can still be booked, cancelled and removed."""
    patched.function(calendar.has_begun, lambda *_: False)


@FAULTS.add("farthest-first", seed=3)
def _farthest_first(patched: Patches) -> None:
    """Patients of a removed slot are moved to the farthest one."""

    def reverse(*which: Any) -> list[Any]:
        return list(reversed(before(*which)))

    before = slots.closest_slots
    patched.function(before, reverse)


@FAULTS.add("offered-once", seed=-1)
def _offered_once(patched: Patches) -> None:
    """Who waits in another city is offered a place once, and never again."""
    patched.attribute(Mover, "_next_pause", lambda *_: 1e6)
    patched.attribute(Mover, "wake_all", Mover.wake)


@FAULTS.add("no-page-is-the-last", seed=5)
def _no_page_is_the_last(patched: Patches) -> None:
    """Homes are never told that there are no more options, and waitlist nobody."""

    def page(displaced: Any, all_: list[str], refused: str | None) -> Page | None:
        page: Page | None = before(displaced, all_, refused)
        return None if page is None else Page(options=page.options, is_last=False)

    before = patched.attribute(options, "_page", page)


@FAULTS.add("list-skips-a-row", seed=1)
def _list_skips_a_row(patched: Patches) -> None:
    """Each further page of a list begins one row too late."""

    def skip(*which: Any, after: Any, most: int) -> list[Any]:
        rows: list[Any] = before(*which, after=after, most=most)
        return rows if after is None else rows[1:]

    before = slots.list_slots
    patched.function(before, skip)


@FAULTS.add("released-and-nobody-placed", seed=-3)
def _released_and_nobody_placed(patched: Patches) -> None:
    """What another city gives back is not offered to who waits at home."""
    patched.attribute(holding, "place_waiting", lambda *_: None)


@FAULTS.add("moved-when-held", seed=-4)
def _moved_when_held(patched: Patches) -> None:
    """A removal tells that a patient was moved when the new place is only held: their home may
    still refuse it. (This was one of ours.)"""
    table = schema.places

    def instead(connection: Connection, id_: str) -> Place | None:
        found = select(table.c.id).where(table.c.replaces == id_, table.c.number.is_not(None))
        for (place,) in connection.rows(Statement(found)):
            return places.find_place(connection, place)
        return None

    patched.function(places.place_instead_of, instead)


@FAULTS.add("moves-unasked", seed=-1)
def _moves_unasked(patched: Patches) -> None:
    """Homes are asked about a removed slot once, and not again where the answer was lost."""

    def never(self: Mover, *_: object) -> float:
        return 1e6

    patched.attribute(Mover, "_next_pause", never)
    patched.attribute(moving, "ANSWER_SECONDS", 0.5)
