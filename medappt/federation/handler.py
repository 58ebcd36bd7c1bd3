"""What peers ask of this center, as owner and as home (section 8)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeAlias

from medappt.federation.authority import Authority
from medappt.federation.doubt import Doubt
from medappt.federation.owners import LocalOwner
from medappt.federation.runs import Runs
from medappt.model.records import Entry, Held
from medappt.model.refusals import Refusal
from medappt.store.booking import record_state
from medappt.store.comparing import places_of, records_at
from medappt.store.connection import Connection
from medappt.store.here import Here
from medappt.wire.federation import (
    AuditHead,
    Confirm,
    Done,
    Entries,
    Heads,
    Hold,
    KeptHead,
    List,
    Lost,
    Move,
    Places,
    RecordIs,
    Records,
    Release,
    Reply,
    Request,
    Status,
    Unwait,
    Wait,
    fill_entries,
)


class KeepHead(Protocol):
    """Keeps the audit heads of peers."""

    def __call__(self, peer: str, head: AuditHead, /) -> Awaitable[AuditHead | None]:
        """Keep the head of a peer's audit, durably: the one that was kept before."""


ENTRIES_AT_ONCE = 16
"""Entries read for a page: more than fit a datagram."""

Kept: TypeAlias = Callable[[Connection, Here, str, str | None, int], list[Entry]]
"""What is kept of appointments with a peer, behind an ID, and so much of it at most."""


class Answering:
    """The handler of a link. ``changed`` is called after a transaction that may have opened a
    place, or decided a removal."""

    def __init__(
        self,
        authority: Authority,
        doubt: Doubt,
        runs: Runs,
        changed: Callable[[], object],
        keep_head: KeepHead,
    ) -> None:
        self._authority = authority
        self._doubt = doubt
        self._runs = runs
        self._changed = changed
        self._keep_head = keep_head

    async def __call__(self, peer: str, request: Request[Any], /) -> Reply:
        """Fails, so that there is no answer, with ``Refused`` for an id of another's making, with
        ``StoreBusy`` and with ``StoreFailed``."""
        match request:
            case Status():
                return RecordIs(state=await self._authority.do(record_state, peer, request.id))
            case Move():
                return await self._runs.move(peer, request.id, request.page)
            case Places():
                return await self._entries(places_of, peer, request.after)
            case Records():
                return await self._entries(records_at, peer, request.after)
            case Heads():
                return KeptHead(head=await self._keep_head(peer, request.head))
            case _:
                return await self._as_owner(peer, LocalOwner(self._authority, peer), request)

    async def _entries(self, kept: Kept, peer: str, after: str | None) -> Entries:
        found = await self._authority.act(kept, peer, after, ENTRIES_AT_ONCE + 1)
        return fill_entries(found[:ENTRIES_AT_ONCE], more=len(found) > ENTRIES_AT_ONCE)

    async def _as_owner(self, peer: str, owner: LocalOwner, request: Request[Any]) -> Reply:
        reply: Reply = Done()
        match request:
            case List():
                return await owner.list(request.type, request.after)
            case Hold():
                return await self._hold(peer, owner, request)
            case Confirm():
                reply = Done() if await owner.confirm(request.id) else Lost()
                self._doubt.forget(request.id)
            case Release():
                await owner.release(request.id)
                self._doubt.forget(request.id)
            case Wait():
                await owner.wait(request.id)
            case _:
                assert isinstance(request, Unwait), "there are no others"
                await owner.unwait(request.id)
        self._changed()
        return reply

    async def _hold(self, peer: str, owner: LocalOwner, request: Hold) -> Held | Refusal:
        reply = await owner.hold(request.id, request.name, request.patient, request.replaces)
        if isinstance(reply, Held):
            self._doubt.watch(request.id, peer)
        return reply
