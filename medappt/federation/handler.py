"""What peers ask of this center, as owner and as home (section 8)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from medappt.federation.authority import Authority
from medappt.federation.doubt import Doubt
from medappt.federation.owners import LocalOwner
from medappt.federation.runs import Runs
from medappt.model.records import Held
from medappt.model.refusals import Refusal
from medappt.store.booking import record_state
from medappt.wire.federation import (
    AuditHead,
    Confirm,
    Done,
    Heads,
    Hold,
    KeptHead,
    List,
    Lost,
    Move,
    RecordIs,
    Release,
    Reply,
    Request,
    Status,
    Unwait,
    Wait,
)


class KeepHead(Protocol):
    """Keeps the audit heads of peers."""

    def __call__(self, peer: str, head: AuditHead, /) -> Awaitable[AuditHead | None]:
        """Keep the head of a peer's audit, durably: the one that was kept before."""


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
            case Heads():
                return KeptHead(head=await self._keep_head(peer, request.head))
            case _:
                return await self._as_owner(peer, LocalOwner(self._authority, peer), request)

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
