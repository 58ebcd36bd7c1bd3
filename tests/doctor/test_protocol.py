"""Tests of a doctor's port: datagrams, one timer, and what a network can do."""

from __future__ import annotations

import errno
from unittest import mock

from twisted.internet.error import MessageLengthError
from twisted.internet.udp import Port
from twisted.trial.unittest import SynchronousTestCase

from medappt.doctor.desk import Desk
from medappt.doctor.drops import Drops
from medappt.doctor.protocol import BYTES_AT_ONCE, EMPTY_AT_ONCE, DoctorProtocol
from medappt.doctor.rate import RateLimit
from medappt.doctor.sentences import Sentences
from medappt.model.prices import PriceList
from tests.role.logs import listening_to_the_log
from tests.role.memory import MemoryUDPReactor

PRICES = PriceList({"gold": "30"})
BOB = ("192.0.2.1", 5000)
ANN = ("192.0.2.2", 6000)


class BrokenDesk(Desk):
    """A desk with a fault in it: ``fault`` is raised for each datagram while it is set."""

    fault: Exception | None = None

    def receive(self, *arguments: object) -> None:
        if self.fault is not None:
            raise self.fault
        super().receive(*arguments)  # type: ignore[arg-type]


class DoctorProtocolTests(SynchronousTestCase):
    """``DoctorProtocol`` moves datagrams; nothing that comes makes it stop."""

    def setUp(self) -> None:
        self.reactor = MemoryUDPReactor()
        self.desk = Desk(PRICES, RateLimit(100))
        self.drops = Drops("Doctor1")
        self.protocol = self.make_protocol(self.desk)
        self.port = self.reactor.listenUDP(41000, self.protocol, "127.0.0.1")

    def make_protocol(self, desk: Desk) -> DoctorProtocol:
        return DoctorProtocol(desk, self.reactor, Sentences("1", PRICES, self.reactor), self.drops)

    def timers(self) -> int:
        return len(self.reactor.getDelayedCalls())

    def totals(self) -> list[str]:
        with listening_to_the_log() as told:
            self.drops.tell_totals()
        return told.texts()

    def test_answer(self) -> None:
        """A plan is answered to who asked, and told; no timer is left."""
        with listening_to_the_log() as told:
            self.port.receive(b"gold\0", BOB)
        self.assertEqual(self.port.written, [(b"30\0", BOB)])
        self.assertEqual(len(told.texts()), 3)
        self.assertEqual(self.timers(), 0)

    def test_pair(self) -> None:
        """A name and a plan get one reply, and the timer of the name says nothing."""
        self.port.receive(b"bob")
        self.port.receive(b"gold")
        self.assertEqual(self.port.replies(), [b"30"])
        self.reactor.pump([0.3, 0.1, 0.1])
        self.assertEqual(self.port.replies(), [])
        self.assertEqual(self.timers(), 0)

    def test_unknown_in_the_end(self) -> None:
        """A word that no plan follows is unknown after 300 ms."""
        self.port.receive(b"lead", BOB)
        self.reactor.advance(0.29)
        self.assertEqual(self.port.written, [])
        self.reactor.pump([0.01, 0])
        self.assertEqual(self.port.written, [(b"unknown", BOB)])
        self.assertEqual(self.timers(), 0)

    def test_a_plan_that_waits_in_the_socket(self) -> None:
        """The timer gives the socket a turn: a stalled process answers the pair all the same."""
        self.port.receive(b"bob")
        self.reactor.advance(1.0)  # the process stood still, and timers run before reads
        self.port.receive(b"gold")
        self.reactor.advance(0)
        self.assertEqual(self.port.replies(), [b"30"])

    def test_one_timer(self) -> None:
        """However many words are held one timer is pending, and each has its own 300 ms."""
        for number in range(4):
            self.port.receive(b"lead", ("192.0.2.1", 1 + number))
            self.assertEqual(self.timers(), 1)
            self.reactor.advance(0.05)
        self.reactor.pump([0.1, 0])
        self.assertEqual([to[1] for _, to in self.port.written], [1])
        self.reactor.pump([0.05, 0])
        self.assertEqual([to[1] for _, to in self.port.written], [1, 2])
        self.reactor.pump([0.1, 0])
        self.assertEqual([to[1] for _, to in self.port.written], [1, 2, 3, 4])

    def test_second_word(self) -> None:
        """A released word is answered at once, and the one behind it in its time."""
        self.port.receive(b"bob")
        self.reactor.advance(0.2)
        self.port.receive(b"lead")
        self.assertEqual(self.port.replies(), [b"unknown"])
        self.reactor.pump([0.1, 0, 0.19])
        self.assertEqual(self.port.replies(), [])
        self.reactor.pump([0.01, 0])
        self.assertEqual(self.port.replies(), [b"unknown"])

    def test_drops_are_told_once(self) -> None:
        """The first datagram of a kind that is dropped is logged, the others are counted."""
        with listening_to_the_log() as told:
            for _ in range(3):
                self.port.receive(b"")
            self.port.receive(b"x" * 300)
        self.assertEqual(self.port.written, [])
        self.assertEqual(len(told.texts()), 1)
        self.assertEqual(
            self.totals(),
            ["Doctor1 dropped 4 in all: without a text of 1 to 256 bytes in at most 2,048."],
        )
        self.assertEqual(self.totals(), [])

    def test_rate(self) -> None:
        """Exactly so many of a burst are answered."""
        for _ in range(150):
            self.port.receive(b"gold")
        self.assertEqual(len(self.port.replies()), 100)
        self.assertEqual(
            self.totals(),
            ["Doctor1 dropped 50 in all: over the limit of requests a second from one address."],
        )

    def test_network_errors(self) -> None:
        """An answer that the network does not take is lost like any datagram, and not told as
        sent; the next is sent."""
        faults = (
            OSError(errno.ENETUNREACH, "Network is unreachable"),
            OSError(errno.ECONNREFUSED, "Connection refused"),
            BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"),
            MessageLengthError("message too long"),
            ValueError("no IP address"),
        )
        with listening_to_the_log() as told:
            for fault in faults:
                self.port.fails_with = fault
                self.port.receive(b"gold")
        self.assertEqual(len(told.texts()), 1)
        self.port.fails_with = None
        self.port.receive(b"gold")
        self.assertEqual(self.port.replies(), [b"30"])
        self.assertEqual(
            self.totals(), ["Doctor1 dropped 5 in all: an answer that the network did not take."]
        )

    def test_network_error_at_a_deadline(self) -> None:
        """A word whose answer cannot be sent does not keep others from theirs."""
        self.port.receive(b"lead", BOB)
        self.port.fails_with = OSError(errno.EPERM, "Operation not permitted")
        self.reactor.pump([0.3, 0])
        self.port.fails_with = None
        self.port.receive(b"lead", ANN)
        self.reactor.pump([0.3, 0])
        self.assertEqual(self.port.written, [(b"unknown", ANN)])

    def test_unforeseen(self) -> None:
        """A fault of the program costs one datagram: logged with its traceback, once a type."""
        desk = BrokenDesk(PRICES, RateLimit(0))
        port = self.reactor.listenUDP(42000, self.make_protocol(desk), "127.0.0.1")
        for desk.fault in (KeyError("a"), KeyError("b"), ZeroDivisionError()):
            port.receive(b"gold")
        kinds = [failure.type for failure in self.flushLoggedErrors()]
        self.assertEqual(kinds, [KeyError, ZeroDivisionError])
        self.assertEqual(self.totals(), ["Doctor1 dropped 3 in all: an error of this program."])
        desk.fault = None
        port.receive(b"lead")
        self.reactor.pump([0.3, 0])
        self.assertEqual(port.replies(), [b"unknown"])

    def test_unforeseen_at_a_deadline(self) -> None:
        """A fault while one word is released does not keep the others from their answers."""
        for sender in (BOB, ANN):
            self.port.receive(b"lead", sender)
        self.port.fails_with = KeyError("a fault")
        self.reactor.advance(0.3)
        self.port.receive(b"word", ("192.0.2.3", 1))
        self.reactor.advance(0)
        self.port.fails_with = None
        self.reactor.pump([0.3, 0])
        self.assertEqual(self.port.replies(), [b"unknown"])
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)

    def test_stop(self) -> None:
        """A port that is closed leaves no timer behind, whatever it waited for."""
        self.port.receive(b"lead")
        for _ in range(EMPTY_AT_ONCE):
            self.port.receive(b"")
        self.assertEqual(self.timers(), 2)
        self.port.stopListening()
        self.assertEqual(self.timers(), 0)

    def test_stop_in_a_turn(self) -> None:
        """A port may be closed between a deadline and the turn the socket gets."""
        self.port.receive(b"lead")
        self.reactor.advance(0.3)
        self.port.stopListening()
        self.assertEqual(self.timers(), 0)


