"""Who has logged in: the realm that makes the avatars of users (twisted.cred)."""

from __future__ import annotations

from collections.abc import Callable

from twisted.cred.portal import IRealm
from twisted.internet.defer import Deferred
from zope.interface import Interface, implementer

from medappt.center.center import Center
from medappt.center.city_visitor import CityVisitor
from medappt.center.visitor import AnyVisitor, IVisitor, Visitor
from medappt.federation.city import City
from medappt.model.identity import User
from medappt.model.ids import parse_person
from medappt.model.origins import Origin
from medappt.store import people
from medappt.store.writer import Writer
from medappt.wire import words


@implementer(IRealm)
class CenterRealm:
    """Turns a name whose password was good into a ``Visitor``, or a ``CityVisitor`` where the
    center has a ``city``. A mind is the address somebody comes from, as text."""

    def __init__(self, center: Center, writer: Writer, city: City | None = None) -> None:
        self._center = center
        self._writer = writer
        self._city = city

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
        origin = Origin(actor=user.name, role=user.role, source=source)
        return IVisitor, self._visitor(user, origin), _nothing_to_do

    def _visitor(self, user: User, origin: Origin) -> AnyVisitor:
        if self._city is None:
            return Visitor(user, self._center, origin)
        whom = parse_person(user.name)
        assert whom is not None, "who can log in here is in the users file, whose names are IDs"
        return CityVisitor(user, whom, self._center, self._city, origin)


def _nothing_to_do() -> None:
    """A visitor leaves nothing behind at logout."""
