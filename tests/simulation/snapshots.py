"""What the store of one center holds after a commit, read by SQL of our own: a checker that asked
the code under test would believe what it says."""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple


class Slot(NamedTuple):
    """``start`` in seconds of UTC; ``removal`` is the order of its removal."""

    key: int
    code: str
    type: str
    start: int
    capacity: int
    removal: int | None

    @property
    def name(self) -> str:
        return f"{self.code} {self.type}"


class Place(NamedTuple):
    """What the owner keeps for a patient."""

    ordinal: int
    id: str
    home: str
    slot: int | None
    number: int | None
    patient: str | None
    replaces: str | None
    state: str


class Wait(NamedTuple):
    """Somebody who waits, or waited, at the owner."""

    id: str
    home: str
    patient: str | None
    type: str
    start: int
    removal: int
    booking: int
    state: str


class Record(NamedTuple):
    """What the home keeps of an appointment."""

    id: str
    root: str
    patient: str
    owner: str
    code: str
    type: str
    state: str
    start: int | None

    @property
    def name(self) -> str:
        return f"{self.code} {self.type}"


class Notice(NamedTuple):
    """What the patient is told without asking."""

    number: int
    patient: str
    root: str
    kind: str
    type: str
    code: str
    new_code: str | None


class Answer(NamedTuple):
    """What is kept under a tag, as JSON."""

    row: int
    user: str
    tag: str
    text: str


class AuditRow(NamedTuple):
    """A row of the audit, in the order of its fields."""

    sequence: int
    at: int
    actor: str
    role: str | None
    source: str
    verb: str
    patient: str | None
    object: str
    outcome: str
    tag: str | None
    mac: str | None


_AUDIT = (
    "SELECT sequence, at, actor, role, source, verb, patient, object, outcome, tag, mac"
    " FROM audit WHERE sequence > ? ORDER BY sequence"
)
_TABLES: dict[str, tuple[str, Any]] = {
    "slots": ("SELECT key, code, type, start, capacity, removal FROM slots", Slot),
    "places": (
        "SELECT ordinal, id, home, slot, number, patient, replaces, state FROM places"
        " ORDER BY ordinal",
        Place,
    ),
    "waits": (
        "SELECT id, home, patient, type, start, removal, booking, state FROM waits"
        " ORDER BY removal, booking",
        Wait,
    ),
    "records": (
        "SELECT id, root, patient, owner, code, type, state, start FROM records ORDER BY ordinal",
        Record,
    ),
    "notices": (
        "SELECT number, patient, root, kind, type, code, new_code FROM notices ORDER BY number",
        Notice,
    ),
    "answers": ("SELECT rowid, user, tag, answer FROM results ORDER BY rowid", Answer),
    "letters": ("SELECT key, peer, verb, record FROM outbox ORDER BY key", tuple),
    "peers": ("SELECT city, boot, randomness FROM peers ORDER BY city", tuple),
    "boots": ("SELECT number, randomness FROM boots ORDER BY number", tuple),
}


class Snapshot:
    """One version of a store. What has not changed since ``before`` is shared with it; ``audit``
    are the rows that came since, and ``audited`` is the sequence of the last."""

    slots: dict[int, Slot]
    places: dict[str, Place]
    waits: list[Wait]
    records: dict[str, Record]
    notices: list[Notice]
    answers: list[Answer]
    letters: list[tuple[int, str, str, str]]
    peers: list[tuple[str, int, str]]
    boots: list[tuple[int, str]]
    audit: list[AuditRow]
    audited: int
    taken: Counter[int | None]
    _of_patient: dict[str, list[Record]]

    def __init__(self, raw: sqlite3.Connection, before: Snapshot | None = None) -> None:
        self._rows: dict[str, list[Any]] = {}
        self.changed: set[str] = set()
        for table, (query, kind) in _TABLES.items():
            rows = raw.execute(query).fetchall()
            if before is not None and rows == before._rows[table]:
                self._rows[table] = before._rows[table]
                setattr(self, table, getattr(before, table))
                continue
            self.changed.add(table)
            self._rows[table] = rows
            setattr(self, table, _read(table, rows, kind))
        audited = 0 if before is None else before.audited
        self.audit = [AuditRow._make(row) for row in raw.execute(_AUDIT, (audited,))]
        self.audited = self.audit[-1].sequence if self.audit else audited
        if before is not None and "places" not in self.changed:
            self.taken = before.taken
        else:
            self.taken = Counter(
                place.slot for place in self.places.values() if place.number is not None
            )
        if before is not None and "records" not in self.changed:
            self._of_patient = before._of_patient
        else:
            self._of_patient = {}
            for record in self.records.values():
                if record.state != "PENDING":
                    self._of_patient.setdefault(record.patient, []).append(record)

    def free(self, slot: Slot) -> int:
        """Places of a slot that nobody holds or has."""
        return slot.capacity - self.taken[slot.key]

    def open_slot(self, name: str) -> Slot | None:
        """The open slot of a name."""
        for slot in self.slots.values():
            if slot.removal is None and slot.name == name:
                return slot
        return None

    def decided(self, patient: str) -> list[Record]:
        """What a patient has, or waits for."""
        return self._of_patient.get(patient, [])

    def patients(self) -> list[str]:
        """All who have, or wait for, anything."""
        return list(self._of_patient)

    def waiting(self) -> list[Wait]:
        """Who waits, in order."""
        return [wait for wait in self.waits if wait.state == "WAITING"]


def _read(table: str, rows: list[Any], kind: Any) -> object:
    values = rows if kind is tuple else [kind._make(row) for row in rows]
    match table:
        case "slots":
            return {slot.key: slot for slot in values}
        case "places" | "records":
            return {each.id: each for each in values}
    return values


@lru_cache(maxsize=1_000)
def day_of(code: str) -> date:
    """The day written in an ID."""
    return date(2000 + int(code[8:10]), int(code[6:8]), int(code[4:6]))


def week_of(code: str) -> tuple[int, int]:
    """Its ISO week."""
    year, week, _ = day_of(code).isocalendar()
    return year, week
