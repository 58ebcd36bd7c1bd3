"""A process on a simulated host: the reactor that production code gets instead of Twisted's."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.base import DelayedCall
from twisted.internet.error import CannotListenError
from twisted.internet.error import ConnectionRefusedError as NobodyListens
from twisted.internet.interfaces import (
    IAddress,
    IConnector,
    IDelayedCall,
    IListeningPort,
    IProtocol,
    IProtocolFactory,
    IReactorTCP,
    IReactorTime,
    IReactorUDP,
    IUDPTransport,
)
from twisted.internet.protocol import ClientFactory, DatagramProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from tests.simulation.network import Address, Network
from tests.simulation.streams import StreamEnd, join

FIRST_FREE_PORT = 50_000


@implementer(IReactorTime, IReactorTCP, IReactorUDP)
class Machine:
    """One life of one process. It has dice of its own, drawn from ``name`` and ``seed``.

    After ``kill`` what it is doing goes on to the end of its callback, but nothing of it reaches
    the network or the disk, no timer fires, and nothing draws from anybody else's dice: an
    exception instead would be swallowed by the next Deferred.
    """

    running = True

    def __init__(self, network: Network, host: str, name: str, seed: int) -> None:
        self.network = network
        self.timeline = network.timeline
        self.host = host
        self.name = name
        self.dice = Random(f"{seed} {name}")
        self.is_alive = True
        self.streams: dict[StreamEnd, None] = {}
        self._datagrams: set[bytes] = set()
        self._next_port = FIRST_FREE_PORT

    def kill(self) -> None:
        """The process is gone: SIGKILL, or the power."""
        if not self.is_alive:
            return
        self.is_alive = False
        self.timeline.note("killed", self.name)
        for sockets in (self.network.sockets, self.network.doors):
            for address in [key for key in sockets if sockets[key][0] is self]:
                del sockets[address]
        for end in list(self.streams):
            end.connected = False
            self.timeline.call_later(self.network.dice.random(), end.other.reset)
        self.streams.clear()

    def has_got_before(self, datagram: bytes) -> bool:
        """Whether this very datagram came before."""
        if datagram in self._datagrams:
            return True
        self._datagrams.add(datagram)
        return False

    # IReactorTime

    def seconds(self) -> float:
        return self.timeline.now

    def callLater(
        self,
        delay: float,
        callable: Callable[..., Any],  # noqa: A002 - Twisted's name
        *args: object,
        **kwargs: object,
    ) -> DelayedCall:
        if not self.is_alive:
            return DelayedCall(0.0, callable, args, kwargs, _ignore, _ignore, self.seconds)
        call = self.timeline.call_later(delay, self._fire, callable, args, kwargs)
        call.kw = {"call": call}
        return call

    def _fire(
        self,
        function: Callable[..., Any],
        args: tuple[object, ...],
        named: dict[str, object],
        call: DelayedCall,
    ) -> None:
        if not self.is_alive:
            return
        rest = self.network.wakes_in(self.host)
        if rest > 0:
            self.timeline.postpone(call, rest)
        else:
            function(*args, **named)

    def getDelayedCalls(self) -> list[IDelayedCall]:
        mine = self._fire
        return [call for call in self.timeline.pending() if call.func == mine]

    # IReactorUDP

    def listenUDP(
        self,
        port: int,
        protocol: DatagramProtocol,
        interface: str = "",
        maxPacketSize: int = 8192,
    ) -> IListeningPort:
        opened = DatagramPort(self, (self.host, port or self._free_port()), protocol)
        opened.startListening()
        return opened

    def _free_port(self) -> int:
        self._next_port += 1
        return self._next_port

    # IReactorTCP

    def listenTCP(
        self, port: int, factory: IProtocolFactory, backlog: int = 50, interface: str = ""
    ) -> IListeningPort:
        door = StreamPort(self, (self.host, port), factory)
        door.startListening()
        return door

    def connectTCP(
        self,
        host: str,
        port: int,
        factory: ClientFactory[Any],
        timeout: float = 30.0,
        bindAddress: tuple[str, int] | None = None,
    ) -> IConnector:
        connector = StreamConnector(self, (host, port), factory)
        connector.connect()
        return connector


def _ignore(call: DelayedCall) -> None:
    """A dead process has no timers."""


@implementer(IListeningPort, IUDPTransport)
class DatagramPort:
    """A UDP socket."""

    def __init__(self, machine: Machine, address: Address, protocol: DatagramProtocol) -> None:
        self._machine = machine
        self._address = address
        self._protocol = protocol

    def startListening(self) -> None:
        sockets = self._machine.network.sockets
        if self._machine.is_alive:  # killed while it starts, it listens nowhere
            if self._address in sockets:
                raise CannotListenError(*self._address, OSError("in use"))
            sockets[self._address] = (self._machine, self._protocol)
        self._protocol.makeConnection(self)

    def stopListening(self) -> None:
        sockets = self._machine.network.sockets
        if sockets.get(self._address, (None,))[0] is self._machine:
            del sockets[self._address]
        self._protocol.doStop()

    def write(self, packet: bytes, addr: Address | None = None) -> None:
        assert addr is not None
        if self._machine.is_alive:
            self._machine.network.send_datagram(self._address, addr, packet)

    def connect(self, host: str, port: int) -> None:
        """It was bound to the only address there is."""

    def getHost(self) -> IPv4Address:
        return IPv4Address("UDP", *self._address)

    def setBroadcastAllowed(self, enabled: bool) -> None:
        raise NotImplementedError("nothing here broadcasts")

    def getBroadcastAllowed(self) -> bool:
        return False


@implementer(IListeningPort)
class StreamPort:
    """A TCP socket that listens."""

    def __init__(self, machine: Machine, address: Address, factory: IProtocolFactory) -> None:
        self._machine = machine
        self._address = address
        self._factory = factory

    def startListening(self) -> None:
        self._factory.doStart()
        if self._machine.is_alive:
            self._machine.network.doors[self._address] = (self._machine, self._factory)

    def stopListening(self) -> None:
        doors = self._machine.network.doors
        if doors.get(self._address, (None,))[0] is self._machine:
            del doors[self._address]
        self._factory.doStop()

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", *self._address)


@implementer(IConnector)
class StreamConnector:
    """Connects a client once."""

    def __init__(self, machine: Machine, to: Address, factory: ClientFactory[Any]) -> None:
        self._machine = machine
        self._to = to
        self._factory = factory
        self._is_over = False

    def connect(self) -> None:
        self._factory.doStart()
        self._factory.startedConnecting(self)
        self._machine.callLater(self._machine.network.weather.stream_delay, self._arrive)

    def _arrive(self) -> None:
        network, host = self._machine.network, self._machine.host
        if self._is_over:
            return
        if network.is_cut(host, self._to[0]) or network.is_cut(self._to[0], host):
            self._machine.callLater(1.0, self._arrive)  # SYN is sent again
            return
        network.when_awake(self._to[0], self._meet)

    def _meet(self) -> None:
        if self._is_over or not self._machine.is_alive:
            return
        door = self._machine.network.doors.get(self._to)
        if door is None:
            self._fail(NobodyListens())
            return
        server, factory = door
        client_address = IPv4Address("TCP", self._machine.host, self._machine._free_port())
        server_address = IPv4Address("TCP", *self._to)
        client_end, server_end = join(self._machine, server, client_address, server_address)
        serving = factory.buildProtocol(client_address)
        protocol: IProtocol | None = self._factory.buildProtocol(server_address)
        assert protocol is not None
        self._is_over = True
        client_end.protocol = protocol
        if serving is None:  # the center takes nobody now
            client_end.machine.timeline.call_later(0, client_end.reset)
            server.streams.pop(server_end)
            server_end.connected = False
        else:
            server_end.protocol = serving
            serving.makeConnection(server_end)
        protocol.makeConnection(client_end)

    def _fail(self, why: Exception) -> None:
        self._is_over = True
        self._factory.clientConnectionFailed(self, Failure(why))

    def stopConnecting(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._factory.clientConnectionFailed(self, Failure(NobodyListens()))

    def disconnect(self) -> None:
        self.stopConnecting()

    def getDestination(self) -> IAddress:
        return IPv4Address("TCP", *self._to)
