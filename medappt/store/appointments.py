"""Transactions on appointments in numbered slots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import and_, bindparam, delete, literal_column, or_, select
from sqlalchemy.dialects.sqlite import insert

from medappt.model.appointments import Attendance, Cancelled, Reserved, Scheduled, State
from medappt.model.audit import AuditVerb, Deed
from medappt.model.origins import Origin
from medappt.model.refusals import Code, Refusal
from medappt.model.slots import Slot
from medappt.store import schema
from medappt.store.audit import note_effect
from medappt.store.batches import Batch
from medappt.store.connection import Connection, Statement
from medappt.store.instants import from_seconds, to_seconds
from medappt.store.results import Outcome, Tagged, each_once, tag_of

TAKEN = Refusal(code=Code.FULL, text="this slot is taken")
NOT_BOOKED = Refusal(code=Code.NOT_BOOKED, text="no appointment of yours under this index")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reservation:
    """``patient`` wants ``slot``, at the instant ``at`` (aware)."""

    patient: str
    slot: Slot
    at: datetime
    origin: Origin
    tagged: Tagged | None = None

    @property
    def deed(self) -> Deed:
        """What the audit says of it."""
        return Deed(
            origin=self.origin,
            verb=AuditVerb.SELECTION,
            object=_object(self.slot),
            patient=self.patient,
            tag=tag_of(self.tagged),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancellation:
    """``patient`` gives back what they have under ``index``, at the instant ``at`` (aware)."""

    patient: str
    index: int
    at: datetime
    origin: Origin
    tagged: Tagged | None = None

    @property
    def deed(self) -> Deed:
        """What the audit says of it."""
        return Deed(
            origin=self.origin,
            verb=AuditVerb.CANCEL,
            object=str(self.index),
            patient=self.patient,
            tag=tag_of(self.tagged),
        )


def _object(slot: Slot) -> str:
    return f"{slot.index} {slot.start.isoformat(timespec='minutes')} {slot.doctor}"


_table = schema.appointments
_FIELDS = ("idx", "start", "doctor", "port", "place", "patient", "state", "booked_at")
_wanted = Batch(*_FIELDS)
_RESERVE = Statement(
    insert(_table)
    .from_select(
        _FIELDS,
        select(*(_wanted.field(name) for name in _FIELDS))
        .select_from(_wanted.table)
        .where(literal_column("true"))  # without it SQLite reads ON CONFLICT as a join
        .order_by(_wanted.order),
        include_defaults=False,
    )
    .on_conflict_do_nothing()
    .returning(*_table.c["idx", "start", "doctor", "place", "patient"])
)

_slot = _table.c["idx", "start", "doctor", "port", "place"]
_has_not_begun = _table.c.start > bindparam("now")
_FIND_OWN = Statement(
    select(_table.c.id, *_slot)
    .where(_table.c.patient == bindparam("patient"), _table.c.idx == bindparam("index"))
    .where(_has_not_begun)
    .order_by(_table.c.start, _table.c.id)
    .limit(1)
)
_DELETE = Statement(delete(_table).where(_table.c.id == bindparam("appointment")))
_SCHEDULE = Statement(
    select(*_table.c["idx", "state", "start"])
    .where(_table.c.patient == bindparam("patient"), _has_not_begun)
    .order_by(_table.c.start, _table.c.id)
)
_ATTENDANCES = Statement(
    select(*_table.c["patient", "state"])
    .where(
        _table.c.start == bindparam("start"),
        or_(
            _table.c.idx == bindparam("index"),
            and_(_table.c.doctor == bindparam("doctor"), _table.c.place == bindparam("place")),
        ),
    )
    .order_by(_table.c.id)
)
# Reads every row there ever was: it is asked once, at start, and an index would cost each booking.
_RESERVED_SLOTS = Statement(
    select(*_slot).where(_has_not_begun).order_by(_table.c.start, _table.c.id)
)


def reserve(connection: Connection, reservations: Sequence[Reservation]) -> list[Outcome]:
    """Give each of ``reservations`` its slot, the first in order where several want one (R1).

    Answers ``Reserved``, or the refusal ``full``. One statement for all of them.
    """
    return each_once(connection, reservations, lambda fresh: _reserve(connection, fresh))


def _reserve(connection: Connection, reservations: list[Reservation]) -> list[Outcome]:
    rows = [
        (
            each.slot.index,
            to_seconds(each.slot.start),
            each.slot.doctor,
            each.slot.port,
            each.slot.place,
            each.patient,
            State.BOOKED.value,
            to_seconds(each.at),
        )
        for each in reservations
    ]
    inserted = set(connection.rows(_RESERVE, batch=_wanted.encode(rows)))
    outcomes = []
    for reservation, (index, start, doctor, _, place, patient, *_) in zip(
        reservations, rows, strict=True
    ):
        # Of several equal ones the first was inserted, if any: what kept it out keeps them out.
        row = (index, start, doctor, place, patient)
        if row in inserted:
            inserted.remove(row)
            answer = Reserved(doctor=reservation.slot.doctor, port=reservation.slot.port)
            outcomes.append(Outcome(answer=answer, changed=reservation.slot))
            note_effect(connection, reservation.at, reservation.deed)
        else:
            outcomes.append(Outcome(answer=TAKEN))
    return outcomes


def cancel(connection: Connection, cancellation: Cancellation) -> Outcome:
    """Give back the patient's own appointment under an index, the earliest that has not begun.

    Answers ``Cancelled``, or the refusal ``not-booked``.
    """
    [outcome] = each_once(connection, [cancellation], lambda _: [_cancel(connection, cancellation)])
    return outcome


def _cancel(connection: Connection, cancellation: Cancellation) -> Outcome:
    found = connection.rows(
        _FIND_OWN,
        patient=cancellation.patient,
        index=cancellation.index,
        now=to_seconds(cancellation.at),
    )
    if not found:
        return Outcome(answer=NOT_BOOKED)
    [(appointment, *slot)] = found
    connection.change(_DELETE, appointment=appointment)
    changed = _to_slot(*slot)
    note_effect(connection, cancellation.at, replace(cancellation.deed, object=_object(changed)))
    answer = Cancelled(code=str(cancellation.index), type="-")
    return Outcome(answer=answer, changed=changed)


def schedule(connection: Connection, patient: str, now: datetime) -> list[Scheduled]:
    """The patient's appointments that have not begun at ``now``, by start; starts are in UTC."""
    return [
        Scheduled(code=str(index), type="-", state=State(state), start=from_seconds(start))
        for index, state, start in connection.rows(_SCHEDULE, patient=patient, now=to_seconds(now))
    ]


def attendances(connection: Connection, slot: Slot) -> list[Attendance]:
    """Who has this hour of the doctor, in booking order.

    Two can be found after the file was renumbered: one booked the index, one the doctor's hour.
    """
    return [
        Attendance(patient=patient, state=State(state))
        for patient, state in connection.rows(
            _ATTENDANCES,
            start=to_seconds(slot.start),
            index=slot.index,
            doctor=slot.doctor,
            place=slot.place,
        )
    ]


def reserved_slots(connection: Connection, now: datetime) -> list[Slot]:
    """Every slot that somebody has and that has not begun at ``now``, by start."""
    return [_to_slot(*row) for row in connection.rows(_RESERVED_SLOTS, now=to_seconds(now))]


def _to_slot(index: int, start: int, doctor: str, port: int, place: int) -> Slot:
    return Slot(index=index, start=from_seconds(start), doctor=doctor, port=port, place=place)
