"""The operations of a center with a city: what they do, whoever asks (section 4). Who may ask for
which patient is judged before (R5); that slots are this city's own is judged here."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from medappt.federation.authority import Authority
from medappt.federation.bookings import Bookings
from medappt.federation.errands import Bell
from medappt.federation.joining import Joining
from medappt.federation.listing import Lister
from medappt.model.appointments import (
    Added,
    Attendance,
    Booked,
    Cancelled,
    ListedSlot,
    NoticeRow,
    Removed,
    Scheduled,
    SlotList,
    Swapped,
)
from medappt.model.audit import AuditVerb, Deed
from medappt.model.identity import Role
from medappt.model.ids import AppointmentId, PersonId, SlotName, parse_appointment_id
from medappt.model.origins import Origin
from medappt.model.records import NOBODY, Contact
from medappt.model.refusals import Code, Refusal, Refused
from medappt.store.answers import Answer
from medappt.store.attendance import patients_in
from medappt.store.audit import note_refusal
from medappt.store.booking import Booking
from medappt.store.cancelling import Giveback, appointments_of, give_back
from medappt.store.connection import Connection
from medappt.store.here import Here
from medappt.store.notices import mark_told, untold_notices
from medappt.store.records import records_of
from medappt.store.removal import (
    Closed,
    Previewed,
    add_slot,
    are_moving,
    conclude_removal,
    preview_removal,
    remove_slot,
)
from medappt.store.results import Answered, Tagged, remember, tag_of

REMOVE_SECONDS = 8.0
"""How long a removal waits for other homes before it says ``moving``: the administrator has an
answer within 10."""

UNKNOWN_TYPE = Refusal(code=Code.UNKNOWN_TYPE, text="no such type of appointment")
NOT_OUR_SLOT = Refusal(code=Code.FORBIDDEN, text="that slot is another city's")

T = TypeVar("T")
A = TypeVar("A", Added, Booked, Cancelled, Removed, Swapped)


class City:
    """``doctors`` are the types of appointment there are, and who sees the patients of each.

    Every operation raises ``Refused`` where the center says no, and ``StoreBusy`` or
    ``StoreFailed`` where the store could not do it; then it is not done. ``tagged`` makes one with
    an effect safe to send again, also while the first still runs. ``changed`` is called after a
    transaction that may have posted a letter or opened a place, ``added`` after a slot was added;
    ``bell`` rings when a home may have decided.
    """

    def __init__(
        self,
        *,
        authority: Authority,
        doctors: Mapping[str, Contact],
        bookings: Bookings,
        lister: Lister,
        clock: IReactorTime,
        bell: Bell,
        changed: Callable[[], object],
        added: Callable[[], object],
    ) -> None:
        self._authority = authority
        self._doctors = doctors
        self._bookings = bookings
        self._lister = lister
        self._clock = clock
        self._bell = bell
        self._changed = changed
        self._added = added
        self._joining = Joining()

    async def book(
        self,
        patient: PersonId,
        slot: SlotName,
        tagged: Tagged | None = None,
        *,
        origin: Origin,
    ) -> Booked:
        """Refused: ``unknown-type``, ``past``, ``already-booked``, ``same-day``, ``weekly-limit``,
        ``unknown-slot``, ``full``, ``unreachable``."""
        wanted = Booking(patient=str(patient), wanted=slot, origin=origin, tagged=tagged)
        return await self._once(
            Booked,
            wanted.deed,
            tagged,
            self._judge_types(slot),
            lambda: self._bookings.book(wanted),
        )

    async def swap(
        self,
        patient: PersonId,
        old: SlotName,
        new: SlotName,
        tagged: Tagged | None = None,
        *,
        origin: Origin,
    ) -> Swapped:
        """Both or neither (R6). Refused: as ``book``, and ``not-booked``."""
        wanted = Booking(
            patient=str(patient), wanted=new, origin=origin, instead=old, tagged=tagged
        )
        refusal = self._judge_types(new) or await self._judge_had(patient, old.code, old.type)
        return await self._once(
            Swapped, wanted.deed, tagged, refusal, lambda: self._bookings.book(wanted)
        )

    async def cancel(
        self,
        patient: PersonId,
        code: AppointmentId,
        type_: str | None = None,
        tagged: Tagged | None = None,
        *,
        origin: Origin,
    ) -> Cancelled:
        """Refused: ``unknown-type``, ``past``, ``not-booked``, ``ambiguous``. It does not wait for
        the owner."""
        giveback = Giveback(
            patient=str(patient), code=code, origin=origin, type=type_, tagged=tagged
        )
        refusal = None if type_ is None else await self._judge_had(patient, code, type_)
        return await self._once(
            Cancelled, giveback.deed, tagged, refusal, lambda: self._give_back(giveback)
        )

    async def _give_back(self, giveback: Giveback) -> Answer:
        answered = await self._authority.act(give_back, giveback)
        self._changed()
        return answered.answer

    async def schedule(self, patient: PersonId) -> Sequence[Scheduled]:
        """What has not begun, and what is waited for, by start."""
        return await self._authority.act(_schedule, str(patient))

    async def notices(self, patient: PersonId, told: int | None = None) -> Sequence[NoticeRow]:
        """What happened to a patient's appointments without their asking, but for what they were
        told: all up to the notice with the number ``told``."""
        return await self._authority.do(_notices, str(patient), told)

    async def add(
        self, slot: SlotName, capacity: int, tagged: Tagged | None = None, *, origin: Origin
    ) -> Added:
        """Refused: ``forbidden``, ``unknown-type``, ``past``, ``exists``."""

        async def effect() -> Answer:
            contact = self._doctors.get(slot.type, NOBODY)
            answered = await self._authority.act(
                add_slot, slot, capacity, contact, tagged, origin=origin
            )
            self._changed()
            self._added()
            return answered.answer

        deed = _deed(origin, AuditVerb.ADD, slot, tagged)
        return await self._once(Added, deed, tagged, self._judge_own(slot), effect)

    async def remove(
        self, slot: SlotName, tagged: Tagged | None = None, *, origin: Origin
    ) -> Removed:
        """Waits up to ``REMOVE_SECONDS`` for the homes of patients of other cities; those that
        have not decided by then are ``moving``. Refused: ``forbidden``, ``unknown-type``, ``past``,
        ``unknown-slot``."""
        return await self._once(
            Removed,
            _deed(origin, AuditVerb.REMOVE, slot, tagged),
            tagged,
            self._judge_own(slot),
            lambda: self._remove(slot, tagged, origin),
        )

    async def _remove(self, slot: SlotName, tagged: Tagged | None, origin: Origin) -> Answer:
        end = self._clock.seconds() + REMOVE_SECONDS
        closed = await self._authority.act(remove_slot, slot, tagged, origin=origin)
        self._changed()
        if isinstance(closed, Answered):
            return closed.answer
        while await self._is_moving(closed):
            left = end - self._clock.seconds()
            if left <= 0 or self._bell.is_closed:
                break
            await self._bell.heard(left)
        return (await self._authority.act(conclude_removal, closed)).answer

    async def _is_moving(self, closed: Closed) -> bool:
        return bool(closed.awaited) and await self._authority.do(are_moving, closed)

    async def preview(self, slot: SlotName, *, origin: Origin) -> Removed:
        """What ``remove`` would do, done to nobody. Refused like it."""
        refusal = self._judge_own(slot)
        if refusal is None:
            try:
                refusal = await self._authority.act(preview_removal, slot)
            except Previewed as previewed:
                return previewed.removed
        raise await self.denied(refusal, _deed(origin, AuditVerb.PREVIEW, slot))

    async def patients(self, slot: SlotName, *, origin: Origin) -> Sequence[Attendance]:
        """Who has a place, in booking order. Refused: ``forbidden``, ``unknown-type``,
        ``unknown-slot``."""
        refusal = self._judge_own(slot)
        if refusal is None:
            answer = await self._authority.do(patients_in, slot)
            if not isinstance(answer, Refusal):
                return answer
            refusal = answer
        raise await self.denied(refusal, _deed(origin, AuditVerb.PATIENTS, slot))

    async def list(self, type_: str, *, origin: Origin) -> SlotList:
        """The open slots of every center. Refused: ``unknown-type``."""
        if type_ not in self._doctors:
            raise await self.denied(
                UNKNOWN_TYPE, Deed(origin=origin, verb=AuditVerb.LIST, object=type_)
            )
        listed = await self._lister.slots(type_)
        slots = (ListedSlot(code=row.name.code, free=row.free) for row in listed.rows)
        return SlotList(slots=tuple(slots), unreachable=listed.unreachable)

    def knows_type(self, type_: str) -> bool:
        """Whether the center has appointments of this type."""
        return type_ in self._doctors

    async def once(
        self, tagged: Tagged | None, operation: Callable[[], Coroutine[Deferred[Any], Any, T]]
    ) -> T:
        """What ``operation`` gives, which keeps its answer under its tag by itself; of the same
        request that runs already, if there is one. ``Refused`` where the tag is another's."""
        return await self._joining.once(tagged, operation)

    async def refuse(self, tagged: Tagged | None, refusal: Refusal, deed: Deed) -> Answer:
        """Raise ``refusal`` of a request that did not come to the store, ``deed``: remembered
        under its tag if it has one, in the audit if an administrator asked. What the tag first
        got, if the request was answered before."""
        if tagged is None:
            raise await self.denied(refusal, deed)

        async def remembered() -> Answer:
            return await self._authority.act(_refuse, deed, tagged, refusal)

        answer = await self._joined(tagged, remembered, deed)
        if isinstance(answer, Refusal):
            raise Refused(answer.code, answer.text)
        return answer

    async def _joined(
        self,
        tagged: Tagged | None,
        effect: Callable[[], Coroutine[Deferred[Any], Any, Answer]],
        deed: Deed,
    ) -> Answer:
        try:
            return await self._joining.once(tagged, effect)
        except Refused as reused:  # by a request that is still under way
            raise await self.denied(reused.refusal, deed) from None

    async def denied(self, refusal: Refusal, deed: Deed) -> Refused:
        """What is to be raised for a request that is refused and not remembered, ``deed``: one of
        an administrator is in the audit then."""
        if deed.origin.role is Role.ADMINISTRATOR:
            await self._authority.act(_note_refusal, deed, refusal)
        return Refused(refusal.code, refusal.text)

    def _judge_own(self, slot: SlotName) -> Refusal | None:
        if slot.city != self._authority.city:
            return NOT_OUR_SLOT
        return self._judge_types(slot)

    def _judge_types(self, slot: SlotName) -> Refusal | None:
        return None if slot.type in self._doctors else UNKNOWN_TYPE

    async def _judge_had(
        self, patient: PersonId, code: AppointmentId, type_: str
    ) -> Refusal | None:
        """What somebody has can be given back, also when its type is in the settings no more."""
        if type_ in self._doctors:
            return None
        named = SlotName(code=code, type=type_)
        records = await self._authority.do(records_of, str(patient))
        return None if any(record.name == named for record in records) else UNKNOWN_TYPE

    async def _once(
        self,
        kind: type[A],
        deed: Deed,
        tagged: Tagged | None,
        refusal: Refusal | None,
        effect: Callable[[], Coroutine[Deferred[Any], Any, Answer]],
    ) -> A:
        if refusal is not None:
            answer = await self.refuse(tagged, refusal, deed)
        else:
            answer = await self._joined(tagged, effect, deed)
        if isinstance(answer, Refusal):
            raise Refused(answer.code, answer.text)
        assert isinstance(answer, kind), "a tag has one text, and so one kind of answer"
        return answer


def _deed(origin: Origin, verb: AuditVerb, slot: SlotName, tagged: Tagged | None = None) -> Deed:
    return Deed(origin=origin, verb=verb, object=str(slot), tag=tag_of(tagged))


def _refuse(
    connection: Connection, here: Here, deed: Deed, tagged: Tagged | None, refusal: Refusal
) -> Answer:
    """A refusal before the store was asked is remembered as well."""
    return remember(connection, deed, tagged, here.now, refusal).answer


def _note_refusal(connection: Connection, here: Here, deed: Deed, refusal: Refusal) -> None:
    note_refusal(connection, here.now, deed, refusal)


def _notices(connection: Connection, patient: str, told: int | None) -> list[NoticeRow]:
    if told is not None:
        mark_told(connection, patient, told)
    return [
        NoticeRow(
            number=notice.number,
            kind=notice.kind,
            code=notice.name.code,
            type=notice.name.type,
            new_code=None if notice.new_code is None else parse_appointment_id(notice.new_code),
            at=notice.at,
        )
        for notice in untold_notices(connection, patient)
    ]


def _schedule(connection: Connection, here: Here, patient: str) -> list[Scheduled]:
    return appointments_of(connection, patient, here.now)
