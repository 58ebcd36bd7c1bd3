"""The visit when nobody is there any more, in every state."""

from __future__ import annotations

from twisted.internet import error
from twisted.internet.defer import CancelledError

from medappt.patient.ending import ANSWER_SECONDS, CLOSE_SECONDS
from medappt.patient.failures import (
    NoAnswer,
    NoEstimate,
    ServerGone,
)
from medappt.wire.replies import UnexpectedReply
from tests.patient.visiting import VisitCase


class ServerGoneTests(VisitCase):
    """The center goes, in every state."""

    def test_connecting(self) -> None:
        """Where nobody listens, the visit ends before anything is told."""
        self.start()
        self.endpoint.connecting.errback(error.ConnectionRefusedError())
        self.assert_ended(ServerGone)
        self.assertEqual(self.screen.told, [])

    def test_before_the_login_is_answered(self) -> None:
        """A center that goes instead of answering a login has not refused it."""
        self.meet().goes()
        self.assert_ended(ServerGone)
        self.assertNotIn("login_answered", self.told())

    def test_listing(self) -> None:
        """Half a list is none."""
        center = self.log_in()
        center.says("1 Tue 01pm")
        center.goes()
        self.assert_ended(ServerGone)
        self.assertNotIn("free_slots", self.told())

    def test_listing_all(self) -> None:
        """The same in a classroom."""
        self.log_in(is_classroom=True).goes()
        self.assert_ended(ServerGone)

    def test_thinking(self) -> None:
        """A patient who thinks for too long is not left typing into nothing."""
        self.list_free().goes()
        self.assert_ended(ServerGone)
        self.assertTrue(self.screen.is_cancelled)

    def test_thinking_again(self) -> None:
        """The same after an invalid index."""
        center = self.list_free()
        self.screen.types("99")
        center.says("invalid")
        center.goes()
        self.assert_ended(ServerGone)
        self.assertTrue(self.screen.is_cancelled)

    def test_reserving(self) -> None:
        """A center that goes while it reserves leaves a doubt, which is told."""
        for changes in ({}, {"choose": "2"}):
            self.setUp()
            self.select(**changes).goes()
            self.assertEqual(self.screen.told[-1], ("outcome_unknown", "2"))
            self.assert_ended(ServerGone)


class SilenceTests(VisitCase):
    """Nobody answers."""

    def test_connecting(self) -> None:
        """A machine that does not answer."""
        self.start()
        self.endpoint.connecting.errback(error.TimeoutError())
        self.assert_ended(NoAnswer)

    def test_each_answer(self) -> None:
        """A center that falls silent is left, whatever it was asked; a doubt is told."""
        for step in (self.meet, self.log_in, self.select):
            self.setUp()
            step()
            self.advance(ANSWER_SECONDS)
            self.assert_ended(NoAnswer)
            self.assertEqual("outcome_unknown" in self.told(), step == self.select)

    def test_thinking(self) -> None:
        """A person may think longer than a center."""
        self.list_free()
        self.advance(10 * ANSWER_SECONDS)
        self.assertNoResult(self.running)

    def test_doctor(self) -> None:
        """A silent doctor takes no appointment away."""
        self.ask_doctor()
        for wait in (0.5, 1.0, 2.0, 4.0, 4.0):
            self.advance(wait)
        self.assertEqual(self.screen.told[-1], ("no_estimate", 42000, "the doctor did not answer"))
        self.assert_ended(NoEstimate)

    def test_doctor_nowhere(self) -> None:
        """A doctor whose host has no address, or to whom no way leads, takes none either."""
        self.ask_doctor(doctor_host="doctor.example")
        self.names.answer()
        self.assertEqual(self.told()[-1], "no_estimate")
        self.assert_ended(NoEstimate)
        self.setUp()
        self.network.no_way = OSError(101, "Network is unreachable")
        self.ask_doctor()
        self.assertEqual(self.told()[-1], "no_estimate")
        self.assert_ended(NoEstimate)


class NoCenterTests(VisitCase):
    """The server speaks something else."""

    def test_each_answer(self) -> None:
        """The connection is aborted, and what is in doubt is told."""
        for step in (self.meet, self.log_in, self.select):
            self.setUp()
            step().says("HTTP/1.1 400 Bad Request", ".")
            self.assert_ended(UnexpectedReply)
            self.assertEqual("outcome_unknown" in self.told(), step == self.select)


class InterruptTests(VisitCase):
    """The visit is cancelled, in every state."""

    def test_connecting(self) -> None:
        """Before there is a connection."""
        self.start()
        self.running.cancel()
        self.assert_ended(CancelledError)

    def test_each_answer(self) -> None:
        """While the center is asked: the connection is closed, and a doubt told."""
        for step in (self.meet, self.log_in, self.list_free, self.select):
            self.setUp()
            step()
            self.running.cancel()
            self.assert_ended(CancelledError)
            self.assertEqual("outcome_unknown" in self.told(), step == self.select)
            self.assertNotIn("no_estimate", self.told())

    def test_closing(self) -> None:
        """The visit is over when the connection is closed."""
        center = self.list_free()
        center.transport.is_stubborn = True
        self.running.cancel()
        self.assertNoResult(self.running)
        self.advance(CLOSE_SECONDS)
        self.assert_ended(CancelledError)

    def test_asking_the_doctor(self) -> None:
        """After the reservation it is said that the appointment stands."""
        self.ask_doctor()
        self.running.cancel()
        interrupted = ("no_estimate", 42000, "the visit was interrupted")
        self.assertEqual(self.screen.told[-1], interrupted)
        self.assert_ended(CancelledError)
