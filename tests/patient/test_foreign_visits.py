"""Visits to servers of every kind that is out there, as transcripts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from twisted.internet.defer import CancelledError

from medappt.patient.addresses import Address
from medappt.patient.ending import ANSWER_SECONDS
from medappt.patient.failures import (
    InvalidIndex,
    LoginRefused,
    NoAnswer,
    NoEstimate,
    NoFreeSlot,
    ServerGone,
    SlotTaken,
)
from medappt.patient.visit import STARS, VisitResult
from medappt.wire.foreign import EMPTY_SECONDS, GREETING_SECONDS, SILENCE_SECONDS, Dialect
from tests.patient.fakes import FakeServer
from tests.patient.visiting import VisitCase

FOREIGN = (Dialect.PACKET, Dialect.BARE)
LOGIN = {
    Dialect.PACKET: b"authenticate patient1 password111\0",
    Dialect.BARE: b"patient1 password111\n",
}
ESTIMATE = {
    Dialect.PACKET: [b"insurance1\0"],
    Dialect.BARE: [b"patient1", b"insurance1\n"],
}


@dataclass(frozen=True, kw_only=True)
class Wording:
    """What a kind of server says."""

    success: bytes = b"success"
    rows: bytes = b"1 Tue 01pm\n2 Mon 03pm\n"
    taken: bytes = b"notavailable"
    booked: bytes = b"doc2 42000"
    doctor: str | None = "doc2"


LOWER = Wording()
CAPITAL = Wording(success=b"SUCCESS", taken=b"Not available")
JOINED = Wording(rows=b"1 Tue 01pm 2 Mon 03pm ")
BARE = Wording(success=b"Success", booked=b"42000 ", doctor=None)
WORDINGS = (LOWER, CAPITAL, JOINED, BARE)


def in_one_piece(text: bytes) -> list[bytes]:
    return [text]


def with_nul(text: bytes) -> list[bytes]:
    return [text + b"\0"]


def in_bytes(text: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in text]


def in_bytes_with_nul(text: bytes) -> list[bytes]:
    return in_bytes(text + b"\0")


def padded(text: bytes) -> list[bytes]:
    return [text.ljust(100, b"\0")]


def padded_in_bytes(text: bytes) -> list[bytes]:
    return in_bytes(text.ljust(100, b"\0"))


def with_dirty_tail(text: bytes) -> list[bytes]:
    """A record of uninitialised memory, in two segments."""
    record = (text + b"\0cate\0selection 2\nnotavailable\x7f\xff doc1 41000\n").ljust(100, b"\xa5")
    return [record[:60], record[60:]]


FRAMINGS: Sequence[Callable[[bytes], list[bytes]]] = (
    in_one_piece,
    with_nul,
    in_bytes,
    in_bytes_with_nul,
    padded,
    padded_in_bytes,
    with_dirty_tail,
)


class ForeignVisitCase(VisitCase):
    """A visit to a server that a test words and frames."""

    frame: staticmethod[[bytes], list[bytes]] = staticmethod(in_one_piece)

    def connect(self, dialect: Dialect, **changes: object) -> FakeServer:
        """Be connected, and have logged in."""
        self.start(dialect=dialect, **changes)
        self.center = server = self.endpoint.accept_foreign()
        self.assertEqual(self.told(), ["connected"])
        self.advance(GREETING_SECONDS)
        self.assertEqual(server.heard(), LOGIN[dialect])
        return server

    def answer(self, server: FakeServer, text: bytes) -> None:
        """Say ``text``, and be silent."""
        server.says(*self.frame(text))
        self.advance(SILENCE_SECONDS if text.strip(b"\0") else EMPTY_SECONDS)

    def list_in(self, dialect: Dialect, wording: Wording = LOWER, **changes: object) -> FakeServer:
        """Have got a list."""
        server = self.connect(dialect, **changes)
        self.answer(server, wording.success)
        self.assertEqual(server.heard(), b"available\0")
        self.answer(server, wording.rows)
        return server

    def select_in(
        self, dialect: Dialect, wording: Wording = LOWER, **changes: object
    ) -> FakeServer:
        """Have asked for a slot."""
        server = self.list_in(dialect, wording, **changes)
        if self.screen.asking is not None:
            self.screen.types("2")
        self.assertEqual(server.heard(), b"selection 2\0")
        return server


class CourseTests(ForeignVisitCase):
    """All three phases."""

    def test_every_kind(self) -> None:
        """Whatever a server's words and records, the visit comes to the same end."""
        for dialect in FOREIGN:
            for wording in WORDINGS:
                for frame in FRAMINGS:
                    with self.subTest(dialect=dialect, wording=wording, frame=frame):
                        self.setUp()
                        self.frame = staticmethod(frame)
                        self.assert_whole(dialect, wording)

    def assert_whole(self, dialect: Dialect, wording: Wording) -> None:
        server = self.select_in(dialect, wording)
        self.answer(server, wording.booked)
        self.assertTrue(server.transport.is_closed)
        self.assertEqual(server.heard(), b"")
        port = self.network.asking
        self.assertEqual([datagram for datagram, _ in port.sent], ESTIMATE[dialect])
        port.receive(b"60\0", "192.0.2.1", 42000)
        result = VisitResult(
            doctor=wording.doctor,
            doctor_port=42000,
            user="patient1",
            insurance="insurance1",
            amount="60",
        )
        self.assertEqual(self.successResultOf(self.running), result)
        self.assertEqual(
            self.screen.told,
            [
                ("connected", Address(host="192.0.2.10", port=50123)),
                ("login_sent", "patient1", STARS),
                ("login_answered", True),
                ("free_slots", "patient1", [1, 2]),
                ("ask_index",),
                ("reserved", 42000),
                ("doctor_sought", Address(host="192.0.2.10", port=port.number), "insurance1"),
                ("estimate_requested", "insurance1", Address(host="192.0.2.1", port=42000)),
                ("estimate_received", result),
            ],
        )
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_slow_bytes(self) -> None:
        """An answer may dribble in, a byte at a time."""
        for dialect in FOREIGN:
            self.setUp()
            server = self.connect(dialect)
            for byte in b"success":
                server.says(bytes([byte]))
                self.advance(SILENCE_SECONDS / 2)
            self.assertNotIn("login_answered", self.told())
            self.advance(SILENCE_SECONDS)
            self.assertEqual(server.heard(), b"available\0")

    def test_greeting(self) -> None:
        """A server that greets is not misunderstood."""
        for dialect in FOREIGN:
            self.setUp()
            self.start(dialect=dialect)
            self.center = server = self.endpoint.accept_foreign()
            server.says(b"Welcome to the Health Center\n")
            self.advance(GREETING_SECONDS)
            self.assertEqual(server.heard(), LOGIN[dialect])
            self.answer(server, b"success")
            self.assertEqual(server.heard(), b"available\0")

    def test_close_at_once(self) -> None:
        """A server may close right behind its answer to the reservation."""
        for dialect in FOREIGN:
            self.setUp()
            server = self.select_in(dialect)
            server.says(b"doc2 42000")
            server.goes()
            self.assertEqual(self.told()[-1], "estimate_requested")
            self.assertNotIn("outcome_unknown", self.told())

    def test_soon(self) -> None:
        """An answer with a NUL is not waited on longer than its record."""
        server = self.connect(Dialect.PACKET)
        server.says(b"success\0")
        self.advance(SILENCE_SECONDS)
        self.assertEqual(server.heard(), b"available\0")

    def test_port_with_an_offset(self) -> None:
        """The constant that some add to the port is added, also for the screen."""
        for dialect in FOREIGN:
            self.setUp()
            server = self.select_in(dialect, doctor_port_offset=720)
            self.answer(server, b"doc2 42000")
            self.assertIn(("reserved", 42720), self.screen.told)
            self.assertEqual(self.network.asking.sent[0][1], ("192.0.2.1", 42720))

    def test_classroom(self) -> None:
        """In a classroom the table of all slots is left out: they cannot be asked for it."""
        server = self.list_in(Dialect.PACKET, is_classroom=True)
        self.assertIn(("login_sent", "patient1", "password111"), self.screen.told)
        self.assertNotIn("all_slots", self.told())
        self.assertEqual(server.heard(), b"")


