"""Centers keep the heads of one another's audits, so that who cuts off the end of one can be found
(section 9)."""

from __future__ import annotations

from collections.abc import Collection

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from medappt.federation.authority import Authority
from medappt.federation.errands import Errands
from medappt.federation.link import LinkStopped
from medappt.federation.owners import Asks
from medappt.model.audit import AuditHead
from medappt.store.audit_chain import audit_head, has_head
from medappt.store.heads import keep_head
from medappt.wire.federation import Heads, KeptHead

HEADS_SECONDS = 60.0
"""How often the own head is told: what was done since could be cut off unnoticed."""

ANSWER_SECONDS = 30.0
"""How long a peer is asked to keep a head; the next one is due then anyhow."""

LATE_SECONDS = 2 * HEADS_SECONDS
"""How long an earlier head may still arrive behind a later one, without contradicting it."""

_ROUNDS = "rounds"


class AuditHeads:
    """Tells ``peers`` the own head, and keeps theirs. What does not fit is an error in the log,
    once until it fits again."""

    _log = Logger()

    def __init__(
        self, authority: Authority, link: Asks, peers: Collection[str], clock: IReactorTime
    ) -> None:
        self._authority = authority
        self._link = link
        self._peers = peers
        self._clock = clock
        self._errands = Errands(clock)
        self._replaced: dict[str, list[tuple[float, AuditHead]]] = {}
        self._contradicted: set[str] = set()
        self._disowned: set[str] = set()

    def start(self) -> None:
        """Begin the first round."""
        self._errands.start(_ROUNDS, self._go)

    def stop(self) -> None:
        """Tell nobody any more."""
        self._errands.stop()

    async def _go(self) -> None:
        while True:
            head = await self._errands.done(lambda: self._authority.do(audit_head))
            if head is not None:
                for peer in sorted(self._peers):
                    self._start(peer, head)
            await self._errands.pause(HEADS_SECONDS)

    def _start(self, peer: str, head: AuditHead) -> None:
        self._errands.start(peer, lambda: self._tell(peer, head))

    async def _tell(self, peer: str, head: AuditHead) -> None:
        try:
            reply = await self._link.request(peer, Heads(head=head), ANSWER_SECONDS)
        except LinkStopped:
            return
        if isinstance(reply, KeptHead) and reply.head is not None:
            await self._compare(peer, reply.head)

    async def _compare(self, peer: str, kept: AuditHead) -> None:
        if await self._errands.done(lambda: self._authority.do(has_head, kept)):
            self._disowned.discard(peer)
        elif peer not in self._disowned:
            self._disowned.add(peer)
            self._log.error(
                "{city}: the audit is not the one whose head {peer} has kept:"
                " medappt audit verify --peer-store tells more",
                city=self._authority.city,
                peer=peer,
            )

    async def keep(self, peer: str, head: AuditHead) -> AuditHead | None:
        """Keep the head of a peer's audit, durably: the one that was kept before. Fails with
        ``StoreBusy`` or ``StoreFailed``."""
        before = await self._authority.act(keep_head, peer, head)
        if before is None or head == before:
            self._contradicted.discard(peer)
        elif head.follows(before):
            self._contradicted.discard(peer)
            self._remember(peer, before)
        elif not self._is_late(peer, head) and peer not in self._contradicted:
            self._contradicted.add(peer)
            self._log.error(
                "{city}: the head of the audit of {peer} contradicts the one kept here",
                city=self._authority.city,
                peer=peer,
            )
        return before

    def _remember(self, peer: str, replaced: AuditHead) -> None:
        now = self._clock.seconds()
        recent = [each for each in self._replaced.get(peer, []) if each[0] > now - LATE_SECONDS]
        self._replaced[peer] = [*recent, (now, replaced)]

    def _is_late(self, peer: str, head: AuditHead) -> bool:
        since = self._clock.seconds() - LATE_SECONDS
        return any(at > since and replaced == head for at, replaced in self._replaced.get(peer, []))
