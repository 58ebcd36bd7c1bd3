"""Faults where a patient's home decides: rules, swaps, moves, waiting."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from medappt.model import bookings
from medappt.model.ids import AppointmentId
from medappt.model.records import NoticeKind, Record, RecordState, Verb
from medappt.model.refusals import Refusal
from medappt.store import (
    booking,
    cancelling,
    judgement,
    notices,
    outbox,
    placement,
    records,
    removal,
)
from medappt.store.booking import Pending
from medappt.store.connection import Connection
from medappt.store.here import Here
from tests.simulation.faults.fault import Faults
from tests.simulation.patching import Patches

FAULTS = Faults()


@FAULTS.add("rules-only-before-hold", seed=11)
def _rules_only_before_hold(patched: Patches) -> None:
    """The rules are judged before HOLD and not again in the deciding transaction."""

    def trusting(
        here: Here, all_: object, pending: Pending, reply: object, old: Record | None
    ) -> Refusal | None:
        if isinstance(reply, Refusal):
            return reply
        is_old_gone = old is None and (pending.moves or pending.gives_up)
        return judgement.NOT_BOOKED if is_old_gone else None

    patched.attribute(booking, "_last_look", trusting)


@FAULTS.add("cancel-then-book", seed=1)
def _cancel_then_book(patched: Patches) -> None:
    """A swap gives the old appointment up before it has the new one."""

    def eager(connection: Connection, here: Here, wanted: booking.Booking) -> object:
        begun = before(connection, here, wanted)
        if isinstance(begun, Pending) and begun.gives_up is not None:
            for record in records.records_of(connection, begun.patient):
                if record.root == begun.gives_up:
                    placement.give_up(connection, here, record)
        return begun

    before = booking.begin
    patched.function(before, eager)


@FAULTS.add("swap-keeps-the-old", seed=3)
def _swap_keeps_the_old(patched: Patches) -> None:
    """A swap to another city gives nothing back."""

    def greedy(
        connection: Connection, here: Here, pending: Pending, reply: Any, old: Record | None
    ) -> object:
        return before(connection, here, pending, reply, old if pending.moves else None)

    before = patched.attribute(booking, "_accept", greedy)


@FAULTS.add("move-untold", seed=-1)
def _move_untold(patched: Patches) -> None:
    """A patient is moved and not told."""

    def silent(
        connection: Connection, now: datetime, record: Record, kind: NoticeKind, *new: Any
    ) -> None:
        if kind is not NoticeKind.MOVED:
            before(connection, now, record, kind, *new)

    before = notices.give_notice
    patched.function(before, silent)


def _lose(patched: Patches, verb: Verb) -> None:
    def forgetful(connection: Connection, peer: str, posted: Verb, record: str) -> None:
        if posted is not verb:
            before(connection, peer, posted, record)

    before = outbox.post
    patched.function(before, forgetful)


@FAULTS.add("wait-not-sent", seed=6)
def _wait_not_sent(patched: Patches) -> None:
    """Owners are not told that somebody waits."""
    _lose(patched, Verb.WAIT)


@FAULTS.add("unwait-not-sent", seed=-2)
def _unwait_not_sent(patched: Patches) -> None:
    """Owners are not told that somebody waits no more."""
    _lose(patched, Verb.UNWAIT)


@FAULTS.add("release-not-sent", seed=-2)
def _release_not_sent(patched: Patches) -> None:
    """Owners are not told that a place is given back."""
    _lose(patched, Verb.RELEASE)


@FAULTS.add("pending-survives", seed=1)
def _pending_survives(patched: Patches) -> None:
    """What was pending when a center stopped stays so."""
    patched.function(booking.abort_pending, lambda *_: 0)


@FAULTS.add("week-of-seven-days", seed=-6)
def _week_of_seven_days(patched: Patches) -> None:
    """Weeks are counted from day 0, by sevens: they begin on Sunday."""
    week = property(lambda self: (0, self.day.toordinal() // 7))
    patched.attribute(AppointmentId, "week", week)


@FAULTS.add("four-a-week", seed=-6)
def _four_a_week(patched: Patches) -> None:
    """A fourth appointment in other cities is allowed."""
    patched.attribute(bookings, "MOST_AWAY_A_WEEK", 4)


@FAULTS.add("home-counts-as-away", seed=20)
def _home_counts_as_away(patched: Patches) -> None:
    """Appointments in the own city count in the weekly limit."""

    def strict(all_: Iterable[Record], wanted: Any, home: str, without: str | None = None) -> Any:
        return before(all_, wanted, "XXX", without)

    before = bookings.judge
    patched.function(before, strict)


@FAULTS.add("waiting-forgotten-by-rules", seed=18)
def _waiting_forgotten_by_rules(patched: Patches) -> None:
    """Who waits for an ID may book it a second time."""

    def judge(all_: Iterable[Record], *rest: Any, **named: Any) -> Any:
        active = [each for each in all_ if each.state is not RecordState.WAITLISTED]
        return before(active, *rest, **named)

    before = bookings.judge
    patched.function(before, judge)


@FAULTS.add("waiting-counts", seed=1)
def _waiting_counts(patched: Patches) -> None:
    """Waiting counts as an appointment of that day and week."""

    def judge(all_: Iterable[Record], *rest: Any, **named: Any) -> Any:
        return before([_as_active(each) for each in all_], *rest, **named)

    def _as_active(record: Record) -> Record:
        is_waiting = record.state is RecordState.WAITLISTED
        return replace(record, state=RecordState.ACTIVE) if is_waiting else record

    before = bookings.judge
    patched.function(before, judge)


@FAULTS.add("swap-onto-itself", seed=3)
def _swap_onto_itself(patched: Patches) -> None:
    """A swap of an appointment for the same one is done."""

    def judge(here: Here, all_: Any, wanted: Any, start: Any, old: Record | None) -> Any:
        refusal = before(here, all_, wanted, start, old)
        is_same = old is not None and old.name == wanted
        return None if is_same and refusal == bookings.ALREADY_BOOKED else refusal

    before = judgement.judge_swap
    patched.function(before, judge)


@FAULTS.add("moved-after-all", seed=-4)
def _moved_after_all(patched: Patches) -> None:
    """Who has cancelled while they were moved gets the new place."""

    def judge(here: Here, all_: Any, wanted: Any, start: Any, old: Record | None) -> Any:
        return before(here, all_, wanted, start, old) if old else None

    before = judgement.judge_move
    patched.function(before, judge)


@FAULTS.add("placed-without-rules", seed=7)
def _placed_without_rules(patched: Patches) -> None:
    """Who is moved or placed at home gets the closest place, whatever they have."""
    patched.attribute(placement, "judge", lambda *_, **__: None)


@FAULTS.add("placed-and-still-waiting", seed=1)
def _placed_and_still_waiting(patched: Patches) -> None:
    """The waiting of who got a place goes on."""
    patched.attribute(placement, "end_waiting", lambda *_: False)


@FAULTS.add("last-come-first-served", seed=3)
def _last_come_first_served(patched: Patches) -> None:
    """Waiting lists are served from their end."""

    def reverse(*which: Any) -> list[Any]:
        return list(reversed(before(*which)))

    before = patched.attribute(placement, "waiters", reverse)


def _nothing(*_: object) -> None:
    """Nobody is placed."""


@FAULTS.add("added-and-nobody-placed", seed=3)
def _added_and_nobody_placed(patched: Patches) -> None:
    """A new slot is not offered to who waits at home."""
    patched.attribute(removal, "place_waiting", _nothing)


@FAULTS.add("cancelled-and-nobody-placed", seed=1)
def _cancelled_and_nobody_placed(patched: Patches) -> None:
    """What a patient gives back is not offered to who waits at home."""
    patched.attribute(cancelling, "place_waiting", _nothing)


@FAULTS.add("swapped-and-nobody-placed", seed=-7)
def _swapped_and_nobody_placed(patched: Patches) -> None:
    """What a swap gives back is not offered to who waits at home."""
    patched.attribute(booking, "place_waiting", _nothing)