class RefusalTests(ForeignVisitCase):
    """The server says no."""

    def test_login(self) -> None:
        """Whatever is no success is a failed login; the server may close behind it, or not."""
        for dialect in FOREIGN:
            for text in (b"failure", b"FAILURE\0", b"Failure", b"what?", b"\0"):
                self.setUp()
                server = self.connect(dialect)
                self.answer(server, text)
                self.assertEqual(self.screen.told[-1], ("login_answered", False))
                self.assert_ended(LoginRefused)
                self.setUp()
                server = self.connect(dialect)
                server.says(text)
                server.goes()
                self.assert_ended(LoginRefused)

    def test_nothing_free(self) -> None:
        """An empty list is told in either wording, or by an empty record."""
        for rows in (b"notavailable", b"Not available", b"\0" * 100):
            self.setUp()
            self.list_in(Dialect.PACKET, replace(LOWER, rows=rows))
            self.assertEqual(self.screen.told[-1], ("free_slots", "patient1", []))
            self.assert_ended(NoFreeSlot)

    def test_gone_behind_the_list(self) -> None:
        """A slot that was not asked for is in no doubt."""
        server = self.connect(Dialect.PACKET, choose="2")
        self.answer(server, LOWER.success)
        self.assertEqual(server.heard(), b"available\0")
        server.says(LOWER.rows)
        server.goes()
        self.assert_ended(ServerGone)
        self.assertEqual(server.heard(), b"")
        self.assertNotIn("outcome_unknown", self.told())

    def test_taken(self) -> None:
        """A taken slot ends the visit, whether the server ends the dialogue or waits for more."""
        for dialect in FOREIGN:
            for taken in (b"notavailable", b"Not available\0", b"NotAvailable"):
                for goes in (True, False):
                    self.setUp()
                    server = self.select_in(dialect)
                    server.says(taken)
                    if goes:
                        server.goes()
                    self.advance(SILENCE_SECONDS)
                    self.assertEqual(self.told()[-1], "taken")
                    self.assert_ended(SlotTaken)

    def test_invalid_is_asked_again(self) -> None:
        """Any other answer lets the person choose again; what cannot be said is not sent."""
        for dialect in FOREIGN:
            self.setUp()
            server = self.list_in(dialect)
            for index in ("99", "x"):
                self.screen.types(index)
                self.assertEqual(server.heard(), b"selection " + index.encode() + b"\0")
                self.answer(server, b"Invalid")
                self.assertEqual(self.screen.told[-2:], [("index_refused", index), ("ask_index",)])
            self.screen.types("1 2")
            self.assertEqual(server.heard(), b"")
            self.screen.types("2")
            self.answer(server, b"42000 ")
            self.assertIn(("reserved", 42000), self.screen.told)

    def test_invalid_choice(self) -> None:
        """A choice made beforehand is not asked for again."""
        server = self.select_in(Dialect.BARE, choose="2")
        self.answer(server, b"Invalid")
        self.assert_ended(InvalidIndex)

    def test_invalid_and_gone(self) -> None:
        """A server that refuses an index and closes leaves nobody typing into nothing."""
        for dialect in FOREIGN:
            self.setUp()
            server = self.select_in(dialect)
            self.answer(server, b"Invalid")
            server.goes()
            self.assert_ended(ServerGone)
            self.assertTrue(self.screen.is_cancelled)
            self.setUp()
            server = self.select_in(dialect)
            server.says(b"Invalid")
            server.goes()
            self.assert_ended(ServerGone)


