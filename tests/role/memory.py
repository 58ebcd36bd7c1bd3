"""A reactor in memory that has datagrams, and the faults of a machine's ports."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import (
    IListeningPort,
    IReactorFromThreads,
    IReactorUDP,
    IUDPTransport,
)
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.testing import MemoryReactorClock
from zope.interface import implementer

Sender = tuple[str, int]


@implementer(IListeningPort, IUDPTransport)
class MemoryPort:
    """A UDP port: ``written`` holds what was sent, ``fails_with`` is raised by each write."""

    def __init__(self, host: str, port: int, protocol: DatagramProtocol) -> None:
        self.host = host
        self.port = port
        self.protocol = protocol
        self.written: list[tuple[bytes, Sender]] = []
        self.fails_with: Exception | None = None
        self.is_listening = False

    def startListening(self) -> None:
        self.is_listening = True
        self.protocol.makeConnection(self)

    def stopListening(self) -> Deferred[None]:
        if self.is_listening:
            self.is_listening = False
            self.protocol.doStop()
        return succeed(None)

    def getHost(self) -> IPv4Address | IPv6Address:
        kind = IPv6Address if ":" in self.host else IPv4Address
        return kind("UDP", self.host, self.port)

    def write(self, packet: bytes, addr: Sender | None = None) -> None:
        assert addr is not None
        if self.fails_with is not None:
            raise self.fails_with
        self.written.append((packet, addr))

    def receive(self, datagram: bytes, sender: Sender = ("192.0.2.1", 5000)) -> None:
        """Let a datagram come in."""
        self.protocol.datagramReceived(datagram, sender)

    def replies(self) -> list[bytes]:
        """What was sent since the last look."""
        written, self.written = self.written, []
        return [packet for packet, _ in written]

    def connect(self, host: str, port: int) -> None:
        raise NotImplementedError("nothing here connects a datagram port")

    def setBroadcastAllowed(self, enabled: bool) -> None:
        raise NotImplementedError("nothing here broadcasts")

    def getBroadcastAllowed(self) -> bool:
        return False


@implementer(IReactorUDP, IReactorFromThreads)
class MemoryUDPReactor(MemoryReactorClock):
    """``busy`` (host, port) pairs are taken, ``missing`` hosts are none of this machine's."""

    def __init__(self) -> None:
        MemoryReactorClock.__init__(self)
        self.udp_ports: list[MemoryPort] = []
        self.busy: set[tuple[str, int]] = set()
        self.missing: set[str] = set()

    def listenUDP(
        self,
        port: int,
        protocol: DatagramProtocol,
        interface: str = "",
        maxPacketSize: int = 8192,
    ) -> MemoryPort:
        if interface in self.missing:
            self._refuse(interface, port, errno.EADDRNOTAVAIL)
        if (interface, port) in self.busy:
            self._refuse(interface, port, errno.EADDRINUSE)
        memory_port = MemoryPort(interface, port or 49_152 + len(self.udp_ports), protocol)
        self.udp_ports.append(memory_port)
        memory_port.startListening()
        return memory_port

    def advance(self, amount: float) -> None:
        """A turn of the reactor after ``amount`` seconds. As in a real one, and unlike a ``Clock``,
        what is scheduled in a turn waits for the next, even without a delay."""
        self.rightNow += amount
        for call in [call for call in self.calls if call.getTime() <= self.seconds()]:
            if call.active():
                self.calls.remove(call)
                call.called = 1
                call.func(*call.args, **call.kw)

    def _refuse(self, interface: str, port: int, code: int) -> None:
        raise CannotListenError(interface, port, OSError(code, os.strerror(code)))

    def callFromThread(self, callable: Callable[..., Any], *args: Any, **kwargs: Any) -> None:  # noqa: A002
        self.callLater(0, callable, *args, **kwargs)
