"""TCP between simulated machines: bytes arrive in order, cut into pieces at any byte."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol, IProtocol, ITCPTransport
from twisted.python.failure import Failure
from zope.interface import implementer

if TYPE_CHECKING:
    from tests.simulation.machine import Machine

RETRANSMISSION = 0.3
"""Seconds until what met a cut is sent again."""

END = b""
"""In the place of bytes: the other side has closed its direction."""


@implementer(ITCPTransport)
class StreamEnd:
    """One end of a connection, on ``machine``. ``join`` makes two of them.

    A registered producer is never asked to pause: replies are small here, and what a peer that
    does not read does to the center is tested with real sockets.
    """

    other: StreamEnd
    protocol: IProtocol
    disconnecting = False
    connected = True

    def __init__(self, machine: Machine, local: IPv4Address, peer: IPv4Address) -> None:
        self.machine = machine
        self._local = local
        self._peer = peer
        self._ready = 0.0
        self._arrived: deque[bytes] = deque()
        self._is_reading = True
        self._has_closed_writing = False
        self._has_read_all = False

    # what protocols call

    def write(self, data: bytes) -> None:
        if self.connected and self.machine.is_alive and not self._has_closed_writing and data:
            self.machine.timeline.note("stream", str(self._local.host), self._local.port, data)
            self._send(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        if self.connected and not self.disconnecting and self.machine.is_alive:
            self.disconnecting = True
            if not self._has_closed_writing:
                self._has_closed_writing = True
                self._put(END)
            self.machine.callLater(0, self._lose, ConnectionDone())

    def loseWriteConnection(self) -> None:
        if self.connected and not self._has_closed_writing and self.machine.is_alive:
            self._has_closed_writing = True
            self._put(END)
            half = IHalfCloseableProtocol(self.protocol, None)
            if half is not None:
                self.machine.callLater(0, half.writeConnectionLost)

    def abortConnection(self) -> None:
        if self.connected and self.machine.is_alive:
            self.disconnecting = True
            self.machine.callLater(0, self._lose, ConnectionAborted())
            self.machine.timeline.call_later(0, self.other.reset)

    def getHost(self) -> IPv4Address:
        return self._local

    def getPeer(self) -> IPv4Address:
        return self._peer

    def registerProducer(self, producer: object, streaming: bool) -> None:
        """See the class."""

    def unregisterProducer(self) -> None:
        """See the class."""

    def pauseProducing(self) -> None:
        self._is_reading = False

    def resumeProducing(self) -> None:
        if not self._is_reading:
            self._is_reading = True
            self.machine.callLater(0, self._read)

    def stopProducing(self) -> None:
        self.loseConnection()

    def getTcpNoDelay(self) -> bool:
        return True

    def setTcpNoDelay(self, enabled: bool) -> None:
        """There is no Nagle here."""

    def getTcpKeepAlive(self) -> bool:
        return False

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """Nothing is idle long enough."""

    # what the network does

    def _send(self, data: bytes) -> None:
        network, dice = self.machine.network, self.machine.network.dice
        while data:
            length = len(data)
            if length > 1 and dice.random() < network.weather.stream_pieces:
                length = dice.randint(1, length - 1)
            if dice.random() < network.weather.stream_breaks:
                self._put(data[: dice.randint(0, length - 1)] or None)
                self.break_off()
                return
            self._put(data[:length])
            data = data[length:]

    def _put(self, piece: bytes | None) -> None:
        """Have ``piece`` arrive behind all that was put before."""
        if piece is None:
            return
        timeline, network = self.machine.timeline, self.machine.network
        delay = network.dice.random() * 2 * network.weather.stream_delay
        self._ready = max(self._ready, timeline.now + delay) + 1e-9
        timeline.call_later(self._ready - timeline.now, self._travel, piece)

    def _travel(self, piece: bytes) -> None:
        source, to = self.machine.host, self.other.machine.host
        network = self.machine.network
        if network.is_cut(source, to) or network.is_cut(to, source):
            self._ready = max(self._ready, self.machine.timeline.now + RETRANSMISSION)
            self.machine.timeline.call_later(RETRANSMISSION, self._travel, piece)
        else:
            self.other.arrive(piece)

    def arrive(self, piece: bytes) -> None:
        """Bytes, or ``END``."""
        if not self.connected:
            # a socket that is closed answers bytes with a reset
            if piece:
                self.other.reset()
            return
        self._arrived.append(piece)
        self.machine.network.when_awake(self.machine.host, self._read)

    def _read(self) -> None:
        while self._arrived and self._is_reading and self.connected and self.machine.is_alive:
            piece = self._arrived.popleft()
            if piece:
                self.protocol.dataReceived(piece)
            else:
                self._read_end()

    def _read_end(self) -> None:
        self._has_read_all = True
        half = IHalfCloseableProtocol(self.protocol, None)
        if half is not None:
            half.readConnectionLost()
        else:
            self.disconnecting = True
            if not self._has_closed_writing:
                self._has_closed_writing = True
                self._put(END)
            self._lose(ConnectionDone())

    def break_off(self) -> None:
        """The connection breaks: each end notices some time later."""
        timeline = self.machine.timeline
        for end in (self, self.other):
            timeline.call_later(self.machine.network.dice.random(), end.reset)

    def reset(self) -> None:
        """The other side, or the way to it, is gone."""
        self.machine.network.when_awake(self.machine.host, lambda: self._lose(ConnectionLost()))

    def _lose(self, why: Exception) -> None:
        if self.connected:
            self.connected = False
            self.disconnecting = True
            self.machine.streams.pop(self, None)
            if self.machine.is_alive:
                self.protocol.connectionLost(Failure(why))


def join(
    client: Machine, server: Machine, client_address: IPv4Address, server_address: IPv4Address
) -> tuple[StreamEnd, StreamEnd]:
    """Two ends of one connection: the client's and the server's."""
    ends = (
        StreamEnd(client, client_address, server_address),
        StreamEnd(server, server_address, client_address),
    )
    ends[0].other, ends[1].other = ends[1], ends[0]
    for end in ends:
        end.machine.streams[end] = None
    return ends
