"""What a home asks of an owner, near or far (section 8): one interface, the local store and a peer
over UDP behind it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol, TypeVar

from twisted.internet.defer import Deferred

from medappt.federation.authority import Authority
from medappt.federation.link import LinkStopped
from medappt.model.ids import SlotName
from medappt.model.records import Cursor, Held, Listing
from medappt.model.refusals import Refusal
from medappt.store import holding, slots
from medappt.store.connection import Connection
from medappt.store.here import Here
from medappt.store.judgement import UNREACHABLE
from medappt.wire.federation import (
    Confirm,
    Done,
    Hold,
    List,
    ListPage,
    Release,
    Request,
    Unwait,
    Wait,
    fill_page,
)

HOLD_SECONDS = 8.0
"""How long a home waits for a place before it gives up: every client has its answer within 10."""

LIST_SECONDS = 1.0
"""For all pages of a city's list: it is looked at by somebody who waits."""

ROWS_AT_ONCE = 64
"""Rows of ``list`` read for a page: more than fit a datagram."""

R = TypeVar("R")


class OwnerOperations(Protocol):
    """What the owner of slots does for one home. Each may be asked any number of times.

    What changes something is durable before the result. ``LinkStopped`` is raised where the owner
    cannot be asked; ``Refused`` for an id that is not of the home's making, but by ``hold``.
    """

    def hold(
        self, id_: str, name: SlotName, patient: str, replaces: str | None = None
    ) -> Awaitable[Held | Refusal]:
        """Keep a place while the home decides, or the refusal: ``past``, ``unknown-slot``,
        ``full``, ``forbidden``, and ``unreachable`` where there was no answer in time."""

    def confirm(self, id_: str) -> Awaitable[bool]:
        """The place is taken; ``False``: it is unknown, or was released."""

    def release(self, id_: str) -> Awaitable[None]:
        """The place is given back, whatever it was."""

    def wait(self, id_: str) -> Awaitable[None]:
        """The patient of a released place waits for another."""

    def unwait(self, id_: str) -> Awaitable[None]:
        """The patient waits no more."""

    def list(self, type_: str, after: Cursor | None) -> Awaitable[ListPage]:
        """Open slots of a type by start, then ID, behind ``after``; ``LinkStopped`` also where no
        answer came in time."""


class LocalOwner:
    """The owner is this center; the home is ``home``."""

    def __init__(self, authority: Authority, home: str) -> None:
        self._authority = authority
        self._home = home

    async def hold(
        self, id_: str, name: SlotName, patient: str, replaces: str | None = None
    ) -> Held | Refusal:
        return await self._authority.act(
            holding.hold, self._home, id_, name, patient, replaces=replaces
        )

    async def confirm(self, id_: str) -> bool:
        return await self._authority.act(holding.confirm, self._home, id_)

    async def release(self, id_: str) -> None:
        await self._authority.act(holding.release, self._home, id_)

    async def wait(self, id_: str) -> None:
        await self._authority.act(holding.wait, self._home, id_)

    async def unwait(self, id_: str) -> None:
        await self._authority.act(holding.unwait, self._home, id_)

    async def list(self, type_: str, after: Cursor | None) -> ListPage:
        rows = await self._authority.act(_rows, type_, after)
        return fill_page(rows[:ROWS_AT_ONCE], more=len(rows) > ROWS_AT_ONCE)


def _rows(connection: Connection, here: Here, type_: str, after: Cursor | None) -> list[Listing]:
    return slots.list_slots(connection, type_, here.now, after=after, most=ROWS_AT_ONCE + 1)


class Asks(Protocol):
    """Brings requests to peers: the link."""

    def request(
        self, city: str, message: Request[R], deadline: float | None = None, /
    ) -> Deferred[R | None]:
        """What the peer answers; ``None`` where it has not within ``deadline`` seconds. Fails
        with ``LinkStopped``."""


class PeerOwner:
    """The owner is the center of ``city``; the home is this one."""

    def __init__(self, link: Asks, city: str) -> None:
        self._link = link
        self._city = city

    async def hold(
        self, id_: str, name: SlotName, patient: str, replaces: str | None = None
    ) -> Held | Refusal:
        message = Hold(id=id_, name=name, patient=patient, replaces=replaces)
        try:
            reply = await self._link.request(self._city, message, HOLD_SECONDS)
        except LinkStopped:
            return UNREACHABLE
        return UNREACHABLE if reply is None else reply

    async def confirm(self, id_: str) -> bool:
        return isinstance(await self._ask(Confirm(id=id_)), Done)

    async def release(self, id_: str) -> None:
        await self._ask(Release(id=id_))

    async def wait(self, id_: str) -> None:
        await self._ask(Wait(id=id_))

    async def unwait(self, id_: str) -> None:
        await self._ask(Unwait(id=id_))

    async def list(self, type_: str, after: Cursor | None) -> ListPage:
        message = List(type=type_, after=after)
        page = await self._link.request(self._city, message, LIST_SECONDS)
        if page is None:
            raise LinkStopped("no answer in time")
        return page

    async def _ask(self, message: Request[R]) -> R:
        reply = await self._link.request(self._city, message)
        assert reply is not None, "without a deadline there is an answer, or a failure"
        return reply
