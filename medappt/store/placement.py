"""R7 for patients of the own city: moved, waitlisted and placed inside of whatever transaction
makes it possible.

Every transaction that opens a place here, or removes a record of a patient of this city, ends with
``place_waiting``.
"""

from __future__ import annotations

from medappt.model.audit import AuditVerb, Deed
from medappt.model.bookings import judge
from medappt.model.ids import SlotName
from medappt.model.origins import CENTER, Origin
from medappt.model.records import NoticeKind, PlaceState, Record, RecordState, Verb
from medappt.store.audit import note_effect
from medappt.store.connection import Connection
from medappt.store.here import Here
from medappt.store.notices import give_notice
from medappt.store.outbox import post
from medappt.store.places import release_place, take_place
from medappt.store.records import (
    delete_record,
    find_record,
    insert_record,
    records_of,
    waitlist_record,
)
from medappt.store.slots import closest_slots, types_with_room
from medappt.store.waits import end_waiting, start_waiting, waiters


def give_up(connection: Connection, here: Here, record: Record) -> None:
    """Remove a record, and what its owner keeps for it: here at once, elsewhere by the outbox."""
    delete_record(connection, record.id)
    is_waiting = record.state is RecordState.WAITLISTED
    if record.name.city != here.city:
        post(connection, record.name.city, Verb.UNWAIT if is_waiting else Verb.RELEASE, record.id)
    elif is_waiting:
        end_waiting(connection, record.id, here.city)
    else:
        release_place(connection, record.id)


def move_here(connection: Connection, here: Here, record: Record) -> SlotName | None:
    """Move the patient of ``record``, in a slot of this center that is removed, to the closest
    slot that breaks none of their rules: its name, or ``None`` where nothing changed.

    The new record keeps the root; the notice is of the same transaction.
    """
    assert record.start is not None, "only what is PENDING has no start"
    records = records_of(connection, record.patient)
    for slot in closest_slots(connection, here, record.name.type, record.start):
        if judge(records, slot.name, here.city, without=record.id) is not None:
            continue
        moved = Record(
            id=here.new_id(),
            root=record.root,
            patient=record.patient,
            name=slot.name,
            state=RecordState.ACTIVE,
            start=slot.start,
            contact=slot.contact,
        )
        give_up(connection, here, record)
        insert_record(connection, moved)
        has_place = take_place(
            connection,
            slot,
            id_=moved.id,
            home=here.city,
            patient=record.patient,
            state=PlaceState.CONFIRMED,
            now=here.now,
            replaces=record.id,
        )
        assert has_place, "closest_slots has only slots with room"
        give_notice(connection, here.now, record, NoticeKind.MOVED, str(slot.name.code))
        deed = Deed(
            origin=CENTER,
            verb=AuditVerb.MOVE,
            object=f"{record.name} to {slot.name}",
            patient=record.patient,
        )
        note_effect(connection, here.now, deed)
        return slot.name
    return None


def waitlist(connection: Connection, here: Here, record: Record, origin: Origin) -> None:
    """Have the patient of an ACTIVE ``record`` in a removed slot wait for another: here, or at
    its owner by the outbox. It ends ``here.reach`` after the removed start. ``origin`` has it
    done."""
    assert record.start is not None, "only what is PENDING has no start"
    waitlist_record(connection, record.id, record.start + here.reach)
    give_notice(connection, here.now, record, NoticeKind.WAITLISTED)
    deed = Deed(
        origin=origin, verb=AuditVerb.WAITLIST, object=str(record.name), patient=record.patient
    )
    note_effect(connection, here.now, deed)
    if record.name.city == here.city:
        release_place(connection, record.id)
        start_waiting(connection, record.id)
    else:
        post(connection, record.name.city, Verb.RELEASE, record.id)
        post(connection, record.name.city, Verb.WAIT, record.id)


def place_waiting(connection: Connection, here: Here) -> None:
    """Give those of this city who wait here a place, in order of removal, then booking, each the
    closest that breaks none of their rules; again until nobody can be placed, for who gets one
    waits no more."""
    while _place_each(connection, here):
        pass


def _place_each(connection: Connection, here: Here) -> bool:
    waiting = waiters(connection, here.city)
    if not waiting:
        return False
    is_any_placed = False
    types = types_with_room(connection, here.now)
    for waiter in waiting:
        if waiter.type in types:
            record = find_record(connection, waiter.id)
            assert record is not None, "who waits here is on record here"
            is_any_placed |= move_here(connection, here, record) is not None
    return is_any_placed
