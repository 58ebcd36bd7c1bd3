"""Home: a patient of this city is moved by the owner of their slot (R7; MOVE of section 8).

The owner names options, closest first. Each is an ordinary swap in two transactions under a new
id of this center's making: ``begin_move``, HOLD, ``booking.decide``; then ``finish_page``.
"""

from __future__ import annotations

from medappt.model.audit import AuditVerb, Deed
from medappt.model.ids import AppointmentId, SlotName
from medappt.model.origins import CENTER, of_peer
from medappt.model.records import NoticeKind, Record, RecordState
from medappt.model.refusals import Code, Refusal
from medappt.store.answers import Answer
from medappt.store.audit import note_effect
from medappt.store.booking import Pending, insert_pending
from medappt.store.connection import Connection
from medappt.store.here import Here
from medappt.store.judgement import NOT_BOOKED, UNKNOWN_SLOT, judge_move
from medappt.store.notices import give_notice
from medappt.store.placement import give_up, place_waiting, waitlist
from medappt.store.records import expired_records, find_record, records_of


def record_to_move(connection: Connection, owner: str, id_: str) -> Record | None:
    """The record a MOVE of ``owner`` is about; ``None`` is answered with GONE."""
    record = find_record(connection, id_)
    if record is None or record.name.city != owner or record.state is RecordState.PENDING:
        return None
    return record


def begin_move(
    connection: Connection, here: Here, owner: str, id_: str, option: AppointmentId
) -> Pending | Refusal:
    """Try an option of a MOVE of the record ``id_``, of the record's own type: ``Pending``, for
    HOLD and ``decide``, or why not, from the home's own record. ``not-booked`` where the record
    is gone: the patient was quicker."""
    record = record_to_move(connection, owner, id_)
    if record is None:
        return NOT_BOOKED
    wanted = SlotName(code=option, type=record.name.type)
    if wanted.city != owner:
        return UNKNOWN_SLOT
    records = records_of(connection, record.patient)
    refusal = judge_move(here, records, wanted, None, record)
    if refusal is not None:
        return refusal
    pending = Pending(
        id=here.new_id(),
        patient=record.patient,
        wanted=wanted,
        origin=of_peer(owner),
        moves=id_,
    )
    insert_pending(connection, pending)
    return pending


def ends_run(answer: Answer) -> bool:
    """Whether no further option is tried after this answer: the patient was moved, or was
    quicker, or the owner is ``unreachable``, which never waitlists."""
    return not isinstance(answer, Refusal) or answer.code in (Code.NOT_BOOKED, Code.UNREACHABLE)


def finish_page(connection: Connection, here: Here, owner: str, id_: str, *, is_last: bool) -> bool:
    """Every option of a page was refused: whether the owner is asked for the next one.

    After the last page the patient is waitlisted, if the record is still that id and ACTIVE.
    """
    record = record_to_move(connection, owner, id_)
    if record is None:
        return False
    if not is_last:
        return True
    if record.state is RecordState.ACTIVE:
        waitlist(connection, here, record, of_peer(owner))
        place_waiting(connection, here)  # its day is free for another one that waits
    return False


def expire(connection: Connection, here: Here) -> list[Record]:
    """End the waiting of those who have waited long enough (R7): the records that are gone."""
    expired = expired_records(connection, here.now)
    for record in expired:
        give_up(connection, here, record)
        give_notice(connection, here.now, record, NoticeKind.EXPIRED)
        deed = Deed(
            origin=CENTER, verb=AuditVerb.EXPIRE, object=str(record.name), patient=record.patient
        )
        note_effect(connection, here.now, deed)
    if expired:
        place_waiting(connection, here)
    return expired
