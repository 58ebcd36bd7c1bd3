"""Home: a patient gives an appointment back, in any city, and what they have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from medappt.model.appointments import Cancelled, Scheduled, State
from medappt.model.audit import AuditVerb, Deed
from medappt.model.ids import AppointmentId, SlotName
from medappt.model.origins import Origin
from medappt.model.records import Record, RecordState
from medappt.store.answers import Answer
from medappt.store.audit import note_effect
from medappt.store.connection import Connection
from medappt.store.here import Here
from medappt.store.judgement import AMBIGUOUS, NOT_BOOKED, PAST, has_record_begun
from medappt.store.placement import give_up, place_waiting
from medappt.store.records import records_of
from medappt.store.results import Answered, Tagged, once, tag_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Giveback:
    """``patient`` of this city gives back what they have, or wait for, under an ID; ``type`` may
    be ``None`` where it is the only one."""

    patient: str
    code: AppointmentId
    origin: Origin
    type: str | None = None
    tagged: Tagged | None = None

    @property
    def deed(self) -> Deed:
        """What the audit says of it, as far as the request tells."""
        return Deed(
            origin=self.origin,
            verb=AuditVerb.CANCEL,
            object=str(self.code) if self.type is None else f"{self.code} {self.type}",
            patient=self.patient,
            tag=tag_of(self.tagged),
        )


def give_back(connection: Connection, here: Here, giveback: Giveback) -> Answered:
    """Cancel: one transaction, the answer does not wait for the owner (section 8).

    Answers ``Cancelled``, or refuses: ``past``, ``not-booked``, ``ambiguous``.
    """
    return once(
        connection,
        giveback.deed,
        giveback.tagged,
        here.now,
        lambda: _give_back(connection, here, giveback),
    )


def _give_back(connection: Connection, here: Here, giveback: Giveback) -> Answer:
    found = [
        record
        for record in records_of(connection, giveback.patient)
        if record.state is not RecordState.PENDING
        and record.name.code == giveback.code
        and giveback.type in (None, record.name.type)
    ]
    if not found:
        # Only the ID tells: one that has begun could not be cancelled if it were booked.
        name = SlotName(code=giveback.code, type=giveback.type or "")
        return PAST if here.has_begun(name) else NOT_BOOKED
    if all(has_record_begun(record, here.now) for record in found):
        return PAST
    if len(found) > 1:
        return AMBIGUOUS
    [record] = found
    give_up(connection, here, record)
    note_effect(connection, here.now, replace(giveback.deed, object=str(record.name)))
    place_waiting(connection, here)
    return Cancelled(code=str(record.name.code), type=record.name.type)


def appointments_of(connection: Connection, patient: str, now: datetime) -> list[Scheduled]:
    """The rows of ``schedule``, by start, then ID and type: what has not begun at ``now``, and
    what the patient waits for, with the removed start, until that ends (R7). Starts bear the
    offset of the slot's center."""
    shown = [
        record
        for record in records_of(connection, patient)
        if record.state is not RecordState.PENDING and not has_record_begun(record, now)
    ]
    rows = [_scheduled(record) for record in shown]
    return sorted(rows, key=lambda row: (row.start, row.code, row.type))


def _scheduled(record: Record) -> Scheduled:
    assert record.start is not None, "only what is PENDING has no start"
    if record.state is RecordState.WAITLISTED:
        state = State.WAITLISTED
    else:
        state = State.MOVED if record.is_moved else State.BOOKED
    return Scheduled(
        code=str(record.name.code),
        type=record.name.type,
        state=state,
        start=record.name.code.localized(record.start),
    )
