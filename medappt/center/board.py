"""Which numbered slots are free: the openings and who has their next occurrences, in memory.

The store decides; the board is what its committed results have made true, for reading fast.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from medappt.model.slots import FreeSlot, Opening, Slot, SlotState


@dataclass(frozen=True, slots=True)
class _Occurrence:
    slot: Slot
    found_at: datetime


class Board:
    """The openings of a center in the time zone ``zone``, and the slots that are ``reserved``."""

    def __init__(self, openings: Iterable[Opening], reserved: Iterable[Slot], zone: tzinfo) -> None:
        self.zone = zone
        self._openings = {opening.index: opening for opening in sorted_by_index(openings)}
        self._places = _count_places(self._openings.values())
        self._occurrences: dict[int, _Occurrence] = {}
        self._by_index: set[tuple[int, datetime]] = set()
        self._by_doctor: set[tuple[str, datetime, int]] = set()
        for slot in reserved:
            self.take(slot)

    def slot(self, index: int, now: datetime) -> Slot | None:
        """The next occurrence of an opening that has not begun at ``now`` (UTC); ``None`` if
        ``index`` names no opening."""
        opening = self._openings.get(index)
        if opening is None:
            return None
        known = self._occurrences.get(index)
        if known is not None and known.found_at <= now < known.slot.start:
            return known.slot
        slot = Slot(
            index=index,
            start=opening.time.next_after(now, self.zone),
            doctor=opening.doctor,
            port=opening.port,
            place=self._places[index],
        )
        self._occurrences[index] = _Occurrence(slot, now)
        return slot

    def take(self, slot: Slot) -> None:
        """A place was reserved, durably."""
        self._by_index.add((slot.index, slot.start))
        self._by_doctor.add((slot.doctor, slot.start, slot.place))

    def give_back(self, slot: Slot) -> None:
        """A place was given back, durably."""
        self._by_index.discard((slot.index, slot.start))
        self._by_doctor.discard((slot.doctor, slot.start, slot.place))

    def forget_begun(self, now: datetime) -> None:
        """Drop the places whose time has come: they are on no list any more."""
        self._by_index = {key for key in self._by_index if key[1] > now}
        self._by_doctor = {key for key in self._by_doctor if key[1] > now}

    def states(self, now: datetime) -> list[SlotState]:
        """Every slot, by index."""
        return [
            SlotState(
                index=opening.index,
                time=opening.time,
                doctor=opening.doctor,
                free=self._is_free(opening.index, now),
            )
            for opening in self._openings.values()
        ]

    def free(self, now: datetime) -> list[FreeSlot]:
        """The free slots, by index."""
        return [
            FreeSlot(index=opening.index, time=opening.time)
            for opening in self._openings.values()
            if self._is_free(opening.index, now)
        ]

    def _is_free(self, index: int, now: datetime) -> bool:
        slot = self.slot(index, now)
        return (
            slot is not None
            and (slot.index, slot.start) not in self._by_index
            and (slot.doctor, slot.start, slot.place) not in self._by_doctor
        )


def sorted_by_index(openings: Iterable[Opening]) -> list[Opening]:
    return sorted(openings, key=lambda opening: opening.index)


def _count_places(openings: Iterable[Opening]) -> dict[int, int]:
    """For each index, how many openings before it are of the same doctor at the same time."""
    before: Counter[tuple[str, object]] = Counter()
    places = {}
    for opening in openings:
        key = (opening.doctor, opening.time)
        places[opening.index] = before[key]
        before[key] += 1
    return places
