"""What a user can do at a center, whether it is in this process or at the end of a connection."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Protocol

from medappt.model.appointments import (
    Added,
    Attendance,
    Booked,
    Cancelled,
    NoticeRow,
    Removed,
    Reserved,
    Scheduled,
    SlotList,
    Swapped,
)
from medappt.model.ids import AppointmentId, PersonId, SlotName
from medappt.model.slots import FreeSlot, SlotState


class NumberedSlotOperations(Protocol):
    """A logged-in user's requests about numbered slots.

    Every one raises ``Refused`` when the center says no, and then had no effect. ``tag`` makes a
    request with an effect safe to send again: for 24 hours the same tag with the same request
    gets the first answer and has no second effect.
    """

    def available(self) -> Awaitable[Sequence[FreeSlot]]:
        """The free slots, by index."""

    def slots(self) -> Awaitable[Sequence[SlotState]]:
        """Every slot, by index."""

    def select(self, index: str, tag: str | None = None) -> Awaitable[Reserved]:
        """Reserve the next occurrence of an opening. Refused: ``full`` (somebody has it),
        ``unknown-slot`` (no index of this center), ``busy``."""

    def cancel(self, index: int, tag: str | None = None) -> Awaitable[Cancelled]:
        """Give back the user's own place. Refused: ``not-booked``, ``busy``."""

    def schedule(self, patient: str | None = None) -> Awaitable[Sequence[Scheduled]]:
        """A patient's appointments that have not begun, by start. Refused: ``syntax``,
        ``forbidden``, ``unknown-patient``."""

    def patients(self, index: int) -> Awaitable[Sequence[Attendance]]:
        """Who has the next occurrence of an opening. Refused: ``forbidden``,
        ``unknown-slot``."""


class CityOperations(Protocol):
    """A logged-in user's requests at a center with a city.

    Every one raises ``Refused`` when the center says no, and then had no effect; beside the codes
    named here it may be ``busy``. A patient may leave ``patient`` out, and naming another is
    ``forbidden``; an administrator must name one (``syntax``), who is of the own city
    (``forbidden``) and known to it (``unknown-patient``) (R5). Types the center does not have are
    ``unknown-type``, and what has begun is ``past`` (R8). ``tag`` is as for
    ``NumberedSlotOperations``.
    """

    def list(self, type_: str) -> Awaitable[SlotList]:
        """The open slots of a type in every city."""

    def book(
        self, slot: SlotName, patient: PersonId | None = None, tag: str | None = None
    ) -> Awaitable[Booked]:
        """Take a place in any city. Refused: ``already-booked`` (R2), ``same-day`` (R3),
        ``weekly-limit`` (R4), ``unknown-slot``, ``full``, ``unreachable``."""

    def cancel(
        self,
        code: AppointmentId,
        type_: str | None = None,
        patient: PersonId | None = None,
        tag: str | None = None,
    ) -> Awaitable[Cancelled]:
        """Give a place back, or stop waiting for one. Refused: ``not-booked``; ``ambiguous`` where
        the ID is booked under two types and none is named."""

    def swap(
        self,
        old: SlotName,
        new: SlotName,
        patient: PersonId | None = None,
        tag: str | None = None,
    ) -> Awaitable[Swapped]:
        """Give one place back for another, both or neither (R6). Refused: as ``book``, and
        ``not-booked``."""

    def schedule(self, patient: PersonId | None = None) -> Awaitable[Sequence[Scheduled]]:
        """A patient's appointments in every city that have not begun, by start."""

    def notices(self, told: int | None = None) -> Awaitable[Sequence[NoticeRow]]:
        """What happened to the user's own appointments without their asking, in its order, until
        they were told: whoever has shown all up to the number ``told`` says so by it."""

    def patients(self, slot: SlotName) -> Awaitable[Sequence[Attendance]]:
        """Who has a place in a slot of this city, in booking order; for administrators. Refused:
        ``forbidden``, ``unknown-slot``."""

    def add(self, slot: SlotName, capacity: int, tag: str | None = None) -> Awaitable[Added]:
        """Open a slot of this city; for administrators. Refused: ``forbidden``, ``exists``."""

    def remove(self, slot: SlotName, tag: str | None = None) -> Awaitable[Removed]:
        """Close a slot of this city and move its patients (R7); for administrators. Refused:
        ``forbidden``, ``unknown-slot``."""

    def preview(self, slot: SlotName) -> Awaitable[Removed]:
        """What ``remove`` would do, done to nobody; for administrators. Refused like it."""
