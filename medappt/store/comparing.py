"""What this center keeps of its appointments with another, to be compared with what that keeps
(section 8, the records of a restored center); and what is written again where it was lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Integer, bindparam, literal, or_, select, union_all

from medappt.model.audit import AuditVerb, Deed
from medappt.model.bookings import ALREADY_BOOKED, judge
from medappt.model.calendar import has_begun
from medappt.model.ids import boot_of, home_of, parse_person
from medappt.model.origins import CENTER
from medappt.model.records import (
    Entry,
    PlaceState,
    Record,
    RecordState,
    Standing,
)
from medappt.store import schema
from medappt.store.audit import note_effect
from medappt.store.boots import last_boot
from medappt.store.connection import Connection, Statement
from medappt.store.here import Here
from medappt.store.instants import from_seconds, to_seconds
from medappt.store.places import find_place, take_place
from medappt.store.records import find_record, insert_record, records_of
from medappt.store.slots import find_open, to_name
from medappt.store.waits import ALL, WaitState, wait_state

HISTORY = timedelta(days=1)
"""What began longer ago is not compared: nobody needs it any more. What began within it is: the two
clocks may differ."""

_places = schema.places
_slots = schema.slots
_waits = schema.waits
_records = schema.records
_outbox = schema.outbox
_most = bindparam("most", type_=Integer)
_slot_row = _slots.c["code", "type", "start"]

_is_waiting = (
    select(_waits.c.id)
    .where(_waits.c.id == _places.c.id, _waits.c.state == WaitState.WAITING.value)
    .exists()
)
_taken = (
    select(_places.c.id, _places.c.state, *_slot_row, _places.c.patient)
    .select_from(_places.join(_slots, _places.c.slot == _slots.c.key))
    .where(_places.c.home == bindparam("home"), _places.c.id > bindparam("after"))
    .where(_places.c.state != PlaceState.RELEASED.value, _slots.c.start > bindparam("since"))
    # a WAIT may have overtaken its RELEASE
    .where(~_is_waiting)
)
_waiting = (
    select(_waits.c.id, literal(WaitState.WAITING.value), *_slot_row, _waits.c.patient)
    .select_from(_waits.join(_slots, _waits.c.removal == _slots.c.removal))
    .where(_waits.c.home == bindparam("home"), _waits.c.id > bindparam("after"))
    .where(_waits.c.state == WaitState.WAITING.value)
)
_OF_HOME = Statement(union_all(_taken, _waiting).order_by("id").limit(_most))
_AT_OWNER = Statement(
    select(*_records.c["id", "state", "code", "type", "start", "patient"])
    .where(_records.c.owner == bindparam("owner"), _records.c.id > bindparam("after"))
    .where(
        or_(
            _records.c.state != RecordState.ACTIVE.value,
            _records.c.start > bindparam("since"),
        )
    )
    .order_by(_records.c.id)
    .limit(_most)
)
_TOLD = Statement(select(_outbox.c.record).where(_outbox.c.peer == bindparam("owner")).distinct())

_STANDINGS = {
    PlaceState.HELD.value: Standing.UNDECIDED,
    PlaceState.CONFIRMED.value: Standing.TAKEN,
    WaitState.WAITING.value: Standing.WAITING,
    RecordState.PENDING.value: Standing.UNDECIDED,
    RecordState.ACTIVE.value: Standing.TAKEN,
    RecordState.WAITLISTED.value: Standing.WAITING,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Own:
    """One side of all appointments with a peer, by ID. ``on_the_way`` are those whose owner has
    still to be told something."""

    entries: Mapping[str, Entry]
    on_the_way: frozenset[str] = frozenset()


def places_of(
    connection: Connection, here: Here, home: str, after: str | None = None, most: int = ALL
) -> list[Entry]:
    """Owner: the places of patients of ``home``, and who of them waits, by ID, at most so many of
    those behind ``after``."""
    return _entries(connection, _OF_HOME, here.now, home=home, after=after or "", most=most)


def records_at(
    connection: Connection, here: Here, owner: str, after: str | None = None, most: int = ALL
) -> list[Entry]:
    """Home: the records of places in slots of ``owner``, by ID, at most so many of those behind
    ``after``."""
    return _entries(connection, _AT_OWNER, here.now, owner=owner, after=after or "", most=most)


def own_places(connection: Connection, here: Here, home: str) -> Own:
    """Owner: all that is to be compared with what ``home`` keeps."""
    return Own(entries={each.id: each for each in places_of(connection, here, home)})


def own_records(connection: Connection, here: Here, owner: str) -> Own:
    """Home: all that is to be compared with what ``owner`` keeps."""
    return Own(
        entries={each.id: each for each in records_at(connection, here, owner)},
        on_the_way=frozenset(record for (record,) in connection.rows(_TOLD, owner=owner)),
    )


def _entries(
    connection: Connection, statement: Statement, now: datetime, **parameters: Any
) -> list[Entry]:
    rows = connection.rows(statement, since=to_seconds(now - HISTORY), **parameters)
    return [
        Entry(
            id=id_,
            standing=_STANDINGS[state],
            name=to_name(code, type_),
            start=None if start is None else from_seconds(start),
            patient=patient,
        )
        for id_, state, code, type_, start, patient in rows
    ]


def write_again(connection: Connection, here: Here, entry: Entry) -> bool:
    """Home, restored: write a record that was lost again, as its owner keeps the place; whether
    that was done. Not where it is here, or its id is of the present run, or the rules, as they
    stand now, forbid it (R2 to R4)."""
    person, made_in = parse_person(entry.patient), boot_of(entry.id)
    if (
        home_of(entry.id) != here.city
        or person is None
        or person.city != here.city
        or made_in is None
        or made_in >= last_boot(connection)
        or entry.start is None
        or not entry.name.code.is_plausible(entry.start)
        or find_record(connection, entry.id) is not None
    ):
        return False
    is_waiting = entry.standing is Standing.WAITING
    until = entry.start + here.reach if is_waiting else None
    if has_begun(entry.start if until is None else until, here.now):
        return False
    records = records_of(connection, entry.patient)
    if any(each.root == entry.id for each in records) or _is_forbidden(here, records, entry):
        return False
    insert_record(
        connection,
        Record(
            id=entry.id,
            root=entry.id,
            patient=entry.patient,
            name=entry.name,
            state=RecordState.WAITLISTED if is_waiting else RecordState.ACTIVE,
            start=entry.start,
            waits_until=until,
        ),
    )
    _note(connection, here, AuditVerb.RESTORE, str(entry.name), entry)
    return True


def _is_forbidden(here: Here, records: Sequence[Record], entry: Entry) -> bool:
    refusal = judge(records, entry.name, here.city)
    if entry.standing is Standing.WAITING:
        return refusal is ALREADY_BOOKED  # waiting counts in neither R3 nor R4
    return refusal is not None


def hold_again(connection: Connection, here: Here, home: str, entry: Entry) -> bool:
    """Owner: hold a place that was never heard of here for a record that ``home`` has; whether that
    was done. Not where there is no such slot any more, or no place left (R1). The home has to be
    asked how the record stands, as of every hold."""
    person = parse_person(entry.patient)
    if (
        home_of(entry.id) != home
        or person is None
        or person.city != home
        or entry.standing is not Standing.TAKEN
        or find_place(connection, entry.id) is not None
        or wait_state(connection, entry.id) is not None
    ):
        return False
    slot = find_open(connection, entry.name)
    if slot is None or slot.start != entry.start or has_begun(slot.start, here.now):
        return False
    is_held = take_place(
        connection,
        slot,
        id_=entry.id,
        home=home,
        patient=entry.patient,
        state=PlaceState.HELD,
        now=here.now,
    )
    if is_held:
        _note(connection, here, AuditVerb.HOLD, f"{entry.name} {entry.id}", entry)
    return is_held


def _note(connection: Connection, here: Here, verb: AuditVerb, object_: str, entry: Entry) -> None:
    deed = Deed(origin=CENTER, verb=verb, object=object_, patient=entry.patient)
    note_effect(connection, here.now, deed)
