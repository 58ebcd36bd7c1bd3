"""The avatars of users of a center with a city: every right is judged here, once (R5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from zope.interface import implementer

from medappt.center.center import Center
from medappt.center.visitor import AnyVisitor, IVisitor, Visitor, selection_text
from medappt.federation.city import City
from medappt.model import rules
from medappt.model.appointments import (
    Added,
    Attendance,
    Booked,
    Cancelled,
    NoticeRow,
    Removed,
    Reserved,
    Scheduled,
    SlotList,
    Swapped,
)
from medappt.model.audit import AuditVerb, Deed
from medappt.model.identity import User
from medappt.model.ids import AppointmentId, PersonId, SlotName, parse_person
from medappt.model.operations import NumberedSlotOperations
from medappt.model.origins import Origin
from medappt.model.refusals import Code, Refusal, Refused
from medappt.model.slots import FreeSlot, SlotState
from medappt.store.answers import Answer
from medappt.store.results import Tagged
from medappt.wire.city_requests import (
    Add,
    Book,
    CancelId,
    CancelIndexFor,
    CityCommand,
    Remove,
    Swap,
    city_words,
)

T = TypeVar("T")

_NO_PATIENT = Refusal(code=Code.UNKNOWN_PATIENT, text="no such patient")
_NO_APPOINTMENTS = Refusal(code=Code.FORBIDDEN, text="an administrator has no appointments")
_WHOSE = Refusal(code=Code.SYNTAX, text="an administrator names the patient")


@implementer(IVisitor)
class CityVisitor(AnyVisitor):
    """A user's requests, each judged and then done; see ``CityOperations``.

    ``numbered`` are those about the center's numbered slots, if it has any.
    """

    def __init__(
        self, user: User, person: PersonId, center: Center, city: City, origin: Origin
    ) -> None:
        super().__init__(user, origin)
        self._person = person
        self._center = center
        self._city = city
        self._visitor = Visitor(user, center, origin)
        self._numbered = _NumberedSlots(self, self._visitor, city)

    @property
    def numbered(self) -> NumberedSlotOperations:
        return self._numbered

    async def list(self, type_: str) -> SlotList:
        return await self._city.list(type_, origin=self.origin)

    async def book(
        self, slot: SlotName, patient: PersonId | None = None, tag: str | None = None
    ) -> Booked:
        tagged = self._tagged(tag, Book(slot=slot, patient=patient))
        deed = self._deed(AuditVerb.BOOK, slot, patient, tag)
        whose = await self._whom(patient, deed, tagged, slot.type)
        return await self._city.book(whose, slot, tagged, origin=self.origin)

    async def cancel(
        self,
        code: AppointmentId,
        type_: str | None = None,
        patient: PersonId | None = None,
        tag: str | None = None,
    ) -> Cancelled:
        tagged = self._tagged(tag, CancelId(code=code, type=type_, patient=patient))
        object_ = code if type_ is None else SlotName(code=code, type=type_)
        deed = self._deed(AuditVerb.CANCEL, object_, patient, tag)
        types = [] if type_ is None else [type_]
        whose = await self._whom(patient, deed, tagged, *types)
        return await self._city.cancel(whose, code, type_, tagged, origin=self.origin)

    async def cancel_index(self, index: int, patient: PersonId, tag: str | None) -> Cancelled:
        """Give back a patient's place under the index of a numbered slot. Refused:
        ``not-booked``."""
        tagged = self._tagged(tag, CancelIndexFor(index=index, patient=patient))
        deed = self._deed(AuditVerb.CANCEL, index, patient, tag)
        whose = await self._whom(patient, deed, tagged)
        return await self._city.once(
            tagged, lambda: self._center.cancel(str(whose), index, tagged, origin=self.origin)
        )

    async def swap(
        self,
        old: SlotName,
        new: SlotName,
        patient: PersonId | None = None,
        tag: str | None = None,
    ) -> Swapped:
        tagged = self._tagged(tag, Swap(old=old, new=new, patient=patient))
        deed = self._deed(AuditVerb.SWAP, f"{old} to {new}", patient, tag)
        whose = await self._whom(patient, deed, tagged, old.type, new.type)
        return await self._city.swap(whose, old, new, tagged, origin=self.origin)

    async def schedule(self, patient: PersonId | None = None) -> Sequence[Scheduled]:
        whose = await self._whom(patient, self._deed(AuditVerb.SCHEDULE, "", patient))
        rows = [*await self._city.schedule(whose), *await self._center.schedule(str(whose))]
        return sorted(rows, key=lambda row: row.start)

    async def notices(self, told: int | None = None) -> Sequence[NoticeRow]:
        return await self._city.notices(self._person, told)

    async def patients(self, slot: SlotName) -> Sequence[Attendance]:
        rules.require_administrator(self.user)
        return await self._city.patients(slot, origin=self.origin)

    async def add(self, slot: SlotName, capacity: int, tag: str | None = None) -> Added:
        tagged = self._tagged(tag, Add(slot=slot, capacity=capacity))
        await self._require_administrator(self._deed(AuditVerb.ADD, slot, None, tag), tagged)
        return await self._city.add(slot, capacity, tagged, origin=self.origin)

    async def remove(self, slot: SlotName, tag: str | None = None) -> Removed:
        tagged = self._tagged(tag, Remove(slot=slot))
        await self._require_administrator(self._deed(AuditVerb.REMOVE, slot, None, tag), tagged)
        return await self._city.remove(slot, tagged, origin=self.origin)

    async def preview(self, slot: SlotName) -> Removed:
        rules.require_administrator(self.user)
        return await self._city.preview(slot, origin=self.origin)

    async def refuse(self, tag: str | None, text: str, refusal: Refusal) -> Answer:
        tagged = self._visitor.tagged(tag, text)
        return await self._city.refuse(tagged, refusal, self._visitor.deed(tag, text))

    async def _whom(
        self, named: PersonId | None, deed: Deed, tagged: Tagged | None = None, *types: str
    ) -> PersonId:
        """The patient for whom the user acts. Refused: ``syntax``, ``forbidden``; and
        ``unknown-patient``, unless one of ``types`` is not known either, which comes before it."""
        whose = await self._judged(lambda: rules.whom(self._person, named), deed, tagged)
        if self._person.is_administrator and all(map(self._city.knows_type, types)):
            is_known = not whose.is_administrator and await self._center.knows(str(whose))
            if not is_known:
                # if it was answered when first asked, so will it be behind this
                await self._city.refuse(tagged, _NO_PATIENT, deed)
        return whose

    async def _judged(self, judge: Callable[[], T], deed: Deed, tagged: Tagged | None) -> T:
        """What ``judge`` gives. Its refusal follows from the user and the words alone, so it is the
        same each time; it is remembered like others."""
        try:
            return judge()
        except Refused as refused:
            await self._city.refuse(tagged, refused.refusal, deed)
            raise

    async def _require_administrator(self, deed: Deed, tagged: Tagged | None) -> None:
        await self._judged(lambda: rules.require_administrator(self.user), deed, tagged)

    def _deed(
        self, verb: AuditVerb, object_: object, patient: PersonId | None, tag: str | None = None
    ) -> Deed:
        """What the audit says of a request of this user."""
        whose = None if patient is None else str(patient)
        return Deed(origin=self.origin, verb=verb, object=str(object_), patient=whose, tag=tag)

    def _tagged(self, tag: str | None, command: CityCommand) -> Tagged | None:
        """What makes ``command`` the same when it comes again. Refused: ``syntax`` for what no
        request can say."""
        try:
            text = " ".join(city_words(command))
        except ValueError as error:
            raise Refused(Code.SYNTAX, str(error)) from None
        return self._visitor.tagged(tag, text)


class _NumberedSlots:
    """The numbered slots of a center with a city; see ``NumberedSlotOperations``."""

    def __init__(self, city_visitor: CityVisitor, visitor: Visitor, city: City) -> None:
        self._city_visitor = city_visitor
        self._visitor = visitor
        self._city = city

    async def available(self) -> Sequence[FreeSlot]:
        return await self._visitor.available()

    async def slots(self) -> Sequence[SlotState]:
        return await self._visitor.slots()

    async def select(self, index: str, tag: str | None = None) -> Reserved:
        """Refused to administrators, who have no appointments: ``forbidden``."""
        tagged = self._visitor.tagged(tag, selection_text(index))
        if self._visitor.user.is_administrator:
            deed = self._visitor.deed(tag, "selection")
            await self._city.refuse(tagged, _NO_APPOINTMENTS, deed)
        return await self._city.once(tagged, lambda: self._visitor.select(index, tag))

    async def cancel(self, index: int, tag: str | None = None) -> Cancelled:
        """Refused to administrators: ``syntax``, see ``CityVisitor.cancel_index``."""
        tagged = self._visitor.tagged(tag, f"cancel {index}")
        if self._visitor.user.is_administrator:
            await self._city.refuse(tagged, _WHOSE, self._visitor.deed(tag, "cancel"))
        return await self._city.once(tagged, lambda: self._visitor.cancel(index, tag))

    async def schedule(self, patient: str | None = None) -> Sequence[Scheduled]:
        """Of all slots; see ``CityOperations``. Refused: ``syntax`` for what is no patient's ID."""
        named = None if patient is None else parse_person(patient)
        if patient is not None and named is None:
            raise Refused(Code.SYNTAX, "expected: schedule [PATIENT]")
        return await self._city_visitor.schedule(named)

    async def patients(self, index: int) -> Sequence[Attendance]:
        return await self._visitor.patients(index)
