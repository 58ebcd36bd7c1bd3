"""A connection without frames: when an answer is over, and when it is none."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionLost

from medappt.model.appointments import Reserved
from medappt.model.refusals import Code, Refused
from medappt.patient.addresses import Address
from medappt.patient.dialects import connect_in
from medappt.patient.distant import CONNECT_SECONDS
from medappt.patient.ending import ANSWER_SECONDS, CLOSE_SECONDS
from medappt.patient.failures import NoAnswer, ServerGone
from medappt.patient.foreign import ForeignCenter, ForeignConnection
from medappt.wire.foreign import (
    ANSWER_BYTES,
    EMPTY_SECONDS,
    GREETING_SECONDS,
    SILENCE_SECONDS,
    Dialect,
    PacketPhrases,
)
from medappt.wire.replies import UnexpectedReply
from tests.patient.fakes import FakeEndpoint, FakeServer, PatientCase


class ForeignCase(PatientCase):
    def setUp(self) -> None:
        super().setUp()
        self.connection = ForeignConnection(self.clock)
        self.server = FakeServer(self.connection)
        self.center = ForeignCenter(self.connection, PacketPhrases())

    def greet(self) -> None:
        """Let the time of a greeting pass."""
        self.advance(GREETING_SECONDS)


class GreetingTests(ForeignCase):
    """Servers that speak first."""

    def test_nothing_is_said_before(self) -> None:
        """The first message waits until a greeting would be over."""
        ready = self.center.when_ready()
        self.center.authenticate("u", "p")
        self.advance(GREETING_SECONDS - 0.01)
        self.assertNoResult(ready)
        self.assertEqual(self.server.heard(), b"")
        self.advance(0.01)
        self.successResultOf(ready)
        self.assertEqual(self.server.heard(), b"authenticate u p\0")
        self.successResultOf(self.center.when_ready())

    def test_dropped(self) -> None:
        """A greeting answers nothing, even one that sounds like it."""
        self.server.says(b"failure\0", b"Welcome!")
        self.greet()
        answer = self.center.authenticate("u", "p")
        self.server.says(b"success\0")
        self.advance(SILENCE_SECONDS)
        self.assertIs(self.successResultOf(answer), True)

    def test_gone(self) -> None:
        """A server that closes before it was asked is gone, for all who wait."""
        ready, answer = self.center.when_ready(), self.center.available()
        self.server.goes()
        for asked in (ready, answer, self.center.when_ready(), self.center.available()):
            self.failure_of(asked, ServerGone)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_given_up(self) -> None:
        """Who does not wait for the greeting any more is told so."""
        ready = self.center.when_ready()
        ready.cancel()
        self.failure_of(ready, CancelledError)
        self.greet()

    def test_closed(self) -> None:
        """Leaving before the greeting leaves no timer."""
        self.assertIsNone(self.successResultOf(self.center.quit()))
        self.assertEqual(self.clock.getDelayedCalls(), [])


class EndOfAnswerTests(ForeignCase):
    """When an answer is over."""

    def setUp(self) -> None:
        super().setUp()
        self.greet()

    def test_nul(self) -> None:
        """At its NUL, as soon as what belongs to the same record has come."""
        answer = self.connection.ask(b"x")
        self.server.says(b"doc2 42000\0")
        self.advance(SILENCE_SECONDS - 0.01)
        self.server.says(b"selection 2\n" + b"\x7f" * 50)
        self.assertNoResult(answer)
        self.advance(SILENCE_SECONDS)
        self.assertEqual(self.successResultOf(answer), "doc2 42000")

    def test_silence(self) -> None:
        """Without a NUL, when nothing more has come for a while."""
        answer = self.connection.ask(b"x")
        for byte in b"success":
            self.server.says(bytes([byte]))
            self.advance(SILENCE_SECONDS - 0.01)
            self.assertNoResult(answer)
        self.advance(0.01)
        self.assertEqual(self.successResultOf(answer), "success")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_read_once_more(self) -> None:
        """What has come when the timer fires is still of the answer: it may run before the read."""
        answer = self.connection.ask(b"x")
        self.server.says(b"doc2 ")
        self.clock.callLater(SILENCE_SECONDS, self.server.says, b"42000")
        self.advance(SILENCE_SECONDS)
        self.assertNoResult(answer)
        self.advance(SILENCE_SECONDS)
        self.assertEqual(self.successResultOf(answer), "doc2 42000")

    def test_close(self) -> None:
        """When the server closes behind it, at once, in peace or not."""
        for reason in (None, ConnectionLost()):
            self.setUp()
            answer = self.connection.ask(b"x")
            self.server.says(b"doc2 42000")
            self.server.goes(reason)
            self.assertEqual(self.successResultOf(answer), "doc2 42000")
            self.failure_of(self.connection.ask(b"y"), ServerGone)
            self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_close_without_an_answer(self) -> None:
        """A server that closes without a byte has not answered."""
        answer = self.connection.ask(b"x")
        self.server.goes()
        self.failure_of(answer, ServerGone)

    def test_empty(self) -> None:
        """A record of nothing but NULs is an answer that says nothing, after much longer."""
        answer = self.connection.ask(b"x")
        self.server.says(b"\0" * 100)
        self.advance(EMPTY_SECONDS - 0.01)
        self.assertNoResult(answer)
        self.advance(0.01)
        self.assertEqual(self.successResultOf(answer), "")

    def test_late_padding(self) -> None:
        """NULs of a record that come late are not the next answer."""
        first = self.connection.ask(b"x")
        self.server.says(b"success\0")
        self.advance(SILENCE_SECONDS)
        self.successResultOf(first)
        second = self.connection.ask(b"y")
        self.server.says(b"\0" * 92)
        self.advance(EMPTY_SECONDS / 2)  # their disk is slow
        self.assertNoResult(second)
        self.server.says(b"1 Tue 01pm\0")
        self.advance(SILENCE_SECONDS)
        self.assertEqual(self.successResultOf(second), "1 Tue 01pm")

    def test_unasked(self) -> None:
        """What comes while nothing is asked is dropped."""
        self.server.says(b"doc1 41000\0")
        answer = self.connection.ask(b"x")
        self.server.says(b"doc2 42000\0")
        self.advance(SILENCE_SECONDS)
        self.assertEqual(self.successResultOf(answer), "doc2 42000")

    def test_one_after_another(self) -> None:
        """A message waits for the answer to the one before it."""
        first, second = self.connection.ask(b"x"), self.connection.ask(b"y")
        self.assertEqual(self.server.heard(), b"x")
        self.server.says(b"1\0")
        self.assertEqual(self.server.heard(), b"")
        self.advance(SILENCE_SECONDS)
        self.assertEqual(self.successResultOf(first), "1")
        self.assertEqual(self.server.heard(), b"y")
        self.server.goes()
        self.failure_of(second, ServerGone)

    def test_gone_with_more_to_ask(self) -> None:
        """The last answer counts; what was not sent yet fails."""
        first, second = self.connection.ask(b"x"), self.connection.ask(b"y")
        self.server.says(b"1")
        self.server.goes()
        self.assertEqual(self.successResultOf(first), "1")
        self.failure_of(second, ServerGone)
        self.assertEqual(self.server.heard(), b"x")


class HostileTests(ForeignCase):
    """Servers that are none."""

    def setUp(self) -> None:
        super().setUp()
        self.greet()

    def test_silent(self) -> None:
        """A server that does not answer is given up."""
        answer = self.connection.ask(b"x")
        self.advance(ANSWER_SECONDS)
        self.failure_of(answer, NoAnswer)
        self.assertTrue(self.server.transport.is_aborted)

    def test_dribbling(self) -> None:
        """One that always has a little more to say is not listened to for ever."""
        for byte in (b"1", b"\0"):
            self.setUp()
            answer = self.connection.ask(b"x")
            self.server.says(b"1\0")
            while not answer.called:
                self.server.says(byte)
                self.advance(SILENCE_SECONDS - 0.01)
            self.assertLess(self.clock.seconds(), ANSWER_SECONDS + 1)
            self.failure_of(answer, NoAnswer)
            self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_flood(self) -> None:
        """More than any answer is none, and nothing of it is kept."""
        first, second = self.connection.ask(b"x"), self.connection.ask(b"y")
        self.server.says(b"1" * ANSWER_BYTES, b"1", b"doc2 42000\0")
        self.failure_of(first, UnexpectedReply)
        self.failure_of(second, UnexpectedReply)
        self.assertTrue(self.server.transport.is_aborted)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_does_not_let_go(self) -> None:
        """A server that keeps the line is left all the same."""
        self.server.transport.is_stubborn = True
        left = self.center.quit()
        self.assertNoResult(left)
        self.advance(CLOSE_SECONDS)
        self.successResultOf(left)
        self.assertTrue(self.server.transport.is_aborted)


class OperationsTests(ForeignCase):
    """What a visit can ask for."""

    def setUp(self) -> None:
        super().setUp()
        self.greet()

    def test_ends(self) -> None:
        """Both ends are known, and nothing is held back."""
        self.assertEqual(self.center.local, Address(host="192.0.2.10", port=50123))
        self.assertEqual(self.center.peer, Address(host="192.0.2.1", port=21000))
        self.assertTrue(self.server.transport.has_no_delay)

    def test_select(self) -> None:
        """A reserved slot has a port, and a doctor if one was named."""
        answer = self.center.select("2")
        self.assertEqual(self.server.heard(), b"selection 2\0")
        self.server.says(b"42000 \0")
        self.advance(SILENCE_SECONDS)
        self.assertEqual(self.successResultOf(answer), Reserved(doctor="", port=42000))

    def test_unsayable(self) -> None:
        """What is no single word is refused, and never sent."""
        for asked, code in (
            (self.center.authenticate("a b", "p"), Code.SYNTAX),
            (self.center.authenticate("u", "p\0q"), Code.SYNTAX),
            (self.center.select(""), Code.UNKNOWN_SLOT),
            (self.center.select("1\0002"), Code.UNKNOWN_SLOT),
        ):
            self.assertEqual(self.failure_of(asked, Refused).refusal.code, code)
        self.assertEqual(self.server.heard(), b"")

    def test_slots(self) -> None:
        """A table of all slots cannot be asked for, and is not."""
        asked = self.center.slots()
        self.assertEqual(self.failure_of(asked, Refused).refusal.code, Code.UNKNOWN_COMMAND)
        self.assertEqual(self.server.heard(), b"")

    def test_while_connected(self) -> None:
        """Who thinks is told when the server goes."""
        typed: Deferred[str] = Deferred()
        waiting = self.center.while_connected(typed)
        self.server.goes()
        self.failure_of(waiting, ServerGone)
        self.assertTrue(typed.called)


class ConnectTests(PatientCase):
    """Reaching a server of any dialect."""

    def test_first_words(self) -> None:
        """Each dialect has its own login."""
        for dialect, login in (
            (Dialect.LINE, b"authenticate u p\n"),
            (Dialect.PACKET, b"authenticate u p\0"),
            (Dialect.BARE, b"u p\n"),
        ):
            endpoint = FakeEndpoint()
            connecting = connect_in(dialect, endpoint.as_endpoint(), self.clock)
            server = endpoint.accept_foreign()
            center = self.successResultOf(connecting)
            ready = center.when_ready()
            self.advance(GREETING_SECONDS)
            self.successResultOf(ready)
            center.authenticate("u", "p")
            self.assertEqual(server.heard(), login)

    def test_silent(self) -> None:
        """A machine that does not answer is not waited for."""
        for dialect in Dialect:
            connecting = connect_in(dialect, FakeEndpoint().as_endpoint(), self.clock)
            self.advance(CONNECT_SECONDS)
            self.failure_of(connecting, NoAnswer)
