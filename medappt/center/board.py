"""Which numbered slots are free: the openings and who has their next occurrences, in memory.

The store decides; the board is what its committed results have made true, for reading fast.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import chain, count

from medappt.model.calendar import WeeklyTime, has_begun
from medappt.model.slots import FreeSlot, Opening, Slot, SlotState


@dataclass(frozen=True, slots=True)
class _Occurrence:
    start: datetime
    found_at: datetime


class Board:
    """The openings of a center in the time zone ``zone``, and the slots that are ``reserved``."""

    def __init__(self, openings: Iterable[Opening], reserved: Iterable[Slot], zone: tzinfo) -> None:
        self.zone = zone
        self._openings = {
            each.index: each for each in sorted(openings, key=lambda opening: opening.index)
        }
        self._parallel: dict[tuple[str, WeeklyTime], list[int]] = {}
        for opening in self._openings.values():
            self._parallel.setdefault((opening.doctor, opening.time), []).append(opening.index)
        self._occurrences: dict[int, _Occurrence] = {}
        self._taken: set[tuple[int, datetime]] = set()
        self._hours: dict[tuple[str, datetime], dict[int, int]] = {}
        for slot in reserved:
            self.take(slot)

    def slot(self, index: int, now: datetime) -> Slot | None:
        """The next occurrence of an opening that has not begun at ``now`` (UTC); ``None`` if
        ``index`` names no opening."""
        opening = self._openings.get(index)
        if opening is None:
            return None
        start = self._next_start(opening, now)
        return Slot(
            index=index,
            start=start,
            doctor=opening.doctor,
            port=opening.port,
            place=self._place(opening, start),
        )

    def take(self, slot: Slot) -> None:
        """A place was reserved, durably."""
        self._taken.add((slot.index, slot.start))
        self._hours.setdefault((slot.doctor, slot.start), {})[slot.place] = slot.index

    def give_back(self, slot: Slot) -> None:
        """A place was given back, durably."""
        self._taken.discard((slot.index, slot.start))
        places = self._hours.get((slot.doctor, slot.start), {})
        places.pop(slot.place, None)  # not there if it has begun, by a clock that was set back

    def forget_begun(self, now: datetime) -> None:
        """Drop the places whose time has come: they are on no list any more."""
        self._taken = {key for key in self._taken if not has_begun(key[1], now)}
        self._hours = {
            key: places for key, places in self._hours.items() if not has_begun(key[1], now)
        }

    def states(self, now: datetime) -> list[SlotState]:
        """Every slot, by index."""
        return [
            SlotState(
                index=opening.index,
                time=opening.time,
                doctor=opening.doctor,
                free=self._is_free(opening, now),
            )
            for opening in self._openings.values()
        ]

    def free(self, now: datetime) -> list[FreeSlot]:
        """The free slots, by index."""
        return [
            FreeSlot(index=opening.index, time=opening.time)
            for opening in self._openings.values()
            if self._is_free(opening, now)
        ]

    def _is_free(self, opening: Opening, now: datetime) -> bool:
        start = self._next_start(opening, now)
        if (opening.index, start) in self._taken:
            return False
        places = self._hours.get((opening.doctor, start))
        return places is None or self._place(opening, start) not in places

    def _next_start(self, opening: Opening, now: datetime) -> datetime:
        known = self._occurrences.get(opening.index)
        if known is not None and known.found_at <= now and not has_begun(known.start, now):
            return known.start
        start = opening.time.next_after(now, self.zone)
        self._occurrences[opening.index] = _Occurrence(start, now)
        return start

    def _place(self, opening: Opening, start: datetime) -> int:
        """Which of the doctor's places at one time is this opening's.

        Who reserved an opening keeps the place that was stored. What is reserved under an index
        that the file no longer has at this time takes up an opening all the same: the doctor's
        hour is not sold twice because lines were renumbered. The others fill the gaps.
        """
        indices = self._parallel[opening.doctor, opening.time]
        places = self._hours.get((opening.doctor, start), {})
        stored = {index: place for place, index in places.items()}
        if opening.index in stored:
            return stored[opening.index]
        orphans = sorted(place for index, place in stored.items() if index not in indices)
        gaps = (place for place in count() if place not in places)
        others = [index for index in indices if index not in stored]
        return dict(zip(others, chain(orphans, gaps), strict=False))[opening.index]
