"""Tests of listening before the role is a process of its own."""

from __future__ import annotations

import errno
import os
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint
from twisted.internet.protocol import DatagramProtocol, Factory
from twisted.internet.udp import Port
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from medappt.role.listening import MAX_DATAGRAM_BYTES, Place, Ports, parse_place
from medappt.role.startup import CannotStart
from tests.role.memory import MemoryUDPReactor


@implementer(IStreamServerEndpoint)
class StubbornEndpoint:
    """An endpoint that answers ``listen`` with what it was given."""

    def __init__(self, answer: Deferred[IListeningPort]) -> None:
        self.answer = answer

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:
        return self.answer


def failing(code: int) -> StubbornEndpoint:
    error = CannotListenError("::1", 21000, OSError(code, os.strerror(code)))
    return StubbornEndpoint(fail(error))


class PlaceTests(SynchronousTestCase):
    """Places are endpoint strings."""

    def test_listens(self) -> None:
        """The port an endpoint string describes is opened at once."""
        reactor, ports = MemoryUDPReactor(), Ports()
        ports.listen(parse_place(reactor, "tcp:21000:interface=127.0.0.1"), Factory())
        self.assertEqual(
            [(entry[0], entry[3]) for entry in reactor.tcpServers], [(21000, "127.0.0.1")]
        )
        self.assertEqual(len(ports.listening), 1)

    def test_nonsense(self) -> None:
        """What is no endpoint is refused in the operator's words."""
        for description in ("", "nonsense:1", "tcp:nan", "ssl:1:privateKey=/nonexistent"):
            with self.assertRaises(CannotStart) as caught:
                parse_place(MemoryUDPReactor(), description)
            self.assertTrue(str(caught.exception).startswith(f"cannot listen on {description}: "))

    def listen(self, endpoint: StubbornEndpoint, *, is_optional: bool = False) -> Ports:
        ports = Ports()
        place = Place(description="tcp6:21000", endpoint=endpoint, is_optional=is_optional)
        ports.listen(place, Factory())
        return ports

    def test_busy(self) -> None:
        """A busy port is named with the reason, optional or not."""
        for is_optional in (False, True):
            with self.assertRaises(CannotStart) as caught:
                self.listen(failing(errno.EADDRINUSE), is_optional=is_optional)
            self.assertEqual(
                str(caught.exception), "cannot listen on tcp6:21000: Address already in use"
            )

    def test_a_machine_without_ipv6(self) -> None:
        """A default address the machine lacks is left out; one that was asked for is not."""
        for code in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            self.assertEqual(self.listen(failing(code), is_optional=True).listening, [])
            with self.assertRaises(CannotStart):
                self.listen(failing(code))

    def test_a_failure_that_is_no_error_of_the_system(self) -> None:
        """Any other failure is told in its own words."""
        with self.assertRaises(CannotStart) as caught:
            self.listen(StubbornEndpoint(fail(ValueError("no luck"))), is_optional=True)
        self.assertEqual(str(caught.exception), "cannot listen on tcp6:21000: no luck")

    def test_an_endpoint_that_takes_its_time(self) -> None:
        """An endpoint that would open later cannot be told of at the terminal, and is refused."""
        with self.assertRaises(CannotStart) as caught:
            self.listen(StubbornEndpoint(Deferred()))
        self.assertIn("does not open at once", str(caught.exception))


class SlowPort:
    """A port whose closing is for the test to finish."""

    def __init__(self, closing: Deferred[None] | None) -> None:
        self.closing = closing

    def stopListening(self) -> Any:
        return self.closing


class UDPTests(SynchronousTestCase):
    """Datagram ports are opened as stream ports are."""

    def setUp(self) -> None:
        self.reactor = MemoryUDPReactor()
        self.ports = Ports()

    def listen(self, host: str, port: int = 41000, *, is_optional: bool = False) -> None:
        self.ports.listen_udp(self.reactor, host, port, DatagramProtocol(), is_optional=is_optional)

    def test_listens(self) -> None:
        """A port is open when the call returns, and takes datagrams longer than any we answer."""
        self.listen("127.0.0.1")
        self.assertTrue(self.reactor.udp_ports[0].is_listening)
        self.assertEqual(self.ports.listening, self.reactor.udp_ports)
        self.assertGreater(MAX_DATAGRAM_BYTES, 2_048)

    def test_busy(self) -> None:
        """A busy port is named with the reason, optional or not."""
        self.reactor.busy.add(("::1", 41000))
        for is_optional in (False, True):
            with self.assertRaises(CannotStart) as caught:
                self.listen("::1", is_optional=is_optional)
            self.assertEqual(
                str(caught.exception),
                "cannot listen on UDP ::1 port 41000: Address already in use",
            )

    def test_missing(self) -> None:
        """A default address the machine lacks is left out; one that was asked for is not."""
        self.reactor.missing.add("::1")
        self.listen("::1", is_optional=True)
        self.assertEqual(self.ports.listening, [])
        with self.assertRaises(CannotStart):
            self.listen("::1")

    def test_no_address(self) -> None:
        """What Twisted takes for no address at all is refused in its words."""
        self.patch(
            self.reactor,
            "listenUDP",
            lambda port, protocol, interface, size: Port(port, protocol, interface, size),
        )
        with self.assertRaises(CannotStart) as caught:
            self.listen("somewhere")
        self.assertIn("cannot listen on UDP somewhere port 41000: ", str(caught.exception))

    def test_close(self) -> None:
        """``close`` closes every port, once."""
        self.listen("127.0.0.1")
        self.listen("::1")
        self.successResultOf(self.ports.close())
        self.assertEqual([port.is_listening for port in self.reactor.udp_ports], [False, False])
        self.assertEqual(self.ports.listening, [])

    def test_close_waits(self) -> None:
        """``close`` fires when the last port is closed; a port may have been closed before."""
        closing: Deferred[None] = Deferred()
        ports = Ports(listening=[SlowPort(closing), SlowPort(None)])  # type: ignore[list-item]
        closed = ports.close()
        self.assertNoResult(closed)
        closing.callback(None)
        self.successResultOf(closed)
