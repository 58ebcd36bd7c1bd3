"""Owner: who has a place in a slot of this city."""

from __future__ import annotations

from medappt.model.appointments import Attendance, State
from medappt.model.ids import SlotName
from medappt.model.records import PlaceState
from medappt.model.refusals import Refusal
from medappt.store.connection import Connection
from medappt.store.judgement import UNKNOWN_SLOT
from medappt.store.places import places_in
from medappt.store.slots import find_open


def patients_in(connection: Connection, name: SlotName) -> list[Attendance] | Refusal:
    """The rows of ``patients``, in booking order, of a slot that may have begun. Refused:
    ``unknown-slot``. What is only HELD is nobody's appointment yet."""
    slot = find_open(connection, name)
    if slot is None:
        return UNKNOWN_SLOT
    return [
        Attendance(
            patient=place.patient, state=State.BOOKED if place.replaces is None else State.MOVED
        )
        for place in places_in(connection, slot.key)
        if place.state is PlaceState.CONFIRMED and place.patient is not None
    ]
