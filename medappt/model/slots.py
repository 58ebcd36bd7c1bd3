"""Numbered slots: the lines of availabilities and their occurrences."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from medappt.model.calendar import WeeklyTime

_INDEX = re.compile(r"[0-9]{1,9}", re.ASCII)


def parse_index(word: str) -> int | None:
    """The index a word names, or ``None``: digits only, so few that no client can make us count."""
    return int(word) if _INDEX.fullmatch(word) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """A weekly opening: an index, its time, and the doctor with their UDP port for estimates."""

    index: int
    time: WeeklyTime
    doctor: str
    port: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """One occurrence of an opening, which can be reserved once (R1). ``start`` is in UTC.

    ``place`` counts the openings of one doctor at one time, from 0 in the order of their indices:
    doctor, start and place name the same hour of the same doctor after a file was renumbered.
    """

    index: int
    start: datetime
    doctor: str
    port: int
    place: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class FreeSlot:
    """A row of ``available``."""

    index: int
    time: WeeklyTime


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotState:
    """A row of ``slots``."""

    index: int
    time: WeeklyTime
    doctor: str
    free: bool
