"""Appointments: a patient's place in a slot, and what requests about them answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


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
