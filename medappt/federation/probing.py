"""Probing peers from outside of the federation: whether they have the key, and what their clocks
show. It changes nothing there, and may be done while the own center runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime, IReactorUDP
from twisted.internet.protocol import DatagramProtocol

from medappt.federation.link import Address
from medappt.wire.envelope import (
    DATAGRAM_BYTES,
    RANDOM_BYTES,
    Envelope,
    Header,
    Incarnation,
    Kind,
    read_header,
)
from medappt.wire.probes import PROBE, PROBE_BOOT, Echo, parse_echo

PAUSES = (0.25, 0.25, 0.5, 0.5, 1.5)
"""Seconds from one transmission to the next, and from the last to the end: somebody waits."""

_RESOLUTION = timedelta(milliseconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Probed:
    """What a center has answered: its boot number, the highest boot number of ours on its record,
    how far its clock is ``ahead`` of ours, give or take ``within``, and the place of the key it
    answered in among ours: 0, or 1 where it has only the one being retired."""

    boot: int
    highest: int | None
    ahead: timedelta
    within: timedelta
    key: int


@dataclass(slots=True, eq=False)
class _Probing:
    """A peer that is being probed. ``sent`` are the times of our datagrams, by number."""

    city: str
    answer: Deferred[Probed | None]
    sent: dict[int, float]
    timer: IDelayedCall | None = None


class Prober(DatagramProtocol):
    """A port of its own to probe from: ``reactor.listenUDP`` starts it, and every probe is over
    before it is closed. ``city`` is the own one; ``now`` tells the instant (aware, UTC)."""

    noisy = False

    def __init__(
        self,
        *,
        city: str,
        keys: Sequence[bytes],
        peers: Mapping[str, Address],
        clock: IReactorTime,
        now: Callable[[], datetime],
        randomness: Callable[[int], bytes],
    ) -> None:
        self._city = city
        self._envelope = Envelope(keys)
        self._peers = {name: (str(ip_address(host)), port) for name, (host, port) in peers.items()}
        self._clock = clock
        self._now = now
        # drawn anew for each prober: so no two seal different things with one key and number
        self._own = Incarnation(boot=PROBE_BOOT, random=randomness(RANDOM_BYTES))
        self._number = 0
        self._probing: dict[str, _Probing] = {}

    def probe(self, city: str) -> Deferred[Probed | None]:
        """What the center of ``city`` answers, or ``None`` if it has not when all ``PAUSES`` are
        over: it is not there, or has no key of ours, or does not know this city. Raises
        ``KeyError`` for a city that is no peer."""
        address = self._peers[city]
        probing = _Probing(city, Deferred(), {})
        self._probing[city] = probing
        self._send(probing, address, list(PAUSES))
        return probing.answer

    def _send(self, probing: _Probing, address: Address, pauses: list[float]) -> None:
        if not pauses:
            self._end(probing, None)
            return
        assert self.transport is not None
        probing.timer = self._clock.callLater(pauses[0], self._send, probing, address, pauses[1:])
        self._number += 1
        header = Header(
            sender=self._city,
            receiver=probing.city,
            incarnation=self._own,
            number=self._number,
            kind=Kind.PROBE,
        )
        # the keys in turn: the peer may have either
        datagram = self._envelope.seal(header, PROBE, len(probing.sent) % self._envelope.keys)
        probing.sent[self._number] = self._clock.seconds()
        try:
            self.transport.write(datagram, address)
        except (OSError, ValueError):
            return  # no route: the same as no answer

    def datagramReceived(self, datagram: bytes, addr: Address) -> None:
        header = read_header(datagram)
        if header is None or header.receiver != self._city or header.kind is not Kind.ECHO:
            return
        probing = self._probing.get(header.sender)
        if probing is None or addr != self._peers[header.sender]:
            return
        opened = self._envelope.open(header, datagram)
        echo = None if opened is None else parse_echo(opened.payload)
        if opened is None or echo is None or echo.run != self._own:
            return
        sent = probing.sent.get(echo.number)
        if sent is not None:
            self._end(probing, self._measure(header, echo, sent, opened.key))

    def _measure(self, header: Header, echo: Echo, sent: float, key: int) -> Probed:
        half = timedelta(seconds=self._clock.seconds() - sent) / 2
        return Probed(
            boot=header.incarnation.boot,
            highest=echo.highest,
            ahead=echo.instant - (self._now() - half),
            within=half + _RESOLUTION,
            key=key,
        )

    def _end(self, probing: _Probing, result: Probed | None) -> None:
        del self._probing[probing.city]
        if probing.timer is not None and probing.timer.active():
            probing.timer.cancel()
        probing.answer.callback(result)


async def probe_peers(
    prober: Prober, peers: Sequence[str], reactor: IReactorUDP, host: str
) -> Mapping[str, Probed | None]:
    """Probe all ``peers`` at once from a free port at ``host``, the IP address the own center
    listens at. Fails with ``CannotListenError``."""
    port = reactor.listenUDP(0, prober, host, DATAGRAM_BYTES)
    try:
        results = await gatherResults([prober.probe(city) for city in peers])
    finally:
        await maybeDeferred(port.stopListening)
    return dict(zip(peers, results, strict=True))
