"""Home: the rules as they stand in this transaction, in the order of section 3."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from medappt.model.bookings import ALREADY_BOOKED, judge
from medappt.model.calendar import has_begun
from medappt.model.ids import SlotName
from medappt.model.records import Record, RecordState
from medappt.model.refusals import Code, Refusal
from medappt.store.here import Here

PAST = Refusal(code=Code.PAST, text="this has begun already")
NOT_BOOKED = Refusal(code=Code.NOT_BOOKED, text="no such appointment is booked")
AMBIGUOUS = Refusal(code=Code.AMBIGUOUS, text="booked under several types, name one")
UNKNOWN_SLOT = Refusal(code=Code.UNKNOWN_SLOT, text="no such appointment is offered")
EXISTS = Refusal(code=Code.EXISTS, text="this appointment is offered already")
FULL = Refusal(code=Code.FULL, text="this appointment is taken")
UNREACHABLE = Refusal(code=Code.UNREACHABLE, text="the other center does not answer")
FORBIDDEN = Refusal(code=Code.FORBIDDEN, text="that is another center's")


def has_record_begun(record: Record, now: datetime) -> bool:
    """Whether an appointment has begun (R8). Waiting goes on after the removed start."""
    return (
        record.state is RecordState.ACTIVE
        and record.start is not None
        and has_begun(record.start, now)
    )


def judge_booking(
    here: Here, records: Sequence[Record], wanted: SlotName, start: datetime | None
) -> Refusal | None:
    """Why a patient with ``records`` may not have ``wanted``, which begins at ``start`` if that is
    known: ``past``, or the first of R2 to R4."""
    return _past(here, records, wanted, start) or judge(records, wanted, here.city)


def judge_swap(
    here: Here,
    records: Sequence[Record],
    wanted: SlotName,
    start: datetime | None,
    old: Record | None,
) -> Refusal | None:
    """Why they may not have it in the place of ``old``, ``None`` where there is no such (R6)."""
    if refusal := _past(here, records, wanted, start):
        return refusal
    if old is None:
        return NOT_BOOKED
    if has_record_begun(old, here.now):
        return PAST
    if old.name == wanted:
        return ALREADY_BOOKED
    return judge(records, wanted, here.city, without=old.id)


def judge_move(
    here: Here,
    records: Sequence[Record],
    wanted: SlotName,
    start: datetime | None,
    old: Record | None,
) -> Refusal | None:
    """Why they cannot be moved there from ``old`` (R7): its own start may have passed, and it may
    be the same ID, added again."""
    if refusal := _past(here, records, wanted, start):
        return refusal
    if old is None:
        return NOT_BOOKED
    return judge(records, wanted, here.city, without=old.id)


def _past(
    here: Here, records: Sequence[Record], wanted: SlotName, start: datetime | None
) -> Refusal | None:
    if start is None:  # the patient may have been told it before
        starts = [each.start for each in records if each.name.code == wanted.code]
        start = next((each for each in starts if each is not None), None)
    begun = here.has_begun(wanted) if start is None else has_begun(start, here.now)
    return PAST if begun else None
