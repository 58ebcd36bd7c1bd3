"""Asking a doctor over a network that loses, forges and refuses."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import CannotListenError, MessageLengthError

from medappt.patient.addresses import Address
from medappt.patient.dialects import question_in
from medappt.patient.estimate import (
    RESOLVE_SECONDS,
    EstimateSocket,
    open_estimate_socket,
    resolve_host,
)
from medappt.patient.failures import NoEstimate
from medappt.wire.foreign import Dialect
from tests.patient.fakes import FakeNames, FakeNetwork, PatientCase

DOCTOR = Address(host="192.0.2.7", port=41000)


class EstimateCase(PatientCase):
    def setUp(self) -> None:
        super().setUp()
        self.network = FakeNetwork()
        self.socket = self.open(DOCTOR)
        self.port = self.network.asking

    def open(self, doctor: Address) -> EstimateSocket:
        return open_estimate_socket(self.network.as_udp(), self.clock, doctor)

    def ask(self, dialect: Dialect = Dialect.LINE) -> Deferred[str]:
        return self.socket.ask(question_in(dialect, "insurance1", "patient1"))

    def assert_over(self) -> None:
        """No timer and no socket is left, and the socket was closed once."""
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual([port.stops for port in self.network.ports], [1, 1])


class AskTests(EstimateCase):
    def test_asked(self) -> None:
        """The question names the patient and the plan, and goes to the doctor."""
        self.ask()
        self.assertEqual(self.port.sent, [(b"patient1 insurance1", ("192.0.2.7", 41000))])

    def test_answered(self) -> None:
        """The amount is what the doctor says, to the letter."""
        answer = self.ask()
        self.port.receive(b"30.50", "192.0.2.7", 41000)
        self.assertEqual(self.successResultOf(answer), "30.50")
        self.assert_over()

    def test_unknown(self) -> None:
        """``unknown`` is an answer, with a NUL or without."""
        answer = self.ask()
        self.port.receive(b"unknown\0", "192.0.2.7", 41000)
        self.assertEqual(self.successResultOf(answer), "unknown")

    def test_times(self) -> None:
        """The question is repeated after 0.5, 1, 2 and 4 s, and 4 s later nobody answered."""
        answer = self.ask()
        times = []
        for eighth in range(1, 93):  # a second in eighths has no rounding
            before = len(self.port.sent)
            self.assertNoResult(answer)
            self.clock.advance(0.125)
            if len(self.port.sent) > before:
                times.append(eighth / 8)
        self.assertEqual(times, [0.5, 1.5, 3.5, 7.5])
        self.assertEqual(self.clock.seconds(), 11.5)
        self.assertIn("did not answer", str(self.failure_of(answer, NoEstimate)))
        self.assert_over()

    def test_late_but_in_time(self) -> None:
        """An answer to the last question still counts, just before the end."""
        answer = self.ask()
        for wait in (0.5, 1.0, 2.0, 4.0, 3.9):
            self.clock.advance(wait)
        self.port.receive(b"30", "192.0.2.7", 41000)
        self.assertEqual(self.successResultOf(answer), "30")

    def test_lost_questions(self) -> None:
        """A network that is down for a while loses questions, not the visit."""
        for error in (OSError(101, "Network is unreachable"), MessageLengthError()):
            self.setUp()
            self.network.write_error = error
            answer = self.ask()
            self.clock.advance(0.5)
            self.network.write_error = None
            self.clock.advance(1.0)
            self.assertEqual(len(self.port.sent), 1)
            self.port.receive(b"30", "192.0.2.7", 41000)
            self.assertEqual(self.successResultOf(answer), "30")

    def test_forged(self) -> None:
        """Only the very address that was asked answers."""
        answer = self.ask()
        self.port.receive(b"1", "192.0.2.8", 41000)
        self.port.receive(b"2", "192.0.2.7", 41001)
        self.port.receive(b"3", "127.0.0.1", 41000)
        self.assertNoResult(answer)
        self.port.receive(b"30", "192.0.2.7", 41000)
        self.assertEqual(self.successResultOf(answer), "30")

    def test_no_amount(self) -> None:
        """What is no amount is no answer, though the doctor's machine sent it."""
        answer = self.ask()
        for datagram in (b"", b"free", b"-3", b"30 50", b"\xff\xfe", b"9" * 2048):
            self.port.receive(datagram, "192.0.2.7", 41000)
        self.assertNoResult(answer)
        self.assertEqual(len(self.texts("debug")), 6)

    @given(st.binary(max_size=64), st.sampled_from(["192.0.2.7", "192.0.2.8"]))
    @settings(deadline=None, max_examples=50)
    def test_any_datagram(self, datagram: bytes, host: str) -> None:
        """No datagram does more than answer, or nothing."""
        self.setUp()
        answer = self.ask()
        self.port.receive(datagram, host, 41000)
        if answer.called:
            self.assertEqual(host, "192.0.2.7")
            self.assertRegex(str(self.successResultOf(answer)), r"^(unknown|\d+(\.\d\d)?)$")
        else:
            answer.addErrback(lambda failure: failure.trap(CancelledError))
            answer.cancel()

    def test_second_answer(self) -> None:
        """An answer that comes twice, or before anything was asked, changes nothing."""
        self.port.receive(b"10", "192.0.2.7", 41000)
        answer = self.ask()
        self.port.receive(b"20", "192.0.2.7", 41000)
        self.port.receive(b"30", "192.0.2.7", 41000)
        self.assertEqual(self.successResultOf(answer), "20")

    def test_nobody_listens(self) -> None:
        """A refused datagram is no end: the doctor may come up."""
        answer = self.ask()
        self.socket.connectionRefused()
        self.port.receive(b"30", "192.0.2.7", 41000)
        self.assertEqual(self.successResultOf(answer), "30")

    def test_cancelled(self) -> None:
        """Cancelling ends it, and leaves nothing behind."""
        answer = self.ask()
        answer.cancel()
        self.failure_of(answer, CancelledError)
        self.clock.advance(20)
        self.assertEqual(len(self.port.sent), 1)
        self.assert_over()

    def test_socket_taken_away(self) -> None:
        """A socket that the reactor had to close ends the waiting."""
        answer = self.ask()
        self.port.stopListening()
        self.failure_of(answer, NoEstimate)
        self.assert_over()


