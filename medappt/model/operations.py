"""What a user can do at a center, whether it is in this process or at the end of a connection."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Protocol

from medappt.model.appointments import Attendance, Cancelled, Reserved, Scheduled
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
