"""Weekly openings on the clock of a center's wall (R8).

Instants are aware ``datetime`` in UTC; labels (``Tue``, ``01pm``) are local to the center.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_TIME = re.compile(r"(0[1-9]|1[0-2])([ap]m)", re.ASCII)


def parse_hour(label: str) -> int:
    """The hour (0 to 23) of a label such as ``01pm``; ``12am`` is 0, ``12pm`` is 12 (R8).

    Raises ``ValueError`` for anything else.
    """
    match = _TIME.fullmatch(label)
    if match is None:
        raise ValueError(f"{label!r} is no hour such as 01pm")
    hour = int(match[1]) % 12
    return hour + 12 if match[2] == "pm" else hour


def hour_label(hour: int) -> str:
    """The label of an hour (0 to 23): ``13`` is ``01pm``."""
    return f"{hour % 12 or 12:02d}{'pm' if hour >= 12 else 'am'}"


def parse_weekday(label: str) -> int:
    """The day (0 is Monday) of a label such as ``Tue``; ``ValueError`` for anything else."""
    if label not in WEEKDAYS:
        raise ValueError(f"{label!r} is none of {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(label)


@dataclass(frozen=True, kw_only=True, slots=True)
class WeeklyTime:
    """A day of the week (0 is Monday) and an hour (0 to 23) on the center's wall clock."""

    weekday: int
    hour: int

    @property
    def day_label(self) -> str:
        return WEEKDAYS[self.weekday]

    @property
    def time_label(self) -> str:
        return hour_label(self.hour)

    def next_after(self, now: datetime, zone: tzinfo) -> datetime:
        """The first occurrence that has not begun at ``now``, as an instant in UTC.

        An occurrence that falls into the gap of the spring night begins later by the length of
        the gap; in the fold of the autumn night it is the first of the two (R8).
        """
        today = now.astimezone(zone).date()
        # From a week back: where a zone skips a whole day (the date line), what should have begun
        # on it begins a day later.
        days = (self.weekday - today.weekday()) % 7 - 7
        while True:
            day = today + timedelta(days=days)
            start = local_start(day, self.hour, zone)
            if start > now:
                return start
            days += 7


def local_start(day: date, hour: int, zone: tzinfo) -> datetime:
    """The instant, in UTC, at which ``hour`` (0 to 23) of ``day`` begins on the clocks of ``zone``.

    In the gap of the spring night it is later by the length of the gap; in the fold of the autumn
    night it is the first of the two (R8).
    """
    # fold=0: before the change of the clock. In the gap that offset leads past it, in the fold to
    # the first pass.
    return datetime(day.year, day.month, day.day, hour, tzinfo=zone, fold=0).astimezone(UTC)


def has_begun(start: datetime, now: datetime) -> bool:
    """Whether what starts at ``start`` is over for every request (R8); so it is at the instant."""
    return start <= now
