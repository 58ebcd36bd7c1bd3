"""Home: what patients of this city ask for, in any city (section 8). Every rule about a patient is
judged here, in the transaction that makes it true.

A booking at this center is one transaction. One in another city is two, with the owner's answer
to HOLD between them: ``begin`` commits a PENDING record, ``decide`` makes it ACTIVE or removes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from medappt.model.appointments import Booked, Swapped
from medappt.model.audit import AuditVerb, Deed
from medappt.model.ids import SlotName
from medappt.model.origins import CENTER, Origin
from medappt.model.records import (
    Contact,
    Held,
    NoticeKind,
    PlaceState,
    Record,
    RecordState,
    Verb,
)
from medappt.model.refusals import Code, Refusal
from medappt.store.answers import Answer
from medappt.store.audit import note_effect
from medappt.store.connection import Connection
from medappt.store.here import Here
from medappt.store.judgement import (
    FULL,
    PAST,
    UNKNOWN_SLOT,
    UNREACHABLE,
    judge_booking,
    judge_move,
    judge_swap,
)
from medappt.store.notices import give_notice
from medappt.store.outbox import post
from medappt.store.placement import give_up, place_waiting
from medappt.store.places import take_place
from medappt.store.records import (
    activate_record,
    delete_record,
    find_record,
    insert_record,
    pending_records,
    records_of,
)
from medappt.store.results import Answered, Tagged, keep, recall, refuse, tag_of
from medappt.store.slots import SlotRow, find_open


@dataclass(frozen=True, kw_only=True, slots=True)
class Booking:
    """``patient`` of this city wants a place in ``wanted``: a swap if it is ``instead`` of one
    they have or wait for (R6)."""

    patient: str
    wanted: SlotName
    origin: Origin
    instead: SlotName | None = None
    tagged: Tagged | None = None

    @property
    def deed(self) -> Deed:
        """What the audit says of it."""
        return Deed(
            origin=self.origin,
            verb=AuditVerb.BOOK if self.instead is None else AuditVerb.SWAP,
            object=_from_to(self.instead, self.wanted),
            patient=self.patient,
            tag=tag_of(self.tagged),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Pending:
    """A booking whose owner has to be asked: HOLD under ``id``. ``gives_up`` is the root of the
    record that goes when it is decided; ``moves`` its id where the owner asked for the move."""

    id: str
    patient: str
    wanted: SlotName
    origin: Origin
    gives_up: str | None = None
    moves: str | None = None
    tagged: Tagged | None = None

    def deed(self, old: SlotName | None) -> Deed:
        """What the audit says of it, where it gives up ``old``."""
        if self.moves is not None:
            verb = AuditVerb.MOVE
        else:
            verb = AuditVerb.BOOK if self.gives_up is None else AuditVerb.SWAP
        return Deed(
            origin=self.origin,
            verb=verb,
            object=_from_to(old, self.wanted),
            patient=self.patient,
            tag=tag_of(self.tagged),
        )


def _from_to(old: SlotName | None, new: SlotName) -> str:
    return str(new) if old is None else f"{old} to {new}"


def begin(connection: Connection, here: Here, booking: Booking) -> Pending | Answered:
    """Judge a booking or a swap, and do it if the slot is this center's: ``Answered`` with
    ``Booked`` or ``Swapped``, or with the first refusal that applies: ``past``, ``not-booked``,
    ``already-booked``, ``same-day``, ``weekly-limit``, ``unknown-slot``, ``full``.

    ``Pending`` where another center owns the slot: its record is committed, so HOLD can be sent;
    then ``decide`` has to be called, once, with what came of it.
    """
    before = recall(connection, booking.deed, booking.tagged, here.now)
    if before is not None:
        return before
    records = records_of(connection, booking.patient)
    old = _find_named(records, booking.instead)
    is_here = booking.wanted.city == here.city
    slot = find_open(connection, booking.wanted) if is_here else None
    start = None if slot is None else slot.start
    answer: Answer | None
    if booking.instead is None:
        answer = judge_booking(here, records, booking.wanted, start)
    elif old is None and here.has_begun(booking.instead):
        answer = PAST
    else:
        answer = judge_swap(here, records, booking.wanted, start, old)
    if answer is None and is_here:
        answer = _book_here(connection, here, booking, slot, old)
    if isinstance(answer, Refusal):
        return refuse(connection, booking.deed, booking.tagged, here.now, answer)
    if answer is not None:
        keep(connection, booking.tagged, here.now, answer)
        return Answered(answer=answer)
    pending = Pending(
        id=here.new_id(),
        patient=booking.patient,
        wanted=booking.wanted,
        origin=booking.origin,
        gives_up=None if old is None else old.root,
        tagged=booking.tagged,
    )
    insert_pending(connection, pending)
    return pending


def _find_named(records: Sequence[Record], name: SlotName | None) -> Record | None:
    for record in records:
        if record.name == name and record.state is not RecordState.PENDING:
            return record
    return None


def _book_here(
    connection: Connection,
    here: Here,
    booking: Booking,
    slot: SlotRow | None,
    old: Record | None,
) -> Answer:
    if slot is None:
        return UNKNOWN_SLOT
    id_ = here.new_id()
    has_place = take_place(
        connection,
        slot,
        id_=id_,
        home=here.city,
        patient=booking.patient,
        state=PlaceState.CONFIRMED,
        now=here.now,
    )
    if not has_place:
        return FULL
    if old is not None:
        give_up(connection, here, old)
    record = Record(
        id=id_,
        root=id_,
        patient=booking.patient,
        name=slot.name,
        state=RecordState.ACTIVE,
        start=slot.start,
        contact=slot.contact,
    )
    insert_record(connection, record)
    note_effect(connection, here.now, booking.deed)
    if old is not None:
        place_waiting(connection, here)
    return _answer(slot.name, slot.contact, is_swap=old is not None)


def _answer(name: SlotName, contact: Contact, *, is_swap: bool) -> Booked | Swapped:
    kind = Swapped if is_swap else Booked
    return kind(
        code=str(name.code),
        type=name.type,
        doctor=contact.name,
        host=contact.host,
        port=contact.port,
    )


def insert_pending(connection: Connection, pending: Pending) -> None:
    """Put the PENDING record of a booking down."""
    insert_record(
        connection,
        Record(
            id=pending.id,
            root=pending.id,
            patient=pending.patient,
            name=pending.wanted,
            state=RecordState.PENDING,
        ),
    )


def decide(connection: Connection, here: Here, pending: Pending, reply: Held | Refusal) -> Answered:
    """The commit point of a booking in another city: the rules are judged as they stand now.

    ``reply`` is the owner's answer to HOLD, ``UNREACHABLE`` where none came in time. Accepted,
    the record is ACTIVE, CONFIRM is in the outbox, and what is given up is gone, RELEASE or
    UNWAIT in the outbox; the answer is ``Booked`` or ``Swapped``. Refused, the record is gone and
    RELEASE in the outbox. Whichever it is, is final.

    A swap gives up what now has the root it began with, where that was moved meanwhile; a move
    only the very record that the owner named: ``not-booked`` where the patient was quicker.
    """
    records = records_of(connection, pending.patient)
    old = _find_given_up(records, pending)
    deed = pending.deed(None if old is None else old.name)
    before = recall(connection, deed, pending.tagged, here.now)
    if before is not None:
        _drop(connection, pending)
        return before
    refusal = _last_look(here, records, pending, reply, old)
    if refusal is not None:
        _drop(connection, pending)
        return refuse(connection, deed, pending.tagged, here.now, refusal)
    assert isinstance(reply, Held), "what is no place is refused"
    answer = _accept(connection, here, pending, reply, old)
    keep(connection, pending.tagged, here.now, answer)
    return Answered(answer=answer)


def _find_given_up(records: Sequence[Record], pending: Pending) -> Record | None:
    for record in records:
        if record.state is not RecordState.PENDING and (
            record.id == pending.moves if pending.moves else record.root == pending.gives_up
        ):
            return record
    return None


def _last_look(
    here: Here,
    records: Sequence[Record],
    pending: Pending,
    reply: Held | Refusal,
    old: Record | None,
) -> Refusal | None:
    if not any(each.id == pending.id for each in records):
        return UNREACHABLE  # given up meanwhile, and its RELEASE is on the way
    if isinstance(reply, Held) and not pending.wanted.code.is_plausible(reply.start):
        reply = UNREACHABLE  # an answer that cannot be is none
    if isinstance(reply, Refusal) and reply.code is Code.PAST:
        return reply  # comes before what the home has to say
    start = reply.start if isinstance(reply, Held) else None
    if pending.moves is not None:
        refusal = judge_move(here, records, pending.wanted, start, old)
    elif pending.gives_up is not None:
        refusal = judge_swap(here, records, pending.wanted, start, old)
    else:
        refusal = judge_booking(here, records, pending.wanted, start)
    if refusal is None and isinstance(reply, Refusal):
        return reply
    return refusal


def _accept(
    connection: Connection, here: Here, pending: Pending, held: Held, old: Record | None
) -> Answer:
    root = pending.id
    if old is not None:
        give_up(connection, here, old)  # first, for its root or its name may be the new one's
        if pending.moves is not None:
            root = old.root
            new_code = str(pending.wanted.code)
            give_notice(connection, here.now, old, NoticeKind.MOVED, new_code)
    activate_record(connection, pending.id, root, held.start, held.contact)
    post(connection, pending.wanted.city, Verb.CONFIRM, pending.id)
    note_effect(connection, here.now, pending.deed(None if old is None else old.name))
    if old is not None:
        place_waiting(connection, here)
    return _answer(pending.wanted, held.contact, is_swap=old is not None)


def _drop(connection: Connection, pending: Pending) -> None:
    delete_record(connection, pending.id)
    post(connection, pending.wanted.city, Verb.RELEASE, pending.id)


def abandon(connection: Connection, here: Here, pending: Pending) -> None:
    """Give up a PENDING booking whose ``decide`` could not be committed: the record is gone,
    RELEASE in the outbox."""
    record = find_record(connection, pending.id)
    if record is not None:
        _note_abort(connection, here.now, record)
    _drop(connection, pending)


def abort_pending(connection: Connection, now: datetime) -> int:
    """Presumed abort, once at start: give up every booking that was PENDING when the center
    stopped, for nobody was told that it was made. How many."""
    aborted = pending_records(connection)
    for record in aborted:
        delete_record(connection, record.id)
        post(connection, record.name.city, Verb.RELEASE, record.id)
        _note_abort(connection, now, record)
    return len(aborted)


def _note_abort(connection: Connection, now: datetime, record: Record) -> None:
    deed = Deed(
        origin=CENTER, verb=AuditVerb.ABORT, object=str(record.name), patient=record.patient
    )
    note_effect(connection, now, deed)


def record_state(connection: Connection, owner: str, id_: str) -> RecordState | None:
    """The answer to STATUS of ``owner``: how the record of one of its places stands; ``None`` for
    unknown, which is final."""
    record = find_record(connection, id_)
    if record is None or record.name.city != owner:
        return None
    return record.state
