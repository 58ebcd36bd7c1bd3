"""People at their machines: production's clients of the line protocol, again until answered."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.task import deferLater

from medappt.model.appointments import Booked, Swapped
from medappt.model.refusals import Code, Refused
from medappt.patient.addresses import Address
from medappt.patient.dialects import question_in
from medappt.patient.estimate import open_estimate_socket
from medappt.patient.failures import NoAnswer, NoEstimate, ServerGone
from medappt.patient.remote_city import RemoteCity, connect_city
from medappt.wire.foreign import Dialect
from tests.simulation.errands import Errand, Seen, Told, is_final
from tests.simulation.machine import Machine
from tests.simulation.scenery import HOSTS, PASSWORD, TCP_PORT
from tests.simulation.wishes import Look, Wishes

if TYPE_CHECKING:
    from tests.simulation.desk import Desk

T = TypeVar("T")

RETRY_SECONDS = 0.5
PLANS = ("insurance1", "insurance2", "insurance3", "insurance9")


class Customer:
    """One session of a user: one thing at a time, with pauses, until the doors close.

    What has an effect is asked under a tag, and again under the same tag until it is answered: on
    the same connection where that lives, else on a new one. ``desk`` is told of it all.
    """

    def __init__(
        self, *, user: str, machine: Machine, dice: Random, wishes: Wishes, desk: Desk, pause: float
    ) -> None:
        self.user = user
        self._machine = machine
        self._dice = dice
        self._wishes = wishes
        self._desk = desk
        self._pause = pause
        self._city: RemoteCity | None = None
        self._last: Errand | None = None

    async def live(self) -> None:
        """Until the doors close, and then until the last request is answered."""
        await self._wait(self._dice.random() * self._pause)
        while self._desk.is_open:
            await self._do_something()
            if self._dice.random() < 0.3:
                await self._leave()
            await self._wait(self._dice.expovariate(1 / self._pause))
        await self._leave()

    async def _do_something(self) -> None:
        if self._last is not None and self._dice.random() < 0.15:
            await self.see_through(self._last)
            return
        wish = self._wishes.next(self.user)
        if isinstance(wish, Look):
            await self._look(wish)
            return
        told = await self.see_through(wish)
        self._last = wish
        if isinstance(told, Booked | Swapped) and self._dice.random() < 0.25:
            await self._ask_cost(told)

    async def see_through(self, errand: Errand) -> Told:
        """Ask until it is answered."""
        self._desk.asked(errand)
        while True:
            told = await self._ask(errand)
            if told is not None and is_final(told):
                self._desk.told(errand, told)
                return told
            await self._wait(RETRY_SECONDS * (0.5 + self._dice.random()))

    async def _ask(self, errand: Errand) -> Told | None:
        """One attempt: ``None`` where it is not known what came of it."""
        try:
            city = await self._connected()
            if city is None:
                return None
            return await errand.ask(city)
        except Refused as refused:
            return refused.refusal
        except (ServerGone, NoAnswer):
            self._city = None
            return None

    async def _connected(self) -> RemoteCity | None:
        """A center that knows us; ``None`` where it has no time."""
        if self._city is not None:
            return self._city
        endpoint = TCP4ClientEndpoint(self._machine, HOSTS[self.user[:3]], TCP_PORT)
        city = await connect_city(endpoint, self._machine)
        try:
            is_known = await city.authenticate(self.user, PASSWORD)
        except Refused as refused:
            self._desk.require(refused.refusal.code is Code.BUSY, "a login got", refused)
            await city.close()
            return None
        self._desk.require(is_known, self.user, "was not let in with the right password")
        self._city = city
        return city

    async def _leave(self) -> None:
        if self._city is not None:
            city, self._city = self._city, None
            await (city.quit() if self._dice.random() < 0.5 else city.close())

    async def _look(self, look: Look) -> None:
        """Something without an effect; once, and nothing is lost if it fails."""
        began = self._desk.look_begins()
        try:
            city = await self._connected()
            if city is None:
                return
            seen: Seen
            if look.preview is not None:
                seen = await city.preview(look.preview)
            elif look.type is not None:
                seen = await city.list(look.type)
            else:
                seen = await city.schedule()
        except Refused as refused:
            is_gone = refused.refusal.code in (Code.UNKNOWN_SLOT, Code.PAST)
            may_be = refused.refusal.code is Code.BUSY or (look.preview is not None and is_gone)
            self._desk.require(may_be, self.user, "asked", look, "and got", refused)
        except (ServerGone, NoAnswer):
            self._city = None
        else:
            self._desk.saw(self.user, look, seen, began)

    async def _ask_cost(self, place: Booked | Swapped) -> None:
        assert place.host is not None
        assert place.port is not None
        plan, asked_at = self._dice.choice(PLANS), self._machine.seconds()
        doctor = Address(host=place.host, port=place.port)
        socket = open_estimate_socket(self._machine, self._machine, doctor)
        try:
            amount = await socket.ask(question_in(Dialect.LINE, plan, self.user))
        except NoEstimate:
            self._desk.no_estimate(asked_at)
        else:
            self._desk.estimated(place, plan, amount)

    def _wait(self, seconds: float) -> Deferred[None]:
        return deferLater(self._machine, seconds, _nothing)


def _nothing() -> None:
    """Time passes."""
