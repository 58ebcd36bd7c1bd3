"""The world around a patient, in memory: a center at the end of a line, the network, a screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, cast

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IAddress,
    IReactorPluggableNameResolver,
    IReactorUDP,
    IResolutionReceiver,
    IStreamClientEndpoint,
    ITCPTransport,
)
from twisted.internet.protocol import DatagramProtocol, Factory
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides

from medappt.model.slots import FreeSlot, SlotState
from medappt.patient.addresses import Address
from medappt.patient.connection import CenterConnection
from medappt.patient.ending import EndingConnection
from medappt.patient.remote import RemoteCenter
from medappt.patient.visit import VisitResult
from medappt.wire.replies import UnexpectedReply

T = TypeVar("T")
E = TypeVar("E", bound=BaseException)

LOCAL = IPv4Address("TCP", "192.0.2.10", 50123)
SERVER = IPv4Address("TCP", "192.0.2.1", 21000)


class FakeTCP(StringTransport):
    """A transport that closes at once when asked to, unless ``is_stubborn``: then only when it is
    aborted, as with a peer that does not read."""

    def __init__(self, protocol: EndingConnection, *, is_stubborn: bool = False) -> None:
        super().__init__(hostAddress=LOCAL, peerAddress=SERVER)
        directlyProvides(self, ITCPTransport)
        self.protocol = protocol
        self.is_stubborn = is_stubborn
        self.is_aborted = False
        self.is_closed = False
        self.has_no_delay = False

    def setTcpNoDelay(self, enabled: bool) -> None:
        self.has_no_delay = enabled

    def loseConnection(self) -> None:
        self.disconnecting = True
        if not self.is_stubborn:
            self.drop(ConnectionDone())

    def abortConnection(self) -> None:
        self.is_aborted = True
        self.drop(ConnectionLost())

    def drop(self, reason: Exception) -> None:
        """The connection ends, by whomever."""
        if not self.is_closed:
            self.is_closed = True
            self.protocol.connectionLost(Failure(reason))


class FakeCenter:
    """The other end of a connection: what it was asked, and what it says."""

    def __init__(self, connection: CenterConnection) -> None:
        self.connection = connection
        self.transport = FakeTCP(connection)
        connection.makeConnection(self.transport)

    def asked(self) -> list[str]:
        """The lines that came since the last time."""
        lines = cast(bytes, self.transport.value()).decode().splitlines()
        self.transport.clear()
        return lines

    def says(self, *lines: str) -> None:
        self.connection.dataReceived("".join(f"{line}\n" for line in lines).encode())

    def goes(self) -> None:
        self.transport.drop(ConnectionDone())


class FakeServer:
    """The other end of a connection without lines: what it was sent, and what it sends."""

    def __init__(self, connection: EndingConnection) -> None:
        self.connection = connection
        self.transport = FakeTCP(connection)
        connection.makeConnection(self.transport)

    def heard(self) -> bytes:
        """What came since the last time."""
        data = cast(bytes, self.transport.value())
        self.transport.clear()
        return data

    def says(self, *segments: bytes) -> None:
        for segment in segments:
            self.connection.dataReceived(segment)

    def goes(self, reason: Exception | None = None) -> None:
        self.transport.drop(ConnectionDone() if reason is None else reason)


class FakeEndpoint:
    """An endpoint whose connection is accepted or fails when a test says so."""

    def __init__(self) -> None:
        self.factory: Factory | None = None
        self.connecting: Deferred[Any] = Deferred()

    def connect(self, factory: Factory) -> Deferred[Any]:
        self.factory = factory
        return self.connecting

    def accept(self) -> FakeCenter:
        connection = self._connection()
        center = FakeCenter(cast(CenterConnection, connection))
        self.connecting.callback(connection)
        return center

    def accept_foreign(self) -> FakeServer:
        connection = self._connection()
        server = FakeServer(connection)
        self.connecting.callback(connection)
        return server

    def _connection(self) -> EndingConnection:
        assert self.factory is not None
        return cast(EndingConnection, self.factory.buildProtocol(SERVER))

    def as_endpoint(self) -> IStreamClientEndpoint:
        return cast(IStreamClientEndpoint, self)


class FakeUDPPort:
    """A socket: what it sent, and whether it is open. Its address is known once connected."""

    def __init__(self, network: FakeNetwork, protocol: DatagramProtocol, host: str) -> None:
        self.network = network
        self.protocol = protocol
        self.host = host
        self.number = 50200 + len(network.ports)
        self.sent: list[tuple[bytes, tuple[str, int]]] = []
        self.is_open = True
        self.stops = 0

    def write(self, datagram: bytes, addr: tuple[str, int]) -> None:
        if self.network.write_error is not None:
            raise self.network.write_error
        self.sent.append((datagram, addr))

    def connect(self, host: str, port: int) -> None:
        if self.network.no_way is not None:
            raise self.network.no_way
        self.host = "2001:db8::10" if ":" in host else "192.0.2.10"

    def getHost(self) -> IAddress:
        kind = IPv6Address if ":" in self.host else IPv4Address
        return kind("UDP", self.host, self.number)

    def stopListening(self) -> None:
        self.stops += 1
        self.is_open = False
        self.protocol.doStop()

    def receive(self, datagram: bytes, host: str, port: int) -> None:
        self.protocol.datagramReceived(datagram, (host, port))


class FakeNetwork:
    """Datagram sockets of a machine, and its faults."""

    def __init__(self) -> None:
        self.ports: list[FakeUDPPort] = []
        self.write_error: Exception | None = None
        self.no_way: OSError | None = None
        self.listen_error: CannotListenError | None = None

    def listenUDP(
        self, port: int, protocol: DatagramProtocol, interface: str, maxPacketSize: int
    ) -> FakeUDPPort:
        if self.listen_error is not None and self.ports:
            raise self.listen_error
        opened = FakeUDPPort(self, protocol, interface)
        self.ports.append(opened)
        protocol.makeConnection(opened)  # type: ignore[arg-type]
        return opened

    @property
    def asking(self) -> FakeUDPPort:
        """The one socket that is open."""
        (port,) = [port for port in self.ports if port.is_open]
        return port

    def as_udp(self) -> IReactorUDP:
        return cast(IReactorUDP, self)


class FakeNames:
    """A resolver that answers when a test says so."""

    def __init__(self) -> None:
        self.nameResolver = self
        self.asked: list[str] = []
        self.receivers: list[IResolutionReceiver] = []

    def resolveHostName(
        self, receiver: IResolutionReceiver, host: str, transportSemantics: str
    ) -> None:
        self.asked.append(host)
        self.receivers.append(receiver)
        receiver.resolutionBegan(cast(Any, self))

    def answer(self, *hosts: str) -> None:
        receiver = self.receivers.pop()
        for host in hosts:
            kind = IPv6Address if ":" in host else IPv4Address
            receiver.addressResolved(kind("UDP", host, 0))
        receiver.resolutionComplete()

    def as_names(self) -> IReactorPluggableNameResolver:
        return cast(IReactorPluggableNameResolver, self)


class RecordingScreen:
    """A ``visit.Screen`` that writes down what it is told, and types what a test says."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []
        self.asking: Deferred[str] | None = None
        self.is_cancelled = False

    def types(self, line: str) -> None:
        assert self.asking is not None
        asking, self.asking = self.asking, None
        asking.callback(line)

    def ends_input(self, failure: Exception) -> None:
        assert self.asking is not None
        self.asking.errback(failure)

    def _cancelled(self, _: Deferred[str]) -> None:
        self.is_cancelled = True

    def ask_index(self) -> Deferred[str]:
        self.told.append(("ask_index",))
        self.asking = Deferred(self._cancelled)
        return self.asking

    def connected(self, local: Address) -> None:
        self.told.append(("connected", local))

    def login_sent(self, user: str, password: str) -> None:
        self.told.append(("login_sent", user, password))

    def login_answered(self, is_good: bool) -> None:
        self.told.append(("login_answered", is_good))

    def all_slots(self, slots: Sequence[SlotState]) -> None:
        self.told.append(("all_slots", [slot.index for slot in slots]))

    def free_slots(self, user: str, slots: Sequence[FreeSlot]) -> None:
        self.told.append(("free_slots", user, [slot.index for slot in slots]))

    def index_refused(self, index: str) -> None:
        self.told.append(("index_refused", index))

    def reserved(self, doctor_port: int) -> None:
        self.told.append(("reserved", doctor_port))

    def taken(self) -> None:
        self.told.append(("taken",))

    def outcome_unknown(self, index: str) -> None:
        self.told.append(("outcome_unknown", index))

    def doctor_sought(self, local: Address, insurance: str) -> None:
        self.told.append(("doctor_sought", local, insurance))

    def estimate_requested(self, insurance: str, doctor: Address) -> None:
        self.told.append(("estimate_requested", insurance, doctor))

    def estimate_received(self, result: VisitResult) -> None:
        self.told.append(("estimate_received", result))

    def no_estimate(self, doctor_port: int, reason: str) -> None:
        self.told.append(("no_estimate", doctor_port, reason))


