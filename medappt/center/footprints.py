"""Which requests of one connection may run at the same time (section 4: pipelining).

A client that sends several requests without waiting must find what each of them did in the
answers to those behind it. What touches other patients and other slots need not wait: a city that
does not answer holds up nobody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from medappt.wire.city_requests import (
    Add,
    Book,
    CancelId,
    CancelIndexFor,
    ListSlots,
    Remove,
    SlotPatients,
    Swap,
)
from medappt.wire.requests import Cancel, Command, Patients, Schedule, Selection

Key: TypeAlias = object
"""A patient, an ID, or the numbered slots together."""

_NUMBERED = "numbered slots"


@dataclass(frozen=True, kw_only=True, slots=True)
class Footprint:
    """What a request touches: ``keys``, or whatever there is. What is ``shared`` others may touch
    meanwhile if they share it too.

    One that ``is_ordered`` is a single transaction, asked for as soon as it starts: the store
    keeps the order of these among themselves.
    """

    keys: frozenset[Key] = frozenset()
    shared: frozenset[Key] = frozenset()
    touches_all: bool = False
    writes: bool = True
    is_ordered: bool = False

    def must_wait_for(self, earlier: Footprint) -> bool:
        """Whether the answer depends on what an ``earlier`` request, still running, does."""
        if self.is_ordered and earlier.is_ordered:
            return False
        if not (self.writes or earlier.writes):
            return False
        if self.touches_all or earlier.touches_all:
            return True
        return bool(self.keys & (earlier.keys | earlier.shared) or self.shared & earlier.keys)


ALONE = Footprint(touches_all=True)
"""Waits for all before it, and all behind it wait."""

ORDERED = Footprint(touches_all=True, is_ordered=True)
"""Of requests for numbered slots, and of lines that are refused."""

_READS_ALL = Footprint(touches_all=True, writes=False)


def footprint(command: Command) -> Footprint:
    """What a request touches. A patient that is not named is whoever asks, who may be named by
    another request: that one touches everything.

    Bookings of one slot for many patients overlap: one after the other, each with a round trip to
    another city, the last would be answered long after its ten seconds.
    """
    match command:
        case Selection() | Cancel() | Schedule(patient=None) | Patients():
            return ORDERED
        case Schedule():
            return _of(command.patient, writes=False)
        case ListSlots():
            return _READS_ALL
        case Book(patient=None) | CancelId(patient=None) | Swap(patient=None):
            return ALONE
        case Book():
            return _of(str(command.patient), shared=command.slot.code)
        case CancelId():
            return _of(str(command.patient), command.code)
        case CancelIndexFor():
            return _of(str(command.patient), _NUMBERED)
        case Swap():
            return _of(str(command.patient), command.old.code, shared=command.new.code)
        case SlotPatients():
            return _of(command.slot.code, writes=False)
        case Add() | Remove():
            return ALONE  # they place, move and waitlist anybody
        case _:
            return ALONE


def _of(*keys: Key, shared: Key | None = None, writes: bool = True) -> Footprint:
    others = frozenset(() if shared is None else (shared,))
    return Footprint(keys=frozenset(keys), shared=others, writes=writes)
