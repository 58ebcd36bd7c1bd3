"""The rules about a patient (R2 to R4) as the checker knows them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from tests.simulation.scenery import ZONES
from tests.simulation.snapshots import Record, Slot, Wait, day_of, week_of

MOST_AWAY = 3
HOURS = {"M": 8, "A": 13, "E": 18}


def objection(
    records: Iterable[Record], code: str, type_: str, home: str, without: str | None = None
) -> str | None:
    """The code of the first refusal to a patient of ``home`` with ``records`` who wants a slot, as
    if the record ``without`` were gone; ``None`` if they may have it."""
    others = [record for record in records if record.id != without]
    if any((record.code, record.type) == (code, type_) for record in others):
        return "already-booked"
    active = [record for record in others if record.state == "ACTIVE"]
    if any(record.type == type_ and day_of(record.code) == day_of(code) for record in active):
        return "same-day"
    if code[:3] != home:
        week = week_of(code)
        away = [
            record for record in active if record.owner != home and week_of(record.code) == week
        ]
        if len(away) >= MOST_AWAY:
            return "weekly-limit"
    return None


def start_of(code: str) -> float:
    """When a slot begins, in seconds of UTC: the hour of its part of the day, on the clock of its
    city (R8). There is no change of clocks in these days."""
    day = day_of(code)
    hour = HOURS[code[3]]
    return datetime(day.year, day.month, day.day, hour, tzinfo=ZONES[code[:3]]).timestamp()


def suits(wait: Wait, slot: Slot, reach: float) -> bool:
    """Whether a slot is of the kind that somebody waits for (R7)."""
    return slot.type == wait.type and abs(slot.start - wait.start) <= reach
