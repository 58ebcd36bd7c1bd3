"""A network of datagrams in memory, with its weather, and centers that do nothing but listen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IUDPTransport
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from medappt.federation.drops import Drop
from medappt.federation.link import Address, Link
from medappt.wire.envelope import Envelope, Header, Incarnation, Kind, read_header
from medappt.wire.federation import Confirm, Done, Reply, Request, Stale, parse_stale
from tests.store.doubles import NOW

KEY, NEW_KEY, FOREIGN_KEY = b"o" * 32, b"n" * 32, b"f" * 32
ADDRESSES: dict[str, Address] = {
    "MTL": ("127.0.0.1", 21_100),
    "QUE": ("127.0.0.1", 21_110),
    "SHE": ("127.0.0.1", 21_120),
}
RECORD = "MTL-1-00ff-1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """A datagram on its way."""

    data: bytes = field(repr=False)
    source: Address
    to: Address

    @property
    def header(self) -> Header:
        header = read_header(self.data)
        assert header is not None
        return header


def stale_in(sent: Sent) -> Stale | None:
    """The STALE in a datagram, if it is one."""
    opened = Envelope([KEY]).open(sent.header, sent.data)
    assert opened is not None
    return parse_stale(opened.payload)


@dataclass(kw_only=True)
class Weather:
    """The share of datagrams lost and doubled, and the longest delay in seconds."""

    lost: float = 0.0
    doubled: float = 0.0
    delay: float = 0.0


class Network:
    """Everything that was sent is in ``sent``. With ``is_held`` nothing arrives by itself."""

    def __init__(self, seed: int = 0) -> None:
        self.clock = Clock()
        self.random = Random(seed)
        self.weather = Weather()
        self.sent: list[Sent] = []
        self.is_held = False
        self.links: dict[Address, DatagramProtocol] = {}

    def send(self, datagram: Sent) -> None:
        self.sent.append(datagram)
        if self.is_held:
            return
        copies = 1 + (self.random.random() < self.weather.doubled)
        for _ in range(copies):
            if self.random.random() >= self.weather.lost:
                delay = self.random.random() * self.weather.delay
                self.clock.callLater(delay, self.deliver, datagram)

    def deliver(self, datagram: Sent, source: Address | None = None) -> None:
        """Let a datagram arrive; ``source`` forges where it is from."""
        link = self.links.get(datagram.to)
        if link is not None:
            link.datagramReceived(datagram.data, source or datagram.source)

    def take(self) -> list[Sent]:
        """What was sent since the last look."""
        sent, self.sent = self.sent, []
        return sent

    def run(self, seconds: float, step: float = 0.01) -> None:
        self.clock.pump([step] * round(seconds / step))


@implementer(IUDPTransport)
class NetworkPort:
    """``fails_with`` is raised by each write."""

    def __init__(self, network: Network, address: Address) -> None:
        self.network = network
        self.address = address
        self.fails_with: Exception | None = None

    def write(self, packet: bytes, addr: Address | None = None) -> None:
        assert addr is not None
        if self.fails_with is not None:
            raise self.fails_with
        self.network.send(Sent(data=packet, source=self.address, to=addr))

    def connect(self, host: str, port: int) -> None:
        raise NotImplementedError("nothing here connects a datagram port")

    def getHost(self) -> IPv4Address:
        return IPv4Address("UDP", *self.address)

    def stopListening(self) -> None:
        raise NotImplementedError("a center stops its link itself")

    def setBroadcastAllowed(self, enabled: bool) -> None:
        raise NotImplementedError("nothing here broadcasts")

    def getBroadcastAllowed(self) -> bool:
        return False


class Center:
    """``boot`` and ``runs`` are its disk, which a restart keeps; ``handled`` what it was asked.

    ``answer`` is its handler. While ``holds_commits`` a commit waits in ``commits``;
    ``commit_fails`` is raised by each. With ``jitter`` None the network's dice are used. Its clock
    is ``ahead`` of the others.
    """

    def __init__(self, network: Network, city: str, keys: Sequence[bytes] = (KEY,)) -> None:
        self.network = network
        self.city = city
        self.keys = keys
        self.boot = 0
        self.runs: dict[str, Incarnation] = {}
        self.handled: list[tuple[str, Request[Any]]] = []
        self.stale: list[tuple[str, Stale]] = []
        self.commits: list[tuple[Deferred[None], str, Incarnation]] = []
        self.holds_commits = False
        self.ahead = timedelta()
        self.commit_fails: Exception | None = None
        self.jitter: float | None = 0.5
        self.answer: Callable[[str, Request[Any]], Awaitable[Reply]] = self.done

    async def done(self, peer: str, request: Request[Any]) -> Reply:
        return Done()

    def start(self) -> None:
        self.boot += 1
        self.own = Incarnation(boot=self.boot, random=self.network.random.randbytes(16))
        self.port = NetworkPort(self.network, ADDRESSES[self.city])
        self.link = Link(
            city=self.city,
            own=self.own,
            keys=self.keys,
            peers={city: address for city, address in ADDRESSES.items() if city != self.city},
            known=dict(self.runs),
            commit_run=self.commit_run,
            handler=self.handle,
            on_stale=lambda peer, stale: self.stale.append((peer, stale)),
            clock=self.network.clock,
            now=lambda: NOW + timedelta(seconds=self.network.clock.seconds()) + self.ahead,
            jitter=lambda: self.network.random.random() if self.jitter is None else self.jitter,
        )
        self.network.links[ADDRESSES[self.city]] = self.link
        self.link.makeConnection(self.port)

    def stop(self) -> None:
        del self.network.links[ADDRESSES[self.city]]
        self.link.doStop()

    def restart(self) -> None:
        self.stop()
        self.start()

    async def commit_run(self, peer: str, run: Incarnation) -> Incarnation:
        if self.holds_commits:
            held: Deferred[None] = Deferred()
            self.commits.append((held, peer, run))
            await held
        if self.commit_fails is not None:
            raise self.commit_fails
        on_record = self.runs.get(peer)
        if on_record is None or on_record.boot < run.boot:
            self.runs[peer] = on_record = run
        return on_record

    def commit(self) -> None:
        """Let the oldest held commit go on."""
        self.commits.pop(0)[0].callback(None)

    async def handle(self, peer: str, request: Request[Any]) -> Reply:
        self.handled.append((peer, request))
        return await self.answer(peer, request)

    def dropped(self) -> dict[Drop, int]:
        return dict(self.link.drops.counts)

    def forge(self, payload: bytes, to: str, *, number: int = 1_000, **changes: Any) -> Sent:
        """A datagram as this center would seal it, apart from what is changed of its header."""
        key = changes.pop("key", self.keys[0])
        values: dict[str, Any] = {
            "sender": self.city,
            "receiver": to,
            "incarnation": self.own,
            "number": number,
            "kind": Kind.REQUEST,
            **changes,
        }
        return Sent(
            data=Envelope([key]).seal(Header(**values), payload),
            source=ADDRESSES[self.city],
            to=ADDRESSES[to],
        )


class FederationCase(SynchronousTestCase):
    """Three centers on one network, up and acquainted with nobody."""

    def setUp(self) -> None:
        self.network = Network()
        self.clock = self.network.clock
        self.centers = {city: Center(self.network, city) for city in ADDRESSES}
        self.mtl, self.que, self.she = self.centers.values()
        for center in self.centers.values():
            center.start()

    def ask(
        self,
        center: Center | None = None,
        to: str = "QUE",
        request: Request[Any] | None = None,
        deadline: float | None = None,
    ) -> Deferred[Any]:
        asked = Confirm(id=RECORD) if request is None else request
        return (center or self.mtl).link.request(to, asked, deadline)

    def acquaint(self) -> None:
        """Let MTL and QUE hear of one another."""
        answer = self.ask()
        self.network.run(0.1)
        self.assertEqual(self.successResultOf(answer), Done())
        self.network.take()

    def failed_with(self, deferred: Deferred[Any], kind: type[Exception]) -> Failure:
        failure: Failure = self.failureResultOf(deferred, kind)
        return failure
