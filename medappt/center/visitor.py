"""The avatars of users of a center without a city (twisted.cred), and what all avatars have."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from zope.interface import Interface, implementer

from medappt.center.center import Center
from medappt.model import rules
from medappt.model.appointments import Attendance, Cancelled, Reserved, Scheduled
from medappt.model.audit import AuditVerb, Deed, requested
from medappt.model.identity import User
from medappt.model.operations import NumberedSlotOperations
from medappt.model.origins import Origin
from medappt.model.refusals import Code, Refusal, Refused
from medappt.model.slots import FreeSlot, SlotState, parse_index
from medappt.store.answers import Answer
from medappt.store.results import Tagged
from medappt.wire import words

_NO_PATIENT = Refusal(code=Code.UNKNOWN_PATIENT, text="no such patient")


class IVisitor(Interface):
    """A user who has logged in, and what they may ask of the center: ``AnyVisitor``."""


class AnyVisitor(ABC):
    """What a session needs of a visitor of whatever center. ``origin`` is who asks, and from
    where."""

    def __init__(self, user: User, origin: Origin) -> None:
        self.user = user
        self.origin = origin

    @property
    @abstractmethod
    def numbered(self) -> NumberedSlotOperations:
        """Their requests about numbered slots."""

    @abstractmethod
    async def refuse(self, tag: str | None, text: str, refusal: Refusal) -> Answer:
        """Refuse a request that is none, ``text``: the refusal is remembered if it has a ``tag``
        (section 4), and is in the audit if an administrator asked.

        Returns what the tag got first if it was answered before; raises ``Refused`` else.
        """


@implementer(IVisitor)
class Visitor(AnyVisitor):
    """A user's requests at a center without a city, each judged and then done; see
    ``NumberedSlotOperations``."""

    def __init__(self, user: User, center: Center, origin: Origin) -> None:
        super().__init__(user, origin)
        self._center = center

    @property
    def numbered(self) -> NumberedSlotOperations:
        """There are no others."""
        return self

    async def available(self) -> Sequence[FreeSlot]:
        return self._center.free_slots()

    async def slots(self) -> Sequence[SlotState]:
        return self._center.slots()

    async def select(self, index: str, tag: str | None = None) -> Reserved:
        tagged = self.tagged(tag, selection_text(index))
        return await self._center.select(self.user.name, index, tagged, origin=self.origin)

    async def cancel(self, index: int, tag: str | None = None) -> Cancelled:
        tagged = self.tagged(tag, f"cancel {index}")
        return await self._center.cancel(self.user.name, index, tagged, origin=self.origin)

    async def schedule(self, patient: str | None = None) -> Sequence[Scheduled]:
        deed = Deed(origin=self.origin, verb=AuditVerb.SCHEDULE, object="", patient=patient)
        try:
            whose = rules.whose_schedule(self.user, patient)
        except Refused as refused:
            raise await self._center.denied(refused.refusal, deed) from None
        if whose != self.user.name and not (
            words.is_storable(whose) and await self._center.knows(whose)
        ):
            raise await self._center.denied(_NO_PATIENT, deed)
        return await self._center.schedule(whose)

    async def patients(self, index: int) -> Sequence[Attendance]:
        rules.require_administrator(self.user)
        return await self._center.patients(index, origin=self.origin)

    async def refuse(self, tag: str | None, text: str, refusal: Refusal) -> Answer:
        return await self._center.refuse(self.tagged(tag, text), refusal, self.deed(tag, text))

    def deed(self, tag: str | None, text: str) -> Deed:
        """What the audit says of a line that is no request."""
        word = text.partition(" ")[0]
        return Deed(origin=self.origin, verb=requested(word), object="", tag=tag)

    def tagged(self, tag: str | None, text: str) -> Tagged | None:
        """What makes this user's request ``text`` the same when it comes again."""
        return None if tag is None else Tagged(user=self.user.name, tag=tag, text=text)


def selection_text(word: str) -> str:
    """What a tag of a selection stands for: ``2`` and ``02`` are the same index."""
    index = parse_index(word)
    return f"selection {word if index is None else index}"
