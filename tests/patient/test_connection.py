"""How a connection to a center begins and ends."""

from __future__ import annotations

from typing import Any

from twisted.internet import error
from twisted.internet.defer import CancelledError, Deferred

from medappt.patient.connection import CenterConnection
from medappt.patient.distant import CONNECT_SECONDS
from medappt.patient.ending import ANSWER_SECONDS, CLOSE_SECONDS
from medappt.patient.failures import NoAnswer, ServerGone
from medappt.patient.remote import RemoteCenter, connect_center
from tests.patient.fakes import FakeCenter, FakeEndpoint, PatientCase, RemoteCase


class EndTests(RemoteCase):
    """Connections end: by the center, by silence, by us."""

    def test_gone(self) -> None:
        """When the connection ends, whatever waits fails, and so does what is asked later."""
        first, second = self.remote.available(), self.remote.select("1")
        self.center.says("1 Tue 01pm")
        self.center.goes()
        for asked in (first, second, self.remote.slots()):
            self.assertIn("was closed", str(self.failure_of(asked, ServerGone)))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_lost(self) -> None:
        """A connection that breaks says how."""
        asked = self.remote.available()
        self.center.transport.drop(error.ConnectionLost())
        self.assertIn("was lost", str(self.failure_of(asked, ServerGone)))

    def test_silence(self) -> None:
        """A center that does not answer in time is given up."""
        first, second = self.remote.available(), self.remote.select("1")
        self.advance(ANSWER_SECONDS - 0.1)
        self.assertNoResult(first)
        self.advance(0.1)
        self.failure_of(first, NoAnswer)
        self.failure_of(second, NoAnswer)
        self.assertTrue(self.center.transport.is_aborted)

    def test_patience(self) -> None:
        """Each answer gives the next one its full time; rows of one answer do not."""
        first, second = self.remote.available(), self.remote.slots()
        self.advance(ANSWER_SECONDS - 1)
        self.center.says(".")
        self.successResultOf(first)
        self.advance(ANSWER_SECONDS - 1)
        self.center.says("1 Tue 01pm doc1 free")
        self.assertNoResult(second)
        self.advance(1)
        self.failure_of(second, NoAnswer)

    def test_nothing_to_wait_for(self) -> None:
        """Nobody is impatient while nothing is asked."""
        self.remote.available()
        self.center.says(".")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_quit(self) -> None:
        """Taking leave closes, after what was asked before is answered."""
        asked, left = self.remote.select("1"), self.remote.quit()
        self.assertEqual(self.center.asked(), ["selection 1", "quit"])
        self.center.says("doc1 41000")
        self.assertNoResult(left)
        self.center.says("bye")
        self.successResultOf(asked)
        self.assertIsNone(self.successResultOf(left))
        self.assertTrue(self.center.transport.is_closed)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_quit_without_an_answer(self) -> None:
        """A center that does not let us go is left all the same."""
        left, again = self.remote.quit(), self.remote.close()
        self.successResultOf(again)
        self.successResultOf(left)
        stubborn = FakeCenter(CenterConnection(self.clock))
        stubborn.transport.is_stubborn = True
        left = RemoteCenter(stubborn.connection).quit()
        self.advance(CLOSE_SECONDS)
        self.successResultOf(left)
        self.assertTrue(stubborn.transport.is_aborted)

    def test_quit_after_the_end(self) -> None:
        """Taking leave of a center that is gone is no failure."""
        self.center.goes()
        self.assertIsNone(self.successResultOf(self.remote.quit()))
        self.assertIsNone(self.successResultOf(self.remote.close()))

    def test_close(self) -> None:
        """Closing fails what waits, and is over when the connection is."""
        self.center.transport.is_stubborn = True
        asked, first, second = self.remote.available(), self.remote.close(), self.remote.close()
        first.cancel()
        self.failure_of(first, CancelledError)
        self.assertNoResult(second)
        self.advance(CLOSE_SECONDS)
        self.assertIsNone(self.successResultOf(second))
        self.failure_of(asked, ServerGone)

    def test_waiting_is_over(self) -> None:
        """What waits while nothing is asked is given up when the center goes."""
        typed: Deferred[str] = Deferred()
        waiting = self.remote.while_connected(typed)
        self.center.goes()
        self.failure_of(waiting, ServerGone)
        self.assertTrue(typed.called)

    def test_waiting_after_the_end(self) -> None:
        """Nothing waits at a center that is gone."""
        self.center.goes()
        waiting: Deferred[str] = self.remote.while_connected(Deferred())
        self.failure_of(waiting, ServerGone)

    def test_waiting_is_rewarded(self) -> None:
        """What was waited for comes through; the end afterwards is no matter."""
        typed: Deferred[str] = Deferred()
        waiting = self.remote.while_connected(typed)
        typed.callback("1")
        self.assertEqual(self.successResultOf(waiting), "1")
        self.center.goes()

    def test_waiting_fails(self) -> None:
        """A failure comes through as well."""
        typed: Deferred[str] = Deferred()
        waiting = self.remote.while_connected(typed)
        typed.errback(KeyError("no"))
        self.failure_of(waiting, KeyError)

    def test_waiting_is_cancelled(self) -> None:
        """Who gives up waiting gives up what was waited for."""
        typed: Deferred[str] = Deferred()
        waiting = self.remote.while_connected(typed)
        waiting.cancel()
        self.failure_of(waiting, CancelledError)
        self.assertTrue(typed.called)

    def test_one_end_cancels_another(self) -> None:
        """Those who wait may give each other up when the end comes."""
        first: Deferred[str] = self.remote.while_connected(Deferred())
        second: Deferred[str] = self.remote.while_connected(Deferred())
        outcomes: list[Any] = []
        first.addErrback(lambda _: second.cancel())
        second.addErrback(lambda _: first.cancel())
        first.addBoth(outcomes.append)
        second.addBoth(outcomes.append)
        self.center.goes()
        self.assertEqual(outcomes, [None, None])


class ConnectTests(PatientCase):
    """Reaching a center."""

    def setUp(self) -> None:
        super().setUp()
        self.endpoint = FakeEndpoint()
        self.connecting = connect_center(self.endpoint.as_endpoint(), self.clock)

    def test_reached(self) -> None:
        """A center that accepts can be asked."""
        center = self.endpoint.accept()
        self.successResultOf(self.connecting).available()
        self.assertEqual(center.asked(), ["available"])

    def test_refused(self) -> None:
        """Where nobody listens, no server is."""
        self.endpoint.connecting.errback(error.ConnectionRefusedError())
        self.failure_of(self.connecting, ServerGone)

    def test_silent(self) -> None:
        """A machine that does not answer is silent, not gone."""
        self.endpoint.connecting.errback(error.TimeoutError())
        self.failure_of(self.connecting, NoAnswer)

    def test_endless(self) -> None:
        """A name that is never found is not waited for."""
        self.advance(CONNECT_SECONDS)
        self.failure_of(self.connecting, NoAnswer)

    def test_cancelled(self) -> None:
        """Who gives up is told so, and not that the center is gone."""
        self.connecting.cancel()
        self.failure_of(self.connecting, CancelledError)
