"""Appointments: a patient's place in a slot, and what requests about them answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from medappt.model.ids import AppointmentId
from medappt.model.records import NoticeKind


class State(Enum):
    """How a place stands; its value is the word the protocol says."""

    BOOKED = "booked"
    MOVED = "moved"
    WAITLISTED = "waitlisted"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reserved:
    """A place is promised, durably: the doctor who will see the patient and their UDP port."""

    doctor: str
    port: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancelled:
    """A place was given back. ``type`` is ``-`` for a numbered slot."""

    code: str
    type: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Scheduled:
    """A row of ``schedule``. ``code`` is the ID, or the index of a numbered slot, whose type is
    ``-``; ``start`` is aware, with the offset of the slot's center."""

    code: str
    type: str
    state: State
    start: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Attendance:
    """A row of ``patients``."""

    patient: str
    state: State


@dataclass(frozen=True, kw_only=True, slots=True)
class Booked:
    """A place in a slot of a center with a city is promised, durably; ``None`` is unknown."""

    code: str
    type: str
    doctor: str | None
    host: str | None
    port: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Swapped:
    """A place was given back for this one, both at once (R6); ``None`` is unknown."""

    code: str
    type: str
    doctor: str | None
    host: str | None
    port: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Added:
    """A slot is open."""

    code: str
    type: str
    capacity: int


class Fate(Enum):
    """What becomes of a patient whose slot is removed; its value is the word the protocol says
    where it says no ID."""

    MOVED = "moved"
    WAITLISTED = "waitlisted"
    MOVING = "moving"


@dataclass(frozen=True, kw_only=True, slots=True)
class Relocation:
    """A row of ``remove``. ``new_code`` is the ID where the patient was moved. What is not
    confirmed is a preview of what their home has yet to decide."""

    patient: str
    fate: Fate
    new_code: str | None = None
    is_confirmed: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Removed:
    """A slot is closed, and what became of its patients (R7)."""

    rows: tuple[Relocation, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedSlot:
    """A row of ``list``: a slot of the type that was asked for, and how many of its places are
    free."""

    code: AppointmentId
    free: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotList:
    """The open slots of a type in every city, by start, then ID. ``unreachable`` are the cities,
    by name, whose part did not arrive whole: none of their slots is among them."""

    slots: tuple[ListedSlot, ...]
    unreachable: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeRow:
    """A row of ``notices``: what happened to a patient's appointment without their asking (R7).

    ``code`` and ``type`` are of the slot before, ``new_code`` is the ID after a move; ``at`` is
    aware. Notices that came later have higher numbers.
    """

    number: int
    kind: NoticeKind
    code: AppointmentId
    type: str
    at: datetime
    new_code: AppointmentId | None = None
