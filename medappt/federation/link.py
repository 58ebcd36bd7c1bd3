"""Requests over UDP between centers (section 8): sealed, sent again until answered, each datagram
with an effect once.

    request   → sent again until answered; handled however often it comes: verbs are idempotent
    reply     ← matched by the whole key of the request, and the source
    STALE     ← to who sends as an earlier run of itself; about our present run, it ends our part
    PROBE     → answered with ECHO, and otherwise without any effect
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from itertools import count
from typing import Any, Protocol, TypeAlias, TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.internet.error import MessageLengthError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger

from medappt.federation.asking import Asked, Asking
from medappt.federation.drops import Drop, Drops
from medappt.federation.echoing import Echoing
from medappt.federation.reading import Reading
from medappt.federation.window import Window
from medappt.wire.envelope import Envelope, Header, Incarnation, Kind, Opened, read_header
from medappt.wire.federation import (
    Reply,
    Request,
    RequestKey,
    Stale,
    answers,
    format_reply,
    format_stale,
    parse_reply,
    parse_request,
    parse_stale,
)

HANDLED_AT_ONCE = 256
"""Requests of one peer that are being handled; more are dropped, and come again."""

ARRIVALS = 64
"""Datagrams of one peer that wait for its new run to be on record; more are dropped."""

R = TypeVar("R")
Address: TypeAlias = tuple[str, int]
"""An IP address and a port."""


class Handler(Protocol):
    """Answers the requests of peers."""

    def __call__(self, peer: str, request: Request[Any], /) -> Awaitable[Reply]:
        """The answer to what the center of the city ``peer`` asks. If it fails there is none, and
        the peer asks again; with ``NoAnswer``, ``Refused``, ``StoreBusy`` or ``StoreFailed`` that
        is on purpose. What has an effect is durable before the result."""


class CommitRun(Protocol):
    """Keeps the highest run that was heard of each peer, durably."""

    def __call__(self, peer: str, run: Incarnation, /) -> Awaitable[Incarnation]:
        """Put ``run`` on record if its boot number is higher than the one there, and give the run
        that is on record then, once that is durable."""


class LinkStopped(Exception):
    """The link is closed, or stale: there is no answer. The request may have had its effect."""


@dataclass(frozen=True, slots=True)
class _Arrival:
    opened: Opened
    source: Address


@dataclass(kw_only=True, slots=True, eq=False)
class _Peer:
    """``highest`` is the run on record; ``heard_by`` the key that its datagrams are sealed with,
    once one came; ``numbers`` those of our datagrams to it."""

    city: str
    address: Address
    highest: Incarnation | None
    echoing: Echoing
    window: Window = field(default_factory=Window)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    heard_by: int | None = None
    handling: int = 0
    is_recording: bool = False
    arrivals: deque[_Arrival] = field(default_factory=deque)


class Link(DatagramProtocol):
    """The port of one center's federation: ``reactor.listenUDP`` starts it, closing the port stops
    it, and every request that waits fails then.

    ``own`` is this run: its boot number has been committed before. ``keys`` are the federation key
    and perhaps the one being retired, ``peers`` the addresses of the configured centers, ``known``
    the runs of them that are on record. ``on_stale`` is called once, when a peer has heard a later
    run of this center than this one: the link has stopped its part then, until the operator
    decides. ``now`` tells the instant (aware, UTC), ``jitter`` draws from 0 up to 1.
    """

    noisy = False
    _log = Logger()

    def __init__(
        self,
        *,
        city: str,
        own: Incarnation,
        keys: Sequence[bytes],
        peers: Mapping[str, Address],
        known: Mapping[str, Incarnation],
        commit_run: CommitRun,
        handler: Handler,
        on_stale: Callable[[str, Stale], object],
        clock: IReactorTime,
        now: Callable[[], datetime],
        jitter: Callable[[], float],
    ) -> None:
        self._city = city
        self._own = own
        self._envelope = Envelope(keys)
        self._peers = {
            name: _Peer(
                city=name,
                address=(str(ip_address(host)), port),
                highest=known.get(name),
                echoing=Echoing(clock, now),
            )
            for name, (host, port) in peers.items()
        }
        self._commit_run = commit_run
        self._handler = handler
        self._on_stale = on_stale
        self._is_open = False
        self._asking = Asking(clock, jitter, self._transmit)
        self._reading = Reading(clock)
        self.drops = Drops(city)
        self.stale: Stale | None = None

    def request(
        self, city: str, message: Request[R], deadline: float | None = None
    ) -> Deferred[R | None]:
        """What the center of ``city`` answers, or ``None`` if it has not after ``deadline``
        seconds; without one it is asked until the link is closed.

        Fails with ``LinkStopped``. Raises ``KeyError`` for a city that is no peer, ``ValueError``
        for values that cannot travel.
        """
        peer = self._peers[city]
        if not self._is_live:
            return fail(LinkStopped("the federation is stopped"))
        return self._asking.ask(peer.city, message, deadline)

    def use_keys(self, keys: Sequence[bytes]) -> None:
        """Seal and open with ``keys`` from now on."""
        self._envelope = Envelope(keys)
        for peer in self._peers.values():
            peer.heard_by = None

    @property
    def _is_live(self) -> bool:
        return self._is_open and self.stale is None

    @property
    def waiting(self) -> int:
        """How many requests wait for their reply."""
        return len(self._asking)

    # Twisted calls

    def startProtocol(self) -> None:
        self._is_open = True
        self._reading.start(self.transport)

    def stopProtocol(self) -> None:
        self._is_open = False
        self._reading.stop()
        self._asking.fail_all(LinkStopped("the federation is stopped"))
        self.drops.tell_totals()

    def datagramReceived(self, datagram: bytes, addr: Address) -> None:
        try:
            kind = self._receive(datagram, addr)
        except Exception as error:  # noqa: BLE001 - no datagram stops the center
            self.drops.count_error(error, addr)
        else:
            if kind is not None:
                self.drops.count(kind, addr)

    # Coming in. What returns a Drop says that the datagram has no effect.

    def _receive(self, datagram: bytes, source: Address) -> Drop | None:
        if not datagram:
            self._reading.count_empty()
        header = read_header(datagram)
        if header is None:
            return Drop.MALFORMED
        if header.receiver != self._city:
            return Drop.MISDIRECTED
        peer = self._peers.get(header.sender)
        if peer is None:
            return Drop.STRANGER
        if self.stale is not None:
            return Drop.STOPPED
        opened = self._envelope.open(header, datagram)
        if opened is None:
            return Drop.UNOPENED
        if header.kind is Kind.STALE:
            # also from an earlier run of the peer: two restored centers must notice it both
            return self._be_stale(peer, opened)
        if header.kind is Kind.PROBE:
            # before anything is noted: its sender is not the center of that city, but beside it
            return self._echo(peer, opened, source)
        if header.kind is Kind.ECHO:
            return Drop.UNMATCHED
        return self._admit(peer, _Arrival(opened, source))

    def _admit(self, peer: _Peer, arrival: _Arrival) -> Drop | None:
        opened = arrival.opened
        run = opened.header.incarnation
        if peer.is_recording:
            if len(peer.arrivals) >= ARRIVALS:
                return Drop.UNRECORDED
            peer.arrivals.append(arrival)
            return None
        if peer.highest is None or run.boot > peer.highest.boot:
            peer.arrivals.append(arrival)
            peer.is_recording = True
            Deferred.fromCoroutine(self._record(peer, run, arrival.source))
            return None
        if run != peer.highest:
            self._refuse(peer, run, peer.highest, arrival)
            return Drop.STALE
        if not peer.window.accept(opened.header.number):
            return Drop.REPEATED
        peer.heard_by = opened.key
        if opened.header.kind is Kind.REPLY:
            return self._take_reply(peer, arrival)
        return self._take_request(peer, arrival)

    async def _record(self, peer: _Peer, run: Incarnation, source: Address) -> None:
        on_record: Incarnation | None = None
        try:
            on_record = await self._commit_run(peer.city, run)
            if on_record.boot < run.boot:
                raise RuntimeError("a higher boot number was not put on record")
        except Exception as error:  # noqa: BLE001 - the peer sends again
            self.drops.count_error(error, source)
            on_record = None
        peer.is_recording = False
        arrivals = list(peer.arrivals)
        peer.arrivals.clear()
        if on_record is not None:
            peer.highest = on_record
            peer.window = Window()
            peer.heard_by = None
        for arrival in arrivals:
            kind: Drop | None = Drop.UNRECORDED
            if on_record is not None and self._is_live:
                kind = self._admit(peer, arrival)
            if kind is not None:
                self.drops.count(kind, arrival.source)

    def _refuse(
        self, peer: _Peer, refused: Incarnation, highest: Incarnation, arrival: _Arrival
    ) -> None:
        payload = format_stale(Stale(refused=refused, highest=highest.boot))
        self._send(peer, Kind.STALE, payload, arrival.source, arrival.opened.key)

    def _be_stale(self, peer: _Peer, opened: Opened) -> Drop | None:
        stale = parse_stale(opened.payload)
        if stale is None:
            return Drop.UNREADABLE
        if stale.refused != self._own:
            return Drop.OTHER_RUN
        self.stale = stale
        self._log.error(
            "{city}: the federation is stopped: {peer} has heard boot number {highest} of this "
            "center, which runs with {boot}. Its store is older than what it said before.",
            city=self._city,
            peer=peer.city,
            highest=stale.highest,
            boot=self._own.boot,
        )
        self._asking.fail_all(LinkStopped("this center was restored from an older store"))
        self._on_stale(peer.city, stale)
        return None

    def _take_reply(self, peer: _Peer, arrival: _Arrival) -> Drop | None:
        parsed = parse_reply(self._city, arrival.opened.payload)
        if parsed is None:
            return Drop.UNREADABLE
        key, reply = parsed
        if key.incarnation != self._own:
            return Drop.OTHER_RUN
        asked = self._asking.find(key.sequence)
        if asked is None or asked.city != peer.city or arrival.source != peer.address:
            return Drop.UNMATCHED
        if not answers(asked.request, reply):
            return Drop.UNREADABLE
        self._asking.answer(asked, reply)
        return None

    def _take_request(self, peer: _Peer, arrival: _Arrival) -> Drop | None:
        header = arrival.opened.header
        parsed = parse_request(peer.city, header.incarnation, arrival.opened.payload)
        if parsed is None:
            return Drop.UNREADABLE
        if peer.handling >= HANDLED_AT_ONCE:
            return Drop.CROWDED
        peer.handling += 1
        Deferred.fromCoroutine(self._answer(peer, *parsed, arrival))
        return None

    async def _answer(
        self, peer: _Peer, key: RequestKey, request: Request[Any], arrival: _Arrival
    ) -> None:
        try:
            reply = await self._handler(peer.city, request)
            if not answers(request, reply):
                raise TypeError("the handler gave no answer to what was asked")
            payload = format_reply(key, reply)
            # in the key it was asked in: a peer may not have the new one yet
            self._send(peer, Kind.REPLY, payload, arrival.source, arrival.opened.key)
        except Exception as error:  # noqa: BLE001 - the peer asks again
            self.drops.count_error(error, arrival.source)
        finally:
            peer.handling -= 1

    def _echo(self, peer: _Peer, opened: Opened, source: Address) -> Drop | None:
        echo = peer.echoing.answer(opened, peer.highest)
        if isinstance(echo, Drop):
            return echo
        self._send(peer, Kind.ECHO, echo, source, opened.key)
        return None

    # Going out

    def _transmit(self, asked: Asked) -> None:
        peer = self._peers[asked.city]
        key = peer.heard_by or 0
        if peer.heard_by != 0:
            # while keys are changed the peer may have either: both are tried, in turn
            key = (key + asked.transmissions) % self._envelope.keys
        self._send(peer, Kind.REQUEST, asked.payload, peer.address, key)

    def _send(self, peer: _Peer, kind: Kind, payload: bytes, to: Address, key: int) -> None:
        if not self._is_live:
            self.drops.count(Drop.STOPPED, to)
            return
        assert self.transport is not None
        header = Header(
            sender=self._city,
            receiver=peer.city,
            incarnation=self._own,
            number=next(peer.numbers),
            kind=kind,
        )
        # the keys may have changed since the question came
        datagram = self._envelope.seal(header, payload, min(key, self._envelope.keys - 1))
        try:
            self.transport.write(datagram, to)
        except (OSError, ValueError, MessageLengthError):
            # no route, a full buffer, port 0: lost like any datagram, and sent again
            self.drops.count(Drop.UNSENT, to)
