"""Tests of runs: boot numbers on record, STALE, and centers restored from an old store."""

from __future__ import annotations

from twisted.logger import LogLevel

from medappt.federation.drops import Drop
from medappt.federation.link import ARRIVALS, LinkStopped
from medappt.wire.envelope import Incarnation, Kind
from medappt.wire.federation import (
    Confirm,
    Done,
    Stale,
    format_request,
    format_stale,
)
from tests.federation.network import (
    ADDRESSES,
    NEW_KEY,
    RECORD,
    FederationCase,
    stale_in,
)
from tests.role.logs import listening_to_the_log

REQUEST = format_request(1, Confirm(id=RECORD))


class RecordTests(FederationCase):
    """A run of a peer is on record, durably, before its first datagram has an effect."""

    def setUp(self) -> None:
        super().setUp()
        self.que.holds_commits = True

    def test_before_any_effect(self) -> None:
        """Nothing is handled and nothing answered while the commit is under way; then it is, in
        order and each once."""
        answer, other = self.ask(), self.ask(deadline=5.0)
        self.network.run(0.1)
        self.assertEqual((self.que.handled, len(self.que.commits)), ([], 1))
        self.assertEqual(self.que.commits[0][1:], ("MTL", self.mtl.own))
        self.assertNoResult(answer)
        self.que.commit()
        self.network.run(0.1)
        for each in (answer, other):
            self.assertEqual(self.successResultOf(each), Done())
        self.assertEqual(len(self.que.handled), 2)

    def test_a_reply_too(self) -> None:
        """The first datagram of a run may be a reply: it ends nothing before the commit."""
        self.que.holds_commits, self.mtl.holds_commits = False, True
        answer = self.ask()
        self.network.run(0.1)
        self.assertNoResult(answer)
        self.mtl.commit()
        self.assertEqual(self.successResultOf(answer), Done())

    def test_known_runs(self) -> None:
        """A run that is on record from before needs no commit."""
        self.que.runs["MTL"] = self.mtl.own
        self.que.restart()
        answer = self.ask()
        self.network.run(0.1)
        self.assertEqual(self.successResultOf(answer), Done())

    def test_doubled_meanwhile(self) -> None:
        """What is doubled while the commit is under way is handled once."""
        self.network.is_held = True
        self.ask()
        (datagram,) = self.network.take()
        for _ in range(3):
            self.network.deliver(datagram)
        self.que.commit()
        self.assertEqual(len(self.que.handled), 1)
        self.assertEqual(self.que.dropped(), {Drop.REPEATED: 2})

    def test_a_bound(self) -> None:
        """So many datagrams wait for the commit; more are dropped and come again."""
        for number in range(ARRIVALS + 3):
            self.network.deliver(self.mtl.forge(REQUEST, "QUE", number=number))
        self.assertEqual(self.que.dropped(), {Drop.UNRECORDED: 3})
        self.que.commit()
        self.assertEqual(len(self.que.handled), ARRIVALS)

    def test_a_dying_disk(self) -> None:
        """Where the commit fails nothing has an effect; the next datagram tries again."""
        self.que.holds_commits = False
        self.que.commit_fails = OSError("no space")
        answer = self.ask()
        self.network.run(0.1)
        self.assertEqual(self.que.handled, [])
        self.assertEqual(self.que.dropped(), {Drop.UNRECORDED: 1, Drop.FAILED: 1})
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)
        self.que.commit_fails = None
        self.network.run(0.5)
        self.assertEqual(self.successResultOf(answer), Done())

    def test_a_record_that_was_not_raised(self) -> None:
        """A store that keeps a lower number than it was given is not believed."""

        async def forgetful(peer: str, run: Incarnation) -> Incarnation:
            return Incarnation(boot=run.boot - 1, random=run.random)

        self.que.commit_run = forgetful  # type: ignore[method-assign]
        self.que.restart()
        self.ask()
        self.network.run(0.1)
        self.assertEqual(self.que.handled, [])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_another_run_on_record(self) -> None:
        """A commit that was reported lost and was not: another run of the same number is refused
        by what is on record."""
        first = Incarnation(boot=self.mtl.boot, random=b"f" * 16)
        self.que.runs["MTL"] = first  # and the link does not know it
        self.que.holds_commits = False
        answer = self.ask()
        self.network.run(0.1)
        self.assertEqual(self.que.handled, [])
        self.assertEqual(self.mtl.stale, [("QUE", Stale(refused=self.mtl.own, highest=1))])
        self.failed_with(answer, LinkStopped)

    def test_a_still_later_run(self) -> None:
        """A peer that restarts while its run is being committed: its datagrams of both runs
        wait, and the earlier ones are refused in the end."""
        self.network.is_held = True
        for number in (1, 2):
            self.network.deliver(self.mtl.forge(REQUEST, "QUE", number=number))
        earlier = self.mtl.forge(REQUEST, "QUE", number=3)
        self.mtl.restart()
        self.network.deliver(self.mtl.forge(REQUEST, "QUE", number=1))
        self.network.deliver(earlier)
        self.que.commit()
        self.assertEqual(len(self.que.handled), 2)
        self.assertEqual(self.que.commits[0][1:], ("MTL", self.mtl.own))
        self.que.commit()
        self.assertEqual(len(self.que.handled), 3)
        self.assertEqual(self.que.dropped(), {Drop.STALE: 1})

    def test_stopped_meanwhile(self) -> None:
        """A center that stops while it commits does nothing afterwards."""
        self.ask()
        self.network.run(0.1)
        self.que.stop()
        self.que.commit()
        self.assertEqual(self.que.handled, [])
        self.assertEqual(self.que.dropped(), {Drop.UNRECORDED: 1})


