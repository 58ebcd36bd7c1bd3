"""Identities of people and slots in a center with a city (R9), and of records between centers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from enum import Enum
from itertools import count
from typing import TypeAlias

from medappt.model.calendar import local_start
from medappt.model.identity import Role

_CITY = re.compile(r"[A-Z]{3}", re.ASCII)
_PERSON = re.compile(r"([A-Z]{3})([AP])([0-9]{4})", re.ASCII)
_SLOT = re.compile(r"([A-Z]{3})([MAE])([0-9]{2})([0-9]{2})([0-9]{2})", re.ASCII)
_RECORD = re.compile(r"([A-Z]{3})-([0-9]{1,19})-[0-9a-f]{2,64}-[0-9]{1,19}", re.ASCII)
_ROLES = {"A": Role.ADMINISTRATOR, "P": Role.PATIENT}
_LETTERS = {role: letter for letter, role in _ROLES.items()}
_CENTURY = 2000

_FARTHEST_EAST = timezone(timedelta(hours=14))
_FARTHEST_WEST = timezone(timedelta(hours=-12))
_GAP = timedelta(hours=1)

Week: TypeAlias = tuple[int, int]
"""An ISO week: its year and its number."""


def is_city(word: str) -> bool:
    """Whether ``word`` has the form of a city's code, three capital letters."""
    return _CITY.fullmatch(word) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonId:
    """Whom ``MTLA2345`` or ``MTLP2345`` names: a city, a role in it, and a number."""

    city: str
    role: Role
    number: int

    @property
    def is_administrator(self) -> bool:
        return self.role is Role.ADMINISTRATOR

    def __str__(self) -> str:
        return f"{self.city}{_LETTERS[self.role]}{self.number:04d}"


def parse_person(word: str) -> PersonId | None:
    """Who a word names, or ``None`` if it has not the form of R9."""
    match = _PERSON.fullmatch(word)
    if match is None:
        return None
    return PersonId(city=match[1], role=_ROLES[match[2]], number=int(match[3]))


class Part(Enum):
    """A part of the day, by its letter in an ID."""

    MORNING = "M"
    AFTERNOON = "A"
    EVENING = "E"

    @property
    def hour(self) -> int:
        """When it begins on the clock of the slot's center."""
        return _HOURS[self]


_HOURS = {Part.MORNING: 8, Part.AFTERNOON: 13, Part.EVENING: 18}


@dataclass(frozen=True, kw_only=True, slots=True)
class AppointmentId:
    """What ``MTLA100227`` names: a city, a part of the day, and a day of 2000 to 2099.

    The day and its ISO week are those written in the ID, in whatever time zone (R3, R4).
    """

    city: str
    part: Part
    day: date

    def __str__(self) -> str:
        return f"{self.city}{self.part.value}{self.day:%d%m%y}"

    @property
    def week(self) -> Week:
        """The ISO week of the day."""
        calendar = self.day.isocalendar()
        return calendar.year, calendar.week

    def start(self, zone: tzinfo) -> datetime:
        """When it begins, in UTC, for a center in ``zone`` (R8)."""
        return local_start(self.day, self.part.hour, zone)

    @property
    def earliest_start(self) -> datetime:
        """No center on earth begins it before this instant."""
        return self.start(_FARTHEST_EAST)

    @property
    def latest_start(self) -> datetime:
        """No center on earth begins it after this instant."""
        return self.start(_FARTHEST_WEST) + _GAP

    def is_plausible(self, start: datetime) -> bool:
        """Whether a center somewhere can begin it at ``start``."""
        return self.earliest_start <= start <= self.latest_start

    def localized(self, start: datetime) -> datetime:
        """The plausible instant ``start`` with the offset of the slot's center, which its ID
        tells: the clock there shows the hour of the part of the day."""
        shown = local_start(self.day, self.part.hour, UTC)
        return start.astimezone(timezone(shown - start))


def parse_appointment_id(word: str) -> AppointmentId | None:
    """What a word names; ``None`` if it has not the form of R9 or its date does not exist."""
    match = _SLOT.fullmatch(word)
    if match is None:
        return None
    try:
        day = date(_CENTURY + int(match[5]), int(match[4]), int(match[3]))
    except ValueError:
        return None
    return AppointmentId(city=match[1], part=Part(match[2]), day=day)


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotName:
    """An ID and a type: together they name one slot that is open, if any (R9)."""

    code: AppointmentId
    type: str

    @property
    def city(self) -> str:
        """The center that owns it."""
        return self.code.city

    def __str__(self) -> str:
        return f"{self.code} {self.type}"


class RecordIds:
    """Makes the ids that records and places go by between centers: center, boot number, its
    random bytes, counter. No two are the same, after any restart and from any backup."""

    def __init__(self, city: str, boot: int, randomness: bytes) -> None:
        self._prefix = f"{city}-{boot}-{randomness.hex()}"
        self._numbers = count(1)

    def __call__(self) -> str:
        return f"{self._prefix}-{next(self._numbers)}"


def home_of(record: str) -> str | None:
    """The city whose center made a record's id; ``None`` for what is none."""
    match = _RECORD.fullmatch(record)
    return None if match is None else match[1]


def boot_of(record: str) -> int | None:
    """The boot number of the run that made a record's id; ``None`` for what is none."""
    match = _RECORD.fullmatch(record)
    return None if match is None else int(match[2])
