"""Plays transcripts over real TCP and UDP, with the pauses they have, on a service as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.interfaces import IHalfCloseableProtocol, IListeningPort
from twisted.internet.protocol import DatagramProtocol, Protocol, connectionDone
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from zope.interface import implementer

from medappt.center.options import ServerOptions
from medappt.center.service import CenterService, Surroundings
from medappt.center.workers import ThreadWorkers
from medappt.doctor.practice import DoctorService, Practice
from medappt.samples import write_samples
from tests.center.fixtures import MONDAY, PlainHasher
from tests.transcripts.transcript import Case, Step

LOOPBACK = "127.0.0.1"
APART_SECONDS = 0.02
"""Between two segments: the server reads each by itself."""

PATIENCE_SECONDS = 10.0
"""For an answer, on a machine that has other things to do."""


@implementer(IHalfCloseableProtocol)
class Peer(Protocol):
    """A client's end."""

    transport: Any

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self.data = b""
        self.is_ended = False
        self._news: list[Deferred[None]] = []

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)

    def dataReceived(self, data: bytes) -> None:
        self.data += data
        self._tell()

    def readConnectionLost(self) -> None:
        self.is_ended = True
        self._tell()

    def writeConnectionLost(self) -> None:
        """The test has shut it."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.is_ended = True
        self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, []
        for deferred in news:
            deferred.callback(None)

    async def has(self, count: int) -> None:
        """Wait until so many bytes have come; raises ``TimeoutError``."""
        while len(self.data) < count and not self.is_ended:
            await self._any_news()

    async def ends(self) -> None:
        """Wait for the server to close; raises ``TimeoutError``."""
        while not self.is_ended:
            await self._any_news()

    async def _any_news(self) -> None:
        news: Deferred[None] = Deferred()
        self._news.append(news)
        await news.addTimeout(PATIENCE_SECONDS, self._reactor)


class Sender(DatagramProtocol):
    """A patient's datagrams."""

    noisy = False

    def __init__(self) -> None:
        self.received: list[bytes] = []

    def datagramReceived(self, datagram: bytes, addr: object) -> None:
        self.received.append(datagram)


class SocketStage:
    """A center and a doctor for one case, on free ports."""

    def __init__(self, reactor: Any, case: Case, folder: Path) -> None:
        self._reactor = reactor
        self._case = case
        write_samples(folder)
        (folder / "availabilities.txt").write_text(case.availabilities)
        options = ServerOptions()
        options.parseOptions(
            [
                *("--data", str(folder), "--timezone", "UTC", "--store", "sqlite://"),
                *("--listen", f"tcp:0:interface={LOOPBACK}"),
            ]
        )
        surroundings = Surroundings(
            clock=reactor,
            now=lambda: MONDAY,
            randomness=lambda count: b"r" * count,
            jitter=lambda: 0.5,
            workers=ThreadWorkers(reactor),
            hasher=PlainHasher(),
        )
        self._center = CenterService(
            options.configuration(), surroundings, most_connections=10, role="medappt-server"
        )
        practice = Practice(
            name="1", prices_path=folder / "doc1.txt", port=0, hosts=(LOOPBACK,), rate=0
        )
        self._doctor = DoctorService(reactor, practice)
        self._peers: dict[str, Peer] = {}
        self._senders: dict[str, tuple[Sender, IListeningPort]] = {}

    async def play(self) -> None:
        """The whole case; raises ``AssertionError`` where it goes otherwise."""
        self._center.prepare_store()
        self._center.listen(self._reactor)
        self._doctor.listen()
        self._center.startService()
        self._doctor.startService()
        try:
            await self._take_slots()
            for step in self._case.steps:
                await self._step(step)
            await self._sleep(APART_SECONDS)
            for who, peer in self._peers.items():
                assert peer.data == b"", (self._case.name, who, peer.data)
            for who, (sender, _) in self._senders.items():
                assert sender.received == [], (self._case.name, who, sender.received)
        finally:
            for peer in self._peers.values():
                peer.transport.abortConnection()
            await self._sleep(APART_SECONDS)
            for _, port in self._senders.values():
                await _done(port.stopListening())
            await self._doctor.stopService()
            await _done(self._center.stopService())

    async def _take_slots(self) -> None:
        if not self._case.taken:
            return
        other = await self._connect()
        lines = [f"selection {index}\n" for index in self._case.taken]
        other.transport.write(
            b"authenticate patient2 password222\n" + "".join(lines).encode() + b"quit\n"
        )
        await other.ends()
        assert other.data.count(b"doc") == len(lines), other.data
        other.transport.abortConnection()

    async def _step(self, step: Step) -> None:
        if step.verb == "pause":
            await self._sleep(step.seconds)
        elif step.verb in (">>", "<<"):
            await self._datagram(step)
        else:
            if step.who not in self._peers:
                self._peers[step.who] = await self._connect()
            await self._on_stream(step, self._peers[step.who])

    async def _on_stream(self, step: Step, peer: Peer) -> None:
        match step.verb:
            case ">":
                peer.transport.write(step.data)
                await self._sleep(APART_SECONDS if len(step.data) > 1 else APART_SECONDS / 4)
            case "<":
                await peer.has(len(step.data))
                await self._sleep(APART_SECONDS / 4)  # for a byte too many
                assert peer.data == step.data, (self._case.name, peer.data, step.data)
                peer.data = b""
            case "nothing":
                pass  # not yet: a clock of the world's cannot tell; the one in memory does
            case "shuts":
                peer.transport.loseWriteConnection()
            case "closes":
                peer.transport.loseConnection()
            case _:
                await peer.ends()

    async def _datagram(self, step: Step) -> None:
        if step.who not in self._senders:
            protocol = Sender()
            port = self._reactor.listenUDP(0, protocol, interface=LOOPBACK)
            self._senders[step.who] = (protocol, port)
        sender, _ = self._senders[step.who]
        assert sender.transport is not None
        if step.verb == ">>":
            address = self._doctor.ports.listening[0].getHost()
            sender.transport.write(step.data, (LOOPBACK, address.port))  # type: ignore[attr-defined]
            await self._sleep(APART_SECONDS)  # the order of the datagrams is the case's
            return
        for _ in range(100):
            if sender.received:
                break
            await self._sleep(APART_SECONDS)
        assert sender.received[:1] == [step.data], (self._case.name, sender.received, step.data)
        del sender.received[0]

    async def _connect(self) -> Peer:
        address: Any = self._center.ports.listening[0].getHost()
        endpoint = TCP4ClientEndpoint(self._reactor, LOOPBACK, address.port)
        peer: Peer = await connectProtocol(endpoint, Peer(self._reactor))
        return peer

    async def _sleep(self, seconds: float) -> None:
        await deferLater(self._reactor, seconds)


async def _done(result: Any) -> None:
    if isinstance(result, Deferred):
        await result
