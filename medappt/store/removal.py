"""Owner: slots are added and removed, and what becomes of the patients in them (R7)."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from medappt.model.appointments import Added, Fate, Relocation, Removed
from medappt.model.audit import AuditVerb, Deed
from medappt.model.calendar import has_begun
from medappt.model.ids import SlotName
from medappt.model.origins import CENTER, Origin
from medappt.model.records import Contact, PlaceState
from medappt.model.refusals import Refusal
from medappt.store.answers import Answer
from medappt.store.audit import note_effect
from medappt.store.connection import Connection
from medappt.store.here import Here
from medappt.store.judgement import EXISTS, PAST, UNKNOWN_SLOT
from medappt.store.placement import move_here, place_waiting, waitlist
from medappt.store.places import Place, find_place, place_instead_of, places_in
from medappt.store.records import find_record
from medappt.store.results import Answered, Tagged, keep, once, recall, refuse, tag_of
from medappt.store.slots import (
    SlotRow,
    close_slot,
    closest_slots,
    find_open,
    insert_slot,
    slot_of_key,
)
from medappt.store.waits import wait_state


@dataclass(frozen=True, kw_only=True, slots=True)
class Closed:
    """A slot was closed by this very call. ``own`` are the rows of the patients of this city, who
    are moved or wait by now; ``awaited`` the ids of those whose homes are to be asked. Of the
    ``undecided`` among them the home had not said by then whether they are booked at all."""

    slot: int
    own: tuple[Relocation, ...]
    awaited: frozenset[str]
    undecided: frozenset[str] = frozenset()
    tagged: Tagged | None = None


class Previewed(Exception):
    """What ``preview_removal`` found. Raised, so that the writer undoes what finding it did."""

    def __init__(self, removed: Removed) -> None:
        super().__init__("a preview")
        self.removed = removed


def add_slot(
    connection: Connection,
    here: Here,
    name: SlotName,
    capacity: int,
    contact: Contact,
    tagged: Tagged | None = None,
    *,
    origin: Origin,
) -> Answered:
    """Open a slot of this city; ``contact`` sees its patients. Who waits may get a place in it.

    Answers ``Added``, or refuses: ``past``, ``exists``.
    """

    deed = Deed(origin=origin, verb=AuditVerb.ADD, object=str(name), tag=tag_of(tagged))

    def add() -> Answer:
        start = name.code.start(here.zone)
        if has_begun(start, here.now):
            return PAST
        if find_open(connection, name) is not None:
            return EXISTS
        insert_slot(connection, name, start, capacity, contact)
        note_effect(connection, here.now, deed)
        place_waiting(connection, here)
        return Added(code=str(name.code), type=name.type, capacity=capacity)

    return once(connection, deed, tagged, here.now, add)


def remove_slot(
    connection: Connection,
    here: Here,
    name: SlotName,
    tagged: Tagged | None = None,
    *,
    origin: Origin,
) -> Closed | Answered:
    """Close a slot; in the same transaction its patients of this city are moved, or wait, in
    booking order.

    ``Closed`` where that was done by this call: ``conclude_removal`` then gives the answer, at
    once or when the homes of the others have decided. ``Answered`` where it was done before, or
    is refused: ``past``, ``unknown-slot``. Until it is concluded the answer on record says
    ``moving`` of the others.
    """
    deed = Deed(origin=origin, verb=AuditVerb.REMOVE, object=str(name), tag=tag_of(tagged))
    before = recall(connection, deed, tagged, here.now)
    if before is not None:
        return before
    slot = _removable(connection, here, name)
    if isinstance(slot, Refusal):
        return refuse(connection, deed, tagged, here.now, slot)
    note_effect(connection, here.now, deed)
    closed = _close(connection, here, slot, tagged)
    keep(connection, tagged, here.now, Removed(rows=relocations(connection, closed)))
    return closed


def conclude_removal(connection: Connection, here: Here, closed: Closed) -> Answered:
    """The answer to ``remove``, as it stands now: ``Removed``, those of this city first, all in
    booking order. The same tag gets it from now on."""
    answer = Removed(rows=relocations(connection, closed))
    keep(connection, closed.tagged, here.now, answer)
    return Answered(answer=answer)


def relocations(connection: Connection, closed: Closed) -> tuple[Relocation, ...]:
    """What has become of everybody so far: as long as one is ``moving``, a home has not decided,
    or the patient gave it up. Who was only held a place, and has none, was not booked."""
    rows = _rows(connection, closed.slot, closed.awaited)
    booked = (
        row
        for id_, row in rows.items()
        if not (id_ in closed.undecided and _is_given_up(connection, id_, row))
    )
    return (*closed.own, *booked)


def are_moving(connection: Connection, closed: Closed) -> bool:
    """Whether it is worth while to wait for a home. The end of a hold may be that of a booking
    as well, of which the rest is on its way."""
    rows = _rows(connection, closed.slot, closed.awaited)
    return any(row.fate is Fate.MOVING for row in rows.values())


def preview_removal(connection: Connection, here: Here, name: SlotName) -> Refusal:
    """What ``remove`` would do: raises ``Previewed``, by which the writer undoes it, or answers
    ``past`` or ``unknown-slot``. What the homes of other patients will decide is a guess."""
    slot = _removable(connection, here, name)
    if isinstance(slot, Refusal):
        return slot
    closed = _close(connection, here, slot, None)
    raise Previewed(Removed(rows=(*closed.own, *_guesses(connection, here, slot, closed))))


def _removable(connection: Connection, here: Here, name: SlotName) -> SlotRow | Refusal:
    slot = find_open(connection, name)
    start = name.code.start(here.zone) if slot is None else slot.start
    if has_begun(start, here.now):
        return PAST
    return UNKNOWN_SLOT if slot is None else slot


def _close(connection: Connection, here: Here, slot: SlotRow, tagged: Tagged | None) -> Closed:
    close_slot(connection, slot.key)
    taken = [
        place for place in places_in(connection, slot.key) if place.state is not PlaceState.RELEASED
    ]
    own = [place for place in taken if place.home == here.city]
    for place in own:
        record = find_record(connection, place.id)
        assert record is not None, "an own patient's place is on record"
        if move_here(connection, here, record) is None:
            waitlist(connection, here, record, CENTER)
    place_waiting(connection, here)  # their days are free for others that wait
    return Closed(
        slot=slot.key,
        own=tuple(_rows(connection, slot.key, {place.id for place in own}).values()),
        awaited=frozenset(place.id for place in taken if place.home != here.city),
        undecided=frozenset(place.id for place in taken if place.state is PlaceState.HELD),
        tagged=tagged,
    )


def _rows(connection: Connection, slot: int, ids: Set[str]) -> dict[str, Relocation]:
    return {
        place.id: _relocation(connection, place)
        for place in places_in(connection, slot)
        if place.id in ids
    }


def _is_given_up(connection: Connection, id_: str, row: Relocation) -> bool:
    place = find_place(connection, id_)
    is_released = place is not None and place.state is PlaceState.RELEASED
    return is_released and row.fate is Fate.MOVING


def _relocation(connection: Connection, place: Place) -> Relocation:
    assert place.patient is not None, "a place in a slot has a patient"
    if place.state is PlaceState.RELEASED:
        successor = place_instead_of(connection, place.id)
        if successor is not None and successor.slot is not None:
            code = str(slot_of_key(connection, successor.slot).name.code)
            return Relocation(patient=place.patient, fate=Fate.MOVED, new_code=code)
        if wait_state(connection, place.id) is not None:
            return Relocation(patient=place.patient, fate=Fate.WAITLISTED)
    return Relocation(patient=place.patient, fate=Fate.MOVING)


def _guesses(connection: Connection, here: Here, slot: SlotRow, closed: Closed) -> list[Relocation]:
    """Each to the closest slot with room left, as if nobody's rules forbade it."""
    room = [
        (str(option.name.code), option.free)
        for option in closest_slots(connection, here, slot.name.type, slot.start)
    ]
    places = [code for code, free in room for _ in range(min(free, len(closed.awaited)))]
    guesses = []
    for place in places_in(connection, slot.key):
        if place.id in closed.awaited:
            assert place.patient is not None, "a place in a slot has a patient"
            code = places.pop(0) if places else None
            guesses.append(
                Relocation(
                    patient=place.patient,
                    fate=Fate.WAITLISTED if code is None else Fate.MOVED,
                    new_code=code,
                    is_confirmed=False,
                )
            )
    return guesses
