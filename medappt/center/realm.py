"""Who may do what: the avatars of users and the realm that makes them (twisted.cred).

Every decision about rights is made here, once, behind every door (R5).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.cred.portal import IRealm
from twisted.internet.defer import Deferred
from zope.interface import Interface, implementer

from medappt.center.center import Center
from medappt.model import rules
from medappt.model.appointments import Attendance, Cancelled, Reserved, Scheduled
from medappt.model.audit import Deed, requested
from medappt.model.identity import User
from medappt.model.origins import Origin
from medappt.model.refusals import Code, Refusal, Refused
from medappt.model.slots import FreeSlot, SlotState
from medappt.store import people
from medappt.store.results import Tagged
from medappt.store.writer import Writer
from medappt.wire import words


class IVisitor(Interface):
    """A user who has logged in, and what they may ask of the center:
    ``model.operations.NumberedSlotOperations``."""


@implementer(IVisitor)
class Visitor:
    """A user's requests from the address ``source``, each judged and then done; see
    ``NumberedSlotOperations``."""

    def __init__(self, user: User, center: Center, source: str) -> None:
        self.user = user
        self.origin = Origin(actor=user.name, role=user.role, source=source)
        self._center = center

    async def available(self) -> Sequence[FreeSlot]:
        return self._center.free_slots()

    async def slots(self) -> Sequence[SlotState]:
        return self._center.slots()

    async def select(self, index: str, tag: str | None = None) -> Reserved:
        return await self._center.select(self.user.name, index, tag, origin=self.origin)

    async def cancel(self, index: int, tag: str | None = None) -> Cancelled:
        return await self._center.cancel(self.user.name, index, tag, origin=self.origin)

    async def schedule(self, patient: str | None = None) -> Sequence[Scheduled]:
        whose = rules.whose_schedule(self.user, patient)
        if whose != self.user.name and not (
            words.is_storable(whose) and await self._center.knows(whose)
        ):
            raise Refused(Code.UNKNOWN_PATIENT, "no such patient")
        return await self._center.schedule(whose)

    async def patients(self, index: int) -> Sequence[Attendance]:
        rules.require_administrator(self.user)
        return await self._center.patients(index, origin=self.origin)

    async def refuse(self, tag: str, text: str, refusal: Refusal) -> Reserved | Cancelled:
        """Refuse a tagged request that is none, ``text``: the refusal is remembered (section 4).

        Returns what the tag got first if it was answered before; raises ``Refused`` else.
        """
        tagged = Tagged(user=self.user.name, tag=tag, text=text)
        word = text.partition(" ")[0]
        deed = Deed(origin=self.origin, verb=requested(word), object="", tag=tag)
        return await self._center.refuse(tagged, refusal, deed)


@implementer(IRealm)
class CenterRealm:
    """Turns a name whose password was good into a ``Visitor``."""

    def __init__(self, center: Center, writer: Writer) -> None:
        self._center = center
        self._writer = writer

    def requestAvatar(
        self, avatarId: bytes | tuple[()], mind: object, *interfaces: type[Interface]
    ) -> Deferred[tuple[type[Interface], object, Callable[[], None]]]:
        """See ``IRealm``; ``IVisitor`` is the only interface there is. ``mind`` is the address the
        user is at."""
        if IVisitor not in interfaces or not isinstance(avatarId, bytes):
            raise NotImplementedError("a center knows visitors only")
        return Deferred.fromCoroutine(self._admit(words.decode(avatarId), str(mind)))

    async def _admit(
        self, name: str, source: str
    ) -> tuple[type[Interface], object, Callable[[], None]]:
        person = await self._writer.submit(lambda connection: people.find_person(connection, name))
        if person is None:
            raise LookupError("a user who has just logged in is not in the store")
        user = User(name=person.name, role=person.role)
        return IVisitor, Visitor(user, self._center, source), _nothing_to_do


def _nothing_to_do() -> None:
    """A visitor leaves nothing behind at logout."""