class ForeignTests(EstimateCase):
    """Doctors of servers that speak earlier forms of the protocol."""

    def sent(self) -> list[bytes]:
        sent = [datagram for datagram, _ in self.port.sent]
        self.port.sent.clear()
        return sent

    def test_packet(self) -> None:
        """The plan and a NUL, in one datagram; the same when it is asked again."""
        self.ask(Dialect.PACKET)
        self.assertEqual(self.sent(), [b"insurance1\0"])
        self.clock.advance(0.5)
        self.assertEqual(self.sent(), [b"insurance1\0"])

    def test_bare(self) -> None:
        """The name, then the plan and LF, both of them each time."""
        self.ask(Dialect.BARE)
        self.assertEqual(self.sent(), [b"patient1", b"insurance1\n"])
        self.clock.advance(0.5)
        self.assertEqual(self.sent(), [b"patient1", b"insurance1\n"])

    def test_price(self) -> None:
        """Digits up to the first NUL are the price, and nothing else is."""
        for dialect in (Dialect.PACKET, Dialect.BARE):
            self.setUp()
            answer = self.ask(dialect)
            for datagram in (b"unknown", b"30.50", b"", b"\x0030", b"$ 30", b"Invalid\0"):
                self.port.receive(datagram, "192.0.2.7", 41000)
            self.assertNoResult(answer)
            self.port.receive(b"30\0 insurance1\n\x7f" + b"\0" * 80, "192.0.2.7", 41000)
            self.assertEqual(self.successResultOf(answer), "30")
            self.assert_over()

    def test_silent(self) -> None:
        """Their doctors are waited for as long as ours."""
        answer = self.ask(Dialect.BARE)
        for wait in (0.5, 1.0, 2.0, 4.0, 4.0):
            self.assertNoResult(answer)
            self.clock.advance(wait)
        self.assertEqual(len(self.port.sent), 10)
        self.failure_of(answer, NoEstimate)


class OpenTests(EstimateCase):
    def test_local(self) -> None:
        """The socket's address is the one that leads to the doctor; the probe is closed."""
        self.assertEqual(self.socket.local, Address(host="192.0.2.10", port=self.port.number))
        self.assertEqual([port.is_open for port in self.network.ports], [False, True])

    def test_ipv6(self) -> None:
        """A doctor with an IPv6 address is asked from one, however the answer's is written."""
        network = self.network = FakeNetwork()
        self.socket = self.open(Address(host="fe80::7%eth0", port=41000))
        self.assertEqual(self.socket.local.host, "2001:db8::10")
        answer = self.ask()
        network.asking.receive(b"30", "fe80::7", 41000)
        self.assertEqual(self.successResultOf(answer), "30")

    def test_no_way(self) -> None:
        """Where no way leads to the doctor, nothing stays open."""
        self.network.no_way = OSError(101, "Network is unreachable")
        error = self.assertRaises(NoEstimate, self.open, DOCTOR)
        self.assertIn("unreachable", str(error))
        self.assertEqual(self.network.ports[-1].stops, 1)

    def test_no_socket(self) -> None:
        """A machine that gives no socket is no crash."""
        self.network.listen_error = CannotListenError("::", 0, OSError(24, "Too many open files"))
        error = self.assertRaises(NoEstimate, self.open, DOCTOR)
        self.assertIn("Too many open files", str(error))

    def test_no_port(self) -> None:
        """A port that an offset moved out of range cannot be asked."""
        for port in (0, -1, 65536):
            self.assertRaises(NoEstimate, self.open, Address(host="192.0.2.7", port=port))


class ResolveTests(PatientCase):
    def setUp(self) -> None:
        super().setUp()
        self.names = FakeNames()

    def resolve(self, host: str) -> Deferred[str]:
        return resolve_host(self.names.as_names(), self.clock, host)

    def test_literal(self) -> None:
        """An address is asked for nowhere, and gets its one spelling."""
        self.assertEqual(self.successResultOf(self.resolve("0::1")), "::1")
        self.assertEqual(self.names.asked, [])

    def test_first(self) -> None:
        """Of several addresses it is the first."""
        found = self.resolve("doctor.example")
        self.assertEqual(self.names.asked, ["doctor.example"])
        self.names.answer("2001:DB8::7", "192.0.2.7")
        self.assertEqual(self.successResultOf(found), "2001:db8::7")

    def test_none(self) -> None:
        """A name without an address is said to have none."""
        found = self.resolve("doctor.example")
        self.names.answer()
        self.assertIn("doctor.example", str(self.failure_of(found, NoEstimate)))

    def test_silent_resolver(self) -> None:
        """A resolver that does not answer is not waited for; its late answer does no harm."""
        found = self.resolve("doctor.example")
        self.advance(RESOLVE_SECONDS)
        self.failure_of(found, NoEstimate)
        self.names.answer("192.0.2.7")

    def test_cancelled(self) -> None:
        """Who gives up is told so."""
        found = self.resolve("doctor.example")
        found.cancel()
        self.failure_of(found, CancelledError)