class EndTests(ForeignVisitCase):
    """Nobody is there any more."""

    def test_gone_in_every_state(self) -> None:
        """A server that closes without an answer has given none; a doubt is told."""
        for step in (self.connect, self.list_in, self.select_in):
            self.setUp()
            step(Dialect.PACKET).goes()
            self.assert_ended(ServerGone)
            self.assertEqual("outcome_unknown" in self.told(), step == self.select_in)

    def test_gone_before_the_greeting(self) -> None:
        """A server that closes at once was not told a password."""
        self.start(dialect=Dialect.BARE)
        self.center = server = self.endpoint.accept_foreign()
        server.goes()
        self.assertEqual(self.told(), ["connected"])
        self.assertEqual(server.heard(), b"")
        self.assert_ended(ServerGone)

    def test_silent(self) -> None:
        """A server that says nothing is left."""
        for step in (self.connect, self.select_in):
            self.setUp()
            step(Dialect.BARE)
            self.advance(ANSWER_SECONDS)
            self.assert_ended(NoAnswer)

    def test_interrupted(self) -> None:
        """A visit can be broken off anywhere, also in the middle of an answer."""
        self.start(dialect=Dialect.PACKET)
        self.center = self.endpoint.accept_foreign()
        self.running.cancel()
        self.assert_ended(CancelledError)
        for step in (self.connect, self.list_in, self.select_in):
            self.setUp()
            step(Dialect.PACKET).says(b"succ")
            self.running.cancel()
            self.assert_ended(CancelledError)

    def test_doctor_without_a_price(self) -> None:
        """A doctor who sends no digits has not answered; the appointment stands."""
        server = self.select_in(Dialect.PACKET)
        self.answer(server, b"doc2 42000")
        self.network.asking.receive(b"Invalid insurance\0", "192.0.2.1", 42000)
        for wait in (0.5, 1.0, 2.0, 4.0, 4.0):
            self.advance(wait)
        self.assertEqual(self.screen.told[-1], ("no_estimate", 42000, "the doctor did not answer"))
        self.assert_ended(NoEstimate)

    def test_port_beyond_all(self) -> None:
        """Five digits that are no port keep the appointment, and find no doctor."""
        server = self.select_in(Dialect.PACKET)
        self.answer(server, b"doc2 99999")
        self.assertIn(("reserved", 99999), self.screen.told)
        self.assert_ended(NoEstimate)
