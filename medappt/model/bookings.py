"""R2, R3, R4 and R6: what a patient may book beside what they have. Pure; the home judges."""

from __future__ import annotations

from collections.abc import Iterable

from medappt.model.ids import SlotName
from medappt.model.records import Record, RecordState
from medappt.model.refusals import Code, Refusal

MOST_AWAY_A_WEEK = 3
"""R4: appointments in other cities in one ISO week."""

ALREADY_BOOKED = Refusal(
    code=Code.ALREADY_BOOKED, text="you have, or wait for, this appointment already"
)
SAME_DAY = Refusal(
    code=Code.SAME_DAY, text="you have an appointment of this type on that day already"
)
WEEKLY_LIMIT = Refusal(
    code=Code.WEEKLY_LIMIT,
    text=f"you have {MOST_AWAY_A_WEEK} appointments in other cities in that week already",
)


def judge(
    records: Iterable[Record], wanted: SlotName, home: str, without: str | None = None
) -> Refusal | None:
    """Why the patient of ``home`` who has ``records`` may not have ``wanted``; ``None`` if they
    may. The first of ``already-booked``, ``same-day`` and ``weekly-limit`` that applies.

    The record with the id ``without`` is judged as if it were gone (R6). What is PENDING counts
    in nothing, what is WAITLISTED only as booked already.
    """
    decided = [
        each for each in records if each.state is not RecordState.PENDING and each.id != without
    ]
    if any(each.name == wanted for each in decided):
        return ALREADY_BOOKED
    active = [each.name for each in decided if each.state is RecordState.ACTIVE]
    if any(each.type == wanted.type and each.code.day == wanted.code.day for each in active):
        return SAME_DAY
    if wanted.city != home:
        away = [each for each in active if each.city != home and each.code.week == wanted.code.week]
        if len(away) >= MOST_AWAY_A_WEEK:
            return WEEKLY_LIMIT
    return None
