"""A center's part in the federation, from its start to its end (section 8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime, IReactorUDP
from twisted.logger import Logger
from twisted.python.failure import Failure

from medappt.federation.authority import Authority
from medappt.federation.bookings import Bookings
from medappt.federation.city import City
from medappt.federation.doorway import Doorway
from medappt.federation.doubt import Doubt
from medappt.federation.errands import Bell
from medappt.federation.handler import Answering
from medappt.federation.heads import AuditHeads
from medappt.federation.inquiring import Inquiring
from medappt.federation.letters import Letters
from medappt.federation.link import Address, Link
from medappt.federation.listing import Lister
from medappt.federation.moving import Mover
from medappt.federation.owners import LocalOwner, OwnerOperations, PeerOwner
from medappt.federation.reconciling import Difference, Reconciling
from medappt.federation.rounds import Rounds
from medappt.federation.runs import Runs
from medappt.model.ids import RecordIds
from medappt.model.records import REACH, Contact
from medappt.role.listening import Ports
from medappt.store.booking import abort_pending
from medappt.store.boots import Boot, forget_boot, peer_boot, raise_peer_boot, start_boot
from medappt.store.connection import Connection
from medappt.store.writer import Writer
from medappt.wire.envelope import KEY_BYTES, RANDOM_BYTES, Incarnation
from medappt.wire.federation import Reply, Request, Stale


@dataclass(frozen=True, kw_only=True, slots=True)
class FederationConfiguration:
    """``doctors`` are the types of appointment there are, and who sees the patients of each;
    ``listen`` and ``peers`` are UDP addresses; without peers there is no port. ``above`` is the
    operator's override for a center that was restored: the highest boot number a peer has
    reported."""

    city: str
    zone: tzinfo
    doctors: Mapping[str, Contact]
    listen: Address | None = None
    keys: Sequence[bytes] = field(default=(), repr=False)
    peers: Mapping[str, Address] = field(default_factory=dict)
    above: int = 0
    reach: timedelta = REACH


@dataclass(frozen=True, kw_only=True, slots=True)
class FederationSurroundings:
    """What a federation needs of the world: ``now`` tells the instant (aware, UTC), ``jitter``
    draws from 0 up to 1, ``randomness`` gives so many bytes."""

    clock: IReactorTime
    now: Callable[[], datetime]
    jitter: Callable[[], float] = field(repr=False)
    randomness: Callable[[int], bytes] = field(repr=False)


class Federation(Service):
    """``listen``, then ``begin`` in a transaction, then ``open``; ``start`` is all three.

    The writer is the center's; it is stopped by its owner, after this. ``city`` are the
    operations, once it is open; they go on without the others where it is stale.
    """

    _log = Logger()

    def __init__(
        self,
        configuration: FederationConfiguration,
        surroundings: FederationSurroundings,
    ) -> None:
        self._configuration = configuration
        self._surroundings = surroundings
        self._doorway = Doorway()
        self._ports = Ports()
        self._writer: Writer | None = None
        self._parts: _Parts | None = None

    @property
    def city(self) -> City:
        """The operations. Raises ``RuntimeError`` before the start."""
        return self._running.city

    @property
    def link(self) -> Link:
        """What brings datagrams. Raises ``RuntimeError`` before the start."""
        return self._running.link

    async def reconcile(self, city: str, *, is_restored: bool) -> tuple[Difference, ...]:
        """Compare what is kept here with what the center of ``city`` keeps, and settle what has
        one safe answer (``reconciling``); ``is_restored`` tells that it is this store that was
        restored from a backup.

        Raises ``KeyError`` for a city that is no peer, and ``RuntimeError`` before the start; fails
        with ``NotCompared``, ``LinkStopped``, ``StoreBusy`` or ``StoreFailed``.
        """
        found = await self._running.reconciling.compare(city, is_restored=is_restored)
        self._running.changes.tell()
        return found

    @property
    def _running(self) -> _Parts:
        if self._parts is None:
            raise RuntimeError("the federation has not started")
        return self._parts

    def listen(self, reactor: IReactorUDP) -> None:
        """Open the port, where there are peers; what comes before ``open`` is dropped, and comes
        again. Raises ``CannotStart``."""
        if self._configuration.peers and self._configuration.listen is not None:
            host, port = self._configuration.listen
            self._ports.listen_udp(reactor, host, port, self._doorway)

    def begin(self, connection: Connection) -> Begun:
        """The transaction that begins a run: its boot number is durable before any datagram."""
        randomness = self._surroundings.randomness(RANDOM_BYTES)
        number = start_boot(connection, randomness, above=self._configuration.above)
        abort_pending(connection, self._surroundings.now())
        known = {city: peer_boot(connection, city) for city in self._configuration.peers}
        return Begun(
            own=Incarnation(boot=number, random=randomness),
            known={
                city: Incarnation(boot=boot.number, random=boot.randomness)
                for city, boot in known.items()
                if boot is not None
            },
        )

    def open(self, writer: Writer, begun: Begun) -> None:
        """Take part, as the run that ``begin`` gave once it was committed."""
        Service.startService(self)
        self._writer = writer
        self._parts = parts = _assemble(
            self._configuration, self._surroundings, writer, begun, self._stop_as_stale
        )
        self._doorway.open(parts.link)
        parts.begin()
        self._log.info(
            "{city}: federation of {count} peers, boot number {boot}",
            city=self._configuration.city,
            count=len(self._configuration.peers),
            boot=begun.own.boot,
        )

    def start(self, writer: Writer, reactor: IReactorUDP) -> Deferred[None]:
        """Begin a new run; fires when it is open. Fails with ``StoreFailed``, and with
        ``CannotStart`` for a port that does not open."""
        return Deferred.fromCoroutine(self._start(writer, reactor))

    async def _start(self, writer: Writer, reactor: IReactorUDP) -> None:
        begun = await writer.submit(self.begin)
        self.listen(reactor)
        self.open(writer, begun)

    def _stop_as_stale(self, peer: str, stale: Stale) -> None:
        self._log.critical(
            "{city}: this store is older than what {peer} has heard of this center (boot number "
            "{highest}). The federation is stopped; requests within the city are served.",
            city=self._configuration.city,
            peer=peer,
            highest=stale.highest,
        )
        forgotten = self._running.authority.do(forget_boot, stale.refused.boot)
        forgotten.addErrback(self._could_not_forget)
        self._running.end()

    def _could_not_forget(self, failure: Failure) -> None:
        self._log.failure("The next start may not be refused.", failure)

    def stopService(self) -> Deferred[None]:
        """Close the port, and end what goes on in the background; requests that wait for a peer
        are answered first."""
        Service.stopService(self)
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        if self._parts is not None:
            self._parts.end()
        await self._ports.close()
        if self._parts is None or self._writer is None:
            return
        # what the closed link has failed is decided by now, or on its way to the store
        await self._writer.idle()
        self._parts.bell.close()
        self._parts.bookings.stop()


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """A run of the federation: its number, and the runs of the peers that are on record."""

    own: Incarnation
    known: Mapping[str, Incarnation]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Parts:
    """One run of a federation."""

    authority: Authority
    link: Link
    letters: Letters
    doubt: Doubt
    mover: Mover
    runs: Runs
    bookings: Bookings
    city: City
    bell: Bell
    rounds: Rounds
    heads: AuditHeads
    reconciling: Reconciling
    changes: _Changes

    def begin(self) -> None:
        self.doubt.start()
        self.rounds.start()
        self.heads.start()

    def end(self) -> None:
        for part in (self.rounds, self.heads, self.letters, self.doubt, self.mover, self.runs):
            part.stop()


class _Changes:
    """Who has to know what a transaction did; they need one another, and are put in here last."""

    letters: Letters
    mover: Mover
    answering: Answering

    def __init__(self, bell: Bell) -> None:
        self._bell = bell

    def tell(self) -> None:
        self.letters.wake()
        self.mover.wake()
        self._bell.ring()

    async def answer(self, peer: str, request: Request[Any]) -> Reply:
        return await self.answering(peer, request)


def _assemble(
    configuration: FederationConfiguration,
    surroundings: FederationSurroundings,
    writer: Writer,
    begun: Begun,
    on_stale: Callable[[str, Stale], object],
) -> _Parts:
    clock, jitter, peers = surroundings.clock, surroundings.jitter, configuration.peers
    authority = Authority(
        city=configuration.city,
        zone=configuration.zone,
        writer=writer,
        now=surroundings.now,
        new_id=RecordIds(configuration.city, begun.own.boot, begun.own.random),
        reach=configuration.reach,
    )

    bell = Bell(clock)
    changes = _Changes(bell)

    async def commit_run(peer: str, run: Incarnation) -> Incarnation:
        boot = Boot(number=run.boot, randomness=run.random)
        on_record = await authority.do(raise_peer_boot, peer, boot)
        return Incarnation(boot=on_record.number, random=on_record.randomness)

    link = Link(
        city=configuration.city,
        own=begun.own,
        # a city alone has no key and nobody to share one with
        keys=configuration.keys or [surroundings.randomness(KEY_BYTES)],
        peers=peers,
        known=begun.known,
        commit_run=commit_run,
        handler=changes.answer,
        on_stale=on_stale,
        clock=clock,
        now=surroundings.now,
        jitter=jitter,
    )
    owners: dict[str, OwnerOperations] = {city: PeerOwner(link, city) for city in peers}
    changed = changes.tell
    bookings = Bookings(authority, owners, clock, changed)
    inquiring = Inquiring(authority=authority, link=link, peers=peers, clock=clock)
    doubt = Doubt(inquiring, changed)
    mover = Mover(inquiring, jitter)
    runs = Runs(authority, bookings, clock, changed)
    letters = Letters(authority, owners, clock)
    changes.letters, changes.mover = letters, mover
    heads = AuditHeads(authority, link, peers, clock)
    changes.answering = Answering(authority, doubt, runs, changed, heads.keep)
    return _Parts(
        authority=authority,
        link=link,
        letters=letters,
        doubt=doubt,
        mover=mover,
        runs=runs,
        bookings=bookings,
        city=City(
            authority=authority,
            doctors=configuration.doctors,
            bookings=bookings,
            lister=Lister(
                configuration.city,
                {**owners, configuration.city: LocalOwner(authority, configuration.city)},
                clock,
            ),
            clock=clock,
            bell=bell,
            changed=changed,
            added=mover.wake_all,
        ),
        bell=bell,
        rounds=Rounds(authority, clock, changed),
        heads=heads,
        reconciling=Reconciling(inquiring, doubt),
        changes=changes,
    )