class StaleTests(FederationCase):
    """An earlier run has no effect, and hears of it; a center stops for its present run only."""

    def setUp(self) -> None:
        super().setUp()
        self.acquaint()

    def test_late_datagrams(self) -> None:
        """Datagrams of an earlier run are answered with what was refused and the highest heard,
        which its later run ignores."""
        earlier = self.mtl.own
        late = self.mtl.forge(REQUEST, "QUE")
        self.mtl.restart()
        self.acquaint()
        self.que.handled.clear()
        self.network.deliver(late)
        (answer,) = self.network.sent
        self.assertEqual((answer.header.kind, answer.to), (Kind.STALE, ADDRESSES["MTL"]))
        self.assertEqual(stale_in(answer), Stale(refused=earlier, highest=2))
        self.network.run(0.1)
        self.assertEqual(self.que.handled, [])
        self.assertEqual((self.mtl.stale, self.mtl.link.stale), ([], None))
        self.assertEqual(self.mtl.dropped(), {Drop.OTHER_RUN: 1})
        self.assertEqual(self.asked_and_run(), Done())

    def asked_and_run(self) -> object:
        answer = self.ask()
        self.network.run(0.1)
        return self.successResultOf(answer)

    def test_late_replies(self) -> None:
        """A reply of an earlier run is refused as a request is."""
        late = self.que.forge(b"", "MTL", kind=Kind.REPLY)
        self.que.restart()
        self.acquaint()
        self.network.deliver(late)
        self.assertEqual([each.header.kind for each in self.network.sent], [Kind.STALE])
        self.network.run(0.1)
        self.assertEqual(self.que.stale, [])

    def test_same_number_other_bytes(self) -> None:
        """A run with the boot number of the one on record and other bytes has no effect."""
        twin = Incarnation(boot=self.mtl.boot, random=b"t" * 16)
        self.que.handled.clear()
        self.network.deliver(self.mtl.forge(REQUEST, "QUE", incarnation=twin))
        self.assertEqual(self.que.handled, [])
        (answer,) = self.network.sent
        self.assertEqual(stale_in(answer), Stale(refused=twin, highest=1))

    def test_restored_center(self) -> None:
        """A center with a store older than what it said before stops: its requests fail, nothing
        that comes in has an effect, and the operator is told once."""
        self.mtl.boot = 5
        self.mtl.restart()
        self.acquaint()
        self.mtl.boot = 3  # of the old backup
        self.mtl.restart()
        with listening_to_the_log() as told:
            answers = [self.ask(), self.ask(to="SHE"), self.ask()]
            self.network.run(0.1)
        for answer in [*answers, self.ask()]:
            self.failed_with(answer, LinkStopped)
        stale = Stale(refused=self.mtl.own, highest=6)
        self.assertEqual(self.mtl.stale, [("QUE", stale)])
        self.assertEqual(self.mtl.link.stale, stale)
        self.assertEqual(
            told.texts(LogLevel.error),
            [
                "MTL: the federation is stopped: QUE has heard boot number 6 of this center, "
                "which runs with 4. Its store is older than what it said before."
            ],
        )
        self.mtl.handled.clear()
        self.network.take()
        self.ask(self.que, "MTL", deadline=1.0)
        self.network.run(0.1)
        self.assertEqual(self.mtl.handled, [])
        self.assertEqual([each for each in self.network.sent if each.source[1] == 21_100], [])
        self.assertEqual(self.clock.getDelayedCalls()[1:], [])

    def test_operators_override(self) -> None:
        """With a boot number above the highest reported the center is heard again."""
        self.mtl.boot = 7
        self.mtl.restart()
        self.acquaint()
        self.mtl.boot = 1
        self.mtl.restart()
        self.ask().addErrback(lambda _: None)
        self.network.run(0.1)
        assert self.mtl.link.stale is not None
        self.mtl.boot = self.mtl.link.stale.highest
        self.mtl.restart()
        self.acquaint()
        self.assertIsNone(self.mtl.link.stale)

    def test_two_restored_centers(self) -> None:
        """Two centers restored at once both notice it, and answer no STALE with another."""
        for center in (self.mtl, self.que):
            center.boot = 9
            center.restart()
        self.acquaint()
        for center in (self.mtl, self.que):
            center.boot = 3
            center.restart()
        self.ask().addErrback(lambda _: None)
        self.ask(self.que, "MTL").addErrback(lambda _: None)
        self.network.run(0.2)
        for center in (self.mtl, self.que):
            self.assertEqual([stale.highest for _, stale in center.stale], [10])
        kinds = [each.header.kind for each in self.network.sent]
        self.assertLessEqual(kinds.count(Kind.STALE), 2)

    def test_a_forged_stale(self) -> None:
        """A STALE that a peer did not seal, and one it sealed for another center, stop nothing."""
        about_us = format_stale(Stale(refused=self.mtl.own, highest=99))
        forged = self.que.forge(about_us, "MTL", kind=Kind.STALE, key=NEW_KEY)
        self.network.deliver(forged)
        other = self.que.forge(about_us, "SHE", kind=Kind.STALE)
        self.mtl.link.datagramReceived(other.data, ADDRESSES["QUE"])
        self.network.deliver(self.que.forge(b"[]", "MTL", kind=Kind.STALE))
        self.assertEqual(self.mtl.stale, [])
        expected = {Drop.UNOPENED: 1, Drop.MISDIRECTED: 1, Drop.UNREADABLE: 1}
        self.assertEqual(self.mtl.dropped(), expected)

    def test_about_a_twin(self) -> None:
        """A STALE about another run with our present boot number stops nothing."""
        twin = Incarnation(boot=self.mtl.boot, random=b"t" * 16)
        about_it = format_stale(Stale(refused=twin, highest=99))
        self.network.deliver(self.que.forge(about_it, "MTL", kind=Kind.STALE))
        self.assertEqual((self.mtl.stale, self.mtl.dropped()), ([], {Drop.OTHER_RUN: 1}))

    def test_stale_for_good(self) -> None:
        """A second STALE tells nobody anything."""
        about_us = format_stale(Stale(refused=self.mtl.own, highest=99))
        for number in (1, 2):
            self.network.deliver(self.que.forge(about_us, "MTL", kind=Kind.STALE, number=number))
        self.assertEqual(len(self.mtl.stale), 1)
        self.assertEqual(self.mtl.dropped(), {Drop.STOPPED: 1})

    def test_replayed_after_a_restart(self) -> None:
        """Of what is replayed after the receiver's restart only the present run of the sender has
        an effect, once more: the record outlives the window."""
        earlier = self.mtl.forge(REQUEST, "QUE")
        self.mtl.restart()
        self.acquaint()
        present = self.mtl.forge(REQUEST, "QUE")
        self.que.restart()
        self.que.handled.clear()
        for datagram in (earlier, present, present):
            self.network.deliver(datagram)
        self.assertEqual(len(self.que.handled), 1)
        self.assertEqual(self.que.dropped(), {Drop.STALE: 1, Drop.REPEATED: 1})
