"""What the stores of all centers must say together once nothing is on its way any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import select

from medappt.model.bookings import MOST_AWAY_A_WEEK
from medappt.model.ids import parse_appointment_id
from medappt.model.records import PlaceState, RecordState
from medappt.store import schema
from medappt.store.connection import Connection, Statement

Entry: TypeAlias = tuple[str, str, str, str]
"""Of an appointment, at its home or its owner: record id, patient, slot's ID and type."""

_places, _slots, _waits, _records = schema.places, schema.slots, schema.waits, schema.records
_PLACES = Statement(
    select(
        *_places.c["id", "patient"], *_slots.c["code", "type", "capacity", "key"], _places.c.state
    ).join_from(_places, _slots, _places.c.slot == _slots.c.key)
)
_WAITS = Statement(select(*_waits.c["id", "patient", "type", "state"]))
_RECORDS = Statement(select(*_records.c["id", "root", "patient", "code", "type", "state"]))
_LETTERS = Statement(select(*schema.outbox.c["peer", "verb", "record"]))


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A record, as the patient's home has it."""

    entry: Entry
    is_moved: bool
    state: RecordState

    @property
    def patient(self) -> str:
        return self.entry[1]

    @property
    def name(self) -> tuple[str, str]:
        return self.entry[2], self.entry[3]


@dataclass(frozen=True, kw_only=True, slots=True)
class Book:
    """What the store of one center says: what it has to tell others, its patients' records, and
    the places in its slots. ``overbooked`` are slots with more places than their capacity."""

    letters: tuple[str, ...]
    held: frozenset[Entry]
    confirmed: frozenset[Entry]
    waiting: frozenset[tuple[str, str, str]]
    overbooked: tuple[str, ...]
    records: tuple[Kept, ...]


def read_book(connection: Connection) -> Book:
    """A transaction: all of one store."""
    places: dict[PlaceState, set[Entry]] = {state: set() for state in PlaceState}
    taken: Counter[tuple[str, int]] = Counter()
    for id_, patient, code, type_, capacity, key, state in connection.rows(_PLACES):
        places[PlaceState(state)].add((id_, patient, code, type_))
        if state != PlaceState.RELEASED.value:
            taken[f"{code} {type_} ({key})", capacity] += 1
    return Book(
        letters=tuple(" ".join(letter) for letter in connection.rows(_LETTERS)),
        held=frozenset(places[PlaceState.HELD]),
        confirmed=frozenset(places[PlaceState.CONFIRMED]),
        waiting=frozenset(
            (id_, patient, type_)
            for id_, patient, type_, state in connection.rows(_WAITS)
            if state == "WAITING"
        ),
        overbooked=tuple(name for (name, most), count in taken.items() if count > most),
        records=tuple(
            Kept(entry=(id_, *entry), is_moved=id_ != root, state=RecordState(state))
            for id_, root, *entry, state in connection.rows(_RECORDS)
        ),
    )


def unsettled(books: Iterable[Book]) -> list[str]:
    """What is still on its way, or being decided."""
    found: list[str] = []
    for book in books:
        found += [f"letter {letter}" for letter in book.letters]
        found += [f"held {entry}" for entry in book.held]
        found += [f"{kept}" for kept in book.records if kept.state is RecordState.PENDING]
    return found


def disagreements(books: Sequence[Book]) -> list[str]:
    """Where the stores say different things of what is settled, or a rule was broken (R1 to R4)."""
    active = {each.entry for book in books for each in book.records if _is(each, "ACTIVE")}
    confirmed = {entry for book in books for entry in book.confirmed}
    listed = {
        (each.entry[0], each.patient, each.name[1])
        for book in books
        for each in book.records
        if _is(each, "WAITLISTED")
    }
    waiting = {entry for book in books for entry in book.waiting}
    found = [f"R1: {name}" for book in books for name in book.overbooked]
    found += [f"only a record: {entry}" for entry in sorted(active - confirmed)]
    found += [f"only a place: {entry}" for entry in sorted(confirmed - active)]
    found += [f"waiting or waitlisted only: {entry}" for entry in sorted(waiting ^ listed)]
    return found + _broken_rules([each for book in books for each in book.records])


def _is(kept: Kept, state: str) -> bool:
    return kept.state is RecordState(state)


def _broken_rules(records: Iterable[Kept]) -> list[str]:
    names: Counter[tuple[str, tuple[str, str]]] = Counter()
    days: Counter[tuple[str, str, object]] = Counter()
    weeks: Counter[tuple[str, object]] = Counter()
    for each in records:
        if each.state is RecordState.PENDING:
            continue
        names[each.patient, each.name] += 1
        code = parse_appointment_id(each.name[0])
        assert code is not None, each
        if each.state is RecordState.ACTIVE:
            days[each.patient, each.name[1], code.day] += 1
            if code.city != each.patient[:3]:
                weeks[each.patient, code.week] += 1
    found = [f"R2: {key}" for key, count in names.items() if count > 1]
    found += [f"R3: {key}" for key, count in days.items() if count > 1]
    return found + [f"R4: {key}" for key, count in weeks.items() if count > MOST_AWAY_A_WEEK]
