"""Owner: what homes ask for their patients (section 8). Every verb may come late, or any number of
times, and in any order: states only move forward.
"""

from __future__ import annotations

from medappt.model.audit import AuditVerb, Deed
from medappt.model.calendar import has_begun
from medappt.model.ids import SlotName, home_of, parse_person
from medappt.model.origins import Origin, of_peer
from medappt.model.records import Held, PlaceState, RecordState
from medappt.model.refusals import Refusal, Refused
from medappt.store.audit import note_effect
from medappt.store.boots import is_of_earlier_run
from medappt.store.connection import Connection
from medappt.store.here import Here
from medappt.store.judgement import FORBIDDEN, FULL, PAST, UNKNOWN_SLOT, UNREACHABLE
from medappt.store.placement import place_waiting
from medappt.store.places import (
    Place,
    confirm_place,
    find_place,
    insert_tombstone,
    release_place,
    take_place,
)
from medappt.store.slots import SlotRow, find_open, slot_of_key
from medappt.store.waits import end_waiting, start_waiting


def hold(
    connection: Connection,
    here: Here,
    home: str,
    id_: str,
    name: SlotName,
    patient: str,
    replaces: str | None = None,
) -> Held | Refusal:
    """HOLD: keep a place for a patient of ``home`` while it decides.

    ``Held`` as long as it is kept or confirmed. Refused: ``past``, ``unknown-slot``, ``full``
    (R1), ``unreachable`` for an id that was released or is of an earlier run of ``home``,
    ``forbidden`` for another's patient or id.
    ``replaces`` is the id of the place they are moved from (R7).
    """
    person = parse_person(patient)
    if person is None or person.city != home or name.city != here.city:
        return FORBIDDEN
    if any(home_of(each) != home for each in (id_, replaces or id_)):
        return FORBIDDEN
    place = find_place(connection, id_)
    if place is not None:
        return _hold_again(connection, place, name, patient)
    if is_of_earlier_run(connection, home, id_):
        # what was pending then was given up: this is late, and its tombstone may be gone
        return UNREACHABLE
    slot = find_open(connection, name)
    start = name.code.start(here.zone) if slot is None else slot.start
    if has_begun(start, here.now):
        return PAST
    if slot is None:
        return UNKNOWN_SLOT
    has_place = take_place(
        connection,
        slot,
        id_=id_,
        home=home,
        patient=patient,
        state=PlaceState.HELD,
        now=here.now,
        replaces=replaces,
    )
    if not has_place:
        return FULL
    note_effect(connection, here.now, _deed(AuditVerb.HOLD, of_peer(home), slot, id_, patient))
    return _held(slot)


def _deed(verb: AuditVerb, origin: Origin, slot: SlotRow, id_: str, patient: str | None) -> Deed:
    return Deed(origin=origin, verb=verb, object=f"{slot.name} {id_}", patient=patient)


def _note(
    connection: Connection, here: Here, verb: AuditVerb, place: Place, origin: Origin | None = None
) -> None:
    """What became of a place, at the word of its home unless ``origin`` is another."""
    assert place.slot is not None, "a place that nobody held does not change"
    slot = slot_of_key(connection, place.slot)
    deed = _deed(verb, origin or of_peer(place.home), slot, place.id, place.patient)
    note_effect(connection, here.now, deed)


def _hold_again(
    connection: Connection, place: Place, name: SlotName, patient: str
) -> Held | Refusal:
    if place.slot is None or place.state is PlaceState.RELEASED:
        return UNREACHABLE
    slot = slot_of_key(connection, place.slot)
    return _held(slot) if (slot.name, place.patient) == (name, patient) else FORBIDDEN


def _held(slot: SlotRow) -> Held:
    return Held(start=slot.start, contact=slot.contact)


def confirm(connection: Connection, here: Here, home: str, id_: str) -> bool:
    """CONFIRM: the place is taken. ``False`` is answered with LOST: the id is unknown, or was
    released."""
    _require_own(home, id_)
    place = find_place(connection, id_)
    if place is None or place.state is PlaceState.RELEASED:
        return False
    _confirm(connection, here, place)
    return True


def _confirm(connection: Connection, here: Here, place: Place) -> None:
    if place.state is PlaceState.HELD:
        confirm_place(connection, place.id)
        _note(connection, here, AuditVerb.CONFIRM, place)


def _release(
    connection: Connection, here: Here, place: Place, origin: Origin | None = None
) -> None:
    """Release a place that may have been released before; who waits here may get it."""
    if release_place(connection, place.id):
        _note(connection, here, AuditVerb.RELEASE, place, origin)
        place_waiting(connection, here)


def release(connection: Connection, here: Here, home: str, id_: str) -> None:
    """RELEASE: the place is given back, whatever it was; of an unknown id, a tombstone is left.
    Who waits here may get it."""
    _require_own(home, id_)
    place = find_place(connection, id_)
    if place is None:
        insert_tombstone(connection, id_, home)
    else:
        _release(connection, here, place)


def wait(connection: Connection, here: Here, home: str, id_: str) -> None:
    """WAIT: the patient of a place in a removed slot waits for another. Who and for what is taken
    from the place; waiting that is over is not revived."""
    _require_own(home, id_)
    if start_waiting(connection, id_):
        _note_of_id(connection, here, AuditVerb.WAIT, home, id_)


def unwait(connection: Connection, here: Here, home: str, id_: str) -> None:
    """UNWAIT: the patient waits no more, also where WAIT comes only after this."""
    _require_own(home, id_)
    if end_waiting(connection, id_, home):
        _note_of_id(connection, here, AuditVerb.UNWAIT, home, id_)


def _note_of_id(connection: Connection, here: Here, verb: AuditVerb, home: str, id_: str) -> None:
    place = find_place(connection, id_)
    if place is None:  # long since over, and dropped
        note_effect(connection, here.now, Deed(origin=of_peer(home), verb=verb, object=id_))
    else:
        _note(connection, here, verb, place)


def settle_hold(
    connection: Connection, here: Here, id_: str, standing: RecordState | None
) -> PlaceState | None:
    """What the home answered to STATUS of a HELD place: ACTIVE confirms it, PENDING leaves it to
    be asked about again, anything else releases it. How the place stands now."""
    place = find_place(connection, id_)
    if place is None:
        return None
    if place.state is not PlaceState.HELD or standing is RecordState.PENDING:
        return place.state
    if standing is RecordState.ACTIVE:
        _confirm(connection, here, place)
        return PlaceState.CONFIRMED
    _release(connection, here, place)
    return PlaceState.RELEASED


def release_hold(connection: Connection, here: Here, id_: str, *, origin: Origin) -> bool:
    """The operator, ``origin``, gives up waiting for a home that will not return: whether the
    place was HELD, and is now RELEASED."""
    place = find_place(connection, id_)
    if place is None or place.state is not PlaceState.HELD:
        return False
    _release(connection, here, place, origin)
    return True


def _require_own(home: str, id_: str) -> None:
    """A home speaks of ids of its own making only (R5)."""
    if home_of(id_) != home:
        raise Refused(FORBIDDEN.code, FORBIDDEN.text)