class FakeDescriptors:
    """Which descriptors a reactor watches."""

    def __init__(self) -> None:
        self.readers: set[object] = set()

    def addReader(self, reader: object) -> None:
        self.readers.add(reader)

    def removeReader(self, reader: object) -> None:
        self.readers.discard(reader)


class Lines:
    """A ``Writer`` that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)


class PatientCase(SynchronousTestCase):
    """What the tests of the patient have in common."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.events: list[LogEvent] = []
        observer = cast(ILogObserver, self.events.append)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def failure_of(self, deferred: Deferred[Any], kind: type[E]) -> E:
        """The failure of a Deferred that has failed, of this kind."""
        error = self.failureResultOf(deferred, kind).value
        assert isinstance(error, kind)
        return error

    def texts(self, level: str) -> list[str]:
        """The text of each event of ours, of that level."""
        return [
            formatEvent(event)
            for event in self.events
            if event["log_namespace"].startswith("medappt.patient")
            and event["log_level"].name == level
        ]

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)


class RemoteCase(PatientCase):
    def setUp(self) -> None:
        super().setUp()
        self.center = FakeCenter(CenterConnection(self.clock))
        self.remote = RemoteCenter(self.center.connection)

    def assert_unexpected(self, asked: Deferred[Any], *lines: str) -> None:
        self.center.says(*lines)
        self.failure_of(asked, UnexpectedReply)
        self.assertTrue(self.center.transport.is_aborted)
