"""What the two authorities of an appointment keep: the home a record, the owner a place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from medappt.model.ids import SlotName

REACH = timedelta(days=28)
"""R7: how far from a removed start another slot may be, and how long the patient waits for it."""

MOST_OPTIONS = 32
"""Slots in one MOVE: with them it fits a datagram."""


class RecordState(Enum):
    """How a record stands at the patient's home."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    WAITLISTED = "WAITLISTED"


class PlaceState(Enum):
    """How a place stands at the slot's owner. It only moves forward."""

    HELD = "HELD"
    CONFIRMED = "CONFIRMED"
    RELEASED = "RELEASED"


class Verb(Enum):
    """What a home tells an owner until it is acknowledged."""

    CONFIRM = "CONFIRM"
    RELEASE = "RELEASE"
    WAIT = "WAIT"
    UNWAIT = "UNWAIT"


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """Who sees the patient, and where they are asked for an estimate; ``None`` is unknown."""

    name: str | None = None
    host: str | None = None
    port: int | None = None


NOBODY = Contact()


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A patient's appointment, as their home keeps it.

    ``root`` is its id before any move (R7): while they differ it was moved. ``start`` is in UTC,
    and ``None`` only while PENDING; of one that is WAITLISTED it is the removed start.
    """

    id: str
    root: str
    patient: str
    name: SlotName
    state: RecordState
    start: datetime | None = None
    contact: Contact = NOBODY
    waits_until: datetime | None = None

    @property
    def is_moved(self) -> bool:
        return self.id != self.root


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """The owner keeps a place while the home decides: when the slot begins, and who sees the
    patient there."""

    start: datetime
    contact: Contact


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """A row of ``list``: ``free`` places at ``start`` (UTC)."""

    name: SlotName
    start: datetime
    free: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Cursor:
    """The last row of a page of ``list``; the next page begins behind it."""

    start: datetime
    code: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Slots a patient could be moved to, closest first (R7), and whether they are the last."""

    options: tuple[str, ...]
    is_last: bool


class NoticeKind(Enum):
    """What happened to an appointment without the patient's asking."""

    MOVED = "moved"
    WAITLISTED = "waitlisted"
    EXPIRED = "expired"


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """A patient is to be told: ``name`` is the slot before, ``new_code`` the ID after a move."""

    number: int
    at: datetime
    patient: str
    root: str
    kind: NoticeKind
    name: SlotName
    new_code: str | None = None


class Standing(Enum):
    """How an appointment stands on either side: at the owner a place that is HELD or CONFIRMED, or
    WAITING; at the home a record that is PENDING, ACTIVE or WAITLISTED."""

    UNDECIDED = "UNDECIDED"
    TAKEN = "TAKEN"
    WAITING = "WAITING"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What one side keeps of an appointment, to be compared with the other. ``start`` (UTC) is
    ``None`` where a home has not heard it; of waiting it is the removed start."""

    id: str
    standing: Standing
    name: SlotName
    start: datetime | None
    patient: str