class FloodTests(SynchronousTestCase):
    """A flood leaves the reactor its turns, for Twisted reads as much as it may at a time."""

    def setUp(self) -> None:
        self.reactor = MemoryUDPReactor()
        sentences = Sentences("1", PRICES, self.reactor)
        desk = Desk(PRICES, RateLimit(0))
        self.protocol = DoctorProtocol(desk, self.reactor, sentences, Drops("Doctor1"))
        self.port = Port(0, self.protocol)
        self.protocol.makeConnection(self.port)
        self.read = 0

    def recvfrom(self, size: int) -> tuple[bytes, tuple[str, int]]:
        if self.read > 100_000:
            raise BlockingIOError(errno.EAGAIN, "nothing any more")
        self.read += 1
        return self.datagram, BOB

    def read_one_turn(self, datagram: bytes) -> int:
        self.datagram, self.read = datagram, 0
        self.port.socket = mock.Mock(recvfrom=self.recvfrom)
        self.port.doRead()
        return self.read

    def test_small_ones(self) -> None:
        """One turn reads a few thousand bytes, not a quarter of a million datagrams."""
        self.assertEqual(self.read_one_turn(b"\0"), BYTES_AT_ONCE)

    def test_empty_ones(self) -> None:
        """Empty datagrams, of which Twisted would read all there are, end the turn too; the next
        one reads on."""
        self.assertEqual(self.read_one_turn(b""), EMPTY_AT_ONCE)
        self.assertEqual(self.read_one_turn(b""), 0)
        self.reactor.advance(0)
        self.assertEqual(self.read_one_turn(b"\0"), BYTES_AT_ONCE)
        self.assertEqual(self.read_one_turn(b""), EMPTY_AT_ONCE)

    def test_a_few_empty_ones(self) -> None:
        """A few empty datagrams are nothing to rest from."""
        for _ in range(EMPTY_AT_ONCE - 1):
            self.protocol.datagramReceived(b"", BOB)
        self.assertEqual(self.reactor.getDelayedCalls(), [])
