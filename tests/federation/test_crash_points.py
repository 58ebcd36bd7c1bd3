"""A center dies behind each of its commits in turn: the second table of ``docs/federation.md``.

Nothing of what the commit would have led to happens: no answer, no datagram. After a second the
center is back, and who had no answer asks again under the same tag.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from medappt.model.appointments import Cancelled, State
from medappt.model.records import RecordState
from medappt.model.refusals import Code, Refused
from medappt.store.results import Tagged
from tests.federation import federated
from tests.federation.federated import FederatedCase, MortalWorker, person
from tests.store.cities import name

T = TypeVar("T")

OLD, NEW = name("QUEA100227"), name("SHEA110227")
CLOSE = name("QUEA120227")
PATIENT = "MTLP0001"
FEWEST_COMMITS = 2
"""Of a center in a story: with less there would be nothing to see."""


class DoomedWorker(MortalWorker):
    """Dies behind the commit that leaves none of ``commits_left``, before anybody hears of it."""

    def __init__(self) -> None:
        super().__init__()
        self.commits_left: int | None = None
        self.die: Callable[[], object] = lambda: None

    def __call__(self, work: Callable[[], T], /) -> Deferred[T]:
        done = super().__call__(work)
        if self.commits_left is None or self.is_dead:
            return done
        self.commits_left -= 1
        if self.commits_left:
            return done
        self.die()
        return Deferred()


class CrashPointCase(FederatedCase):
    """Plays a story as often as a center has commits in it."""

    def setUp(self) -> None:
        self.patch(federated, "MortalWorker", DoomedWorker)
        super().setUp()

    def at_each_commit(self, city: str, story: Callable[[], None]) -> None:
        """``story`` with the center of ``city`` dying behind its first commit, its second..."""
        commits = 0
        while True:
            commits += 1
            super().setUp()
            self.victim = self.hospitals[city]
            self.commits = commits
            with self.subTest(city=city, commits=commits):
                story()
                if self.has_survived:
                    break  # it had not so many
        self.assertGreater(commits, FEWEST_COMMITS)

    @property
    def worker(self) -> DoomedWorker:
        worker = self.victim.worker
        assert isinstance(worker, DoomedWorker)
        return worker

    def doom(self) -> None:
        """From here on the commits of the victim count."""
        victim = self.victim
        self.worker.commits_left = self.commits
        self.worker.die = victim.crash

    def ask(self, ask: Callable[[], Awaitable[T]], seconds: float = 9) -> T:
        """What is answered; asked again where the center died meanwhile."""
        answer = self.begin(ask())
        self.run_for(seconds, 0.05)
        if self.worker.is_dead:
            self.rise()
            if not answer.called:
                answer = self.begin(ask())
                self.run_for(seconds, 0.05)
        outcome: list[Any] = []
        answer.addBoth(outcome.append)
        self.assertTrue(outcome, "no answer")
        if isinstance(outcome[0], Failure):
            outcome[0].raiseException()
        value: T = outcome[0]
        return value

    def rise(self) -> None:
        """The victim is back, for good."""
        self.run_for(1, 0.05)
        started = self.victim.start()
        self.run_for(0.5, 0.05)
        self.successResultOf(started)

    def settle(self) -> None:
        """Let all that is on its way arrive."""
        self.run_for(60, 0.1)
        if self.worker.is_dead:
            self.rise()
            self.run_for(60, 0.1)
        self.assert_agreement()

    def end(self) -> None:
        """Settle; what comes behind this is looking, and nobody dies of it."""
        self.settle()
        self.has_survived = self.worker.commits_left is not None
        self.worker.commits_left = None


def _tagged(user: str, text: str) -> Tagged:
    return Tagged(user=user, tag=text, text=text)


class BookingCrashTests(CrashPointCase):
    """A booking abroad, a swap from one other city to another, and a cancellation."""

    def unless_unreachable(self, ask: Callable[[], Awaitable[T]]) -> T | None:
        """``None`` where the owner was dead too long."""
        try:
            return self.ask(ask)
        except Refused as refused:
            self.assertIs(refused.refusal.code, Code.UNREACHABLE)
            return None

    def booking(self) -> None:
        self.add(str(OLD.code))
        self.doom()
        tagged = _tagged(PATIENT, "book")
        answer = self.unless_unreachable(lambda: self.mtl.city.book(person(PATIENT), OLD, tagged))
        self.end()
        booked = [] if answer is None else [(str(OLD.code), State.BOOKED)]
        self.assertEqual(self.schedule(PATIENT), booked)
        self.assertEqual(self.que.taken(str(OLD.code)), len(booked))

    def refusal(self) -> None:
        """Another patient has the slot, and gives it back when the answer is given."""
        self.add(str(OLD.code))
        self.booked("SHEP0001", str(OLD.code))
        self.doom()
        tagged = _tagged(PATIENT, "book")
        self.full(tagged)
        self.settle()
        self.result(self.she.city.cancel(person("SHEP0001"), OLD.code))
        self.settle()
        self.full(tagged)
        self.end()
        self.assertEqual(self.que.taken(str(OLD.code)), 0)

    def full(self, tagged: Tagged) -> None:
        with self.assertRaises(Refused) as raised:
            self.ask(lambda: self.mtl.city.book(person(PATIENT), OLD, tagged))
        self.assertIs(raised.exception.refusal.code, Code.FULL)

    def swap(self) -> None:
        self.add(str(OLD.code))
        self.add(str(NEW.code))
        self.booked(PATIENT, str(OLD.code))
        self.doom()
        tagged = _tagged(PATIENT, "swap")
        answer = self.unless_unreachable(
            lambda: self.mtl.city.swap(person(PATIENT), OLD, NEW, tagged)
        )
        self.end()
        self.assertEqual(
            self.schedule(PATIENT), [(str((NEW if answer else OLD).code), State.BOOKED)]
        )
        self.assertEqual(self.que.taken(str(OLD.code)), 0 if answer else 1)
        self.assertEqual(self.she.taken(str(NEW.code)), 1 if answer else 0)

    def cancellation(self) -> None:
        self.add(str(OLD.code))
        self.booked(PATIENT, str(OLD.code))
        self.doom()
        tagged = _tagged(PATIENT, "cancel")
        answer = self.ask(lambda: self.mtl.city.cancel(person(PATIENT), OLD.code, tagged=tagged))
        self.assertIsInstance(answer, Cancelled)
        self.end()
        self.assertEqual(self.schedule(PATIENT), [])
        self.assertEqual(self.que.taken(str(OLD.code)), 0)

    def test_booking_home(self) -> None:
        """Whatever the home had committed: the same request gets one place and one answer."""
        self.at_each_commit("MTL", self.booking)

    def test_booking_owner(self) -> None:
        """Whatever the owner had committed: what the home has told its patient is so."""
        self.at_each_commit("QUE", self.booking)

    def test_refusal_home(self) -> None:
        """Refused stays refused under its tag, also when there is a place again."""
        self.at_each_commit("MTL", self.refusal)

    def test_swap_home(self) -> None:
        """Both or neither, in both cities."""
        self.at_each_commit("MTL", self.swap)

    def test_swap_new_owner(self) -> None:
        """Both or neither, in both cities."""
        self.at_each_commit("SHE", self.swap)

    def test_swap_old_owner(self) -> None:
        """The release is heard in the end."""
        self.at_each_commit("QUE", self.swap)

    def test_cancellation_home(self) -> None:
        """It is given back once, and the owner hears of it."""
        self.at_each_commit("MTL", self.cancellation)

    def test_cancellation_owner(self) -> None:
        """The place is free in the end."""
        self.at_each_commit("QUE", self.cancellation)


class RemovalCrashTests(CrashPointCase):
    """A removed slot: its patient of another city is moved, or waits and is offered a place."""

    def remove(self) -> None:
        tagged = _tagged("QUEA0001", "remove")
        removed = self.ask(lambda: self.que.city.remove(OLD, tagged))
        self.assertEqual([row.patient for row in removed.rows], [PATIENT])

    def move(self) -> None:
        self.add(str(OLD.code))
        self.booked(PATIENT, str(OLD.code))
        self.add(str(CLOSE.code))
        self.doom()
        self.remove()
        self.end()
        self.assertEqual(self.schedule(PATIENT), [(str(CLOSE.code), State.MOVED)])
        self.assertEqual(self.que.taken(str(CLOSE.code)), 1)

    def wait(self) -> None:
        self.add(str(OLD.code))
        self.booked(PATIENT, str(OLD.code))
        self.doom()
        self.remove()
        self.settle()
        self.assertEqual(self.mtl.states(PATIENT), {str(OLD.code): RecordState.WAITLISTED})
        tagged = _tagged("QUEA0001", "add")
        self.ask(lambda: self.que.city.add(CLOSE, 1, tagged))
        self.end()
        self.assertEqual(self.schedule(PATIENT), [(str(CLOSE.code), State.MOVED)])
        self.assertEqual(self.que.taken(str(CLOSE.code)), 1)

    def waiting_ends(self) -> None:
        self.add(str(OLD.code))
        self.booked(PATIENT, str(OLD.code))
        self.result(self.que.city.remove(OLD), 9)
        self.doom()
        tagged = _tagged(PATIENT, "cancel")
        self.ask(lambda: self.mtl.city.cancel(person(PATIENT), OLD.code, tagged=tagged))
        self.end()
        self.add(str(CLOSE.code))
        self.run_for(5)
        self.assertEqual(self.schedule(PATIENT), [])
        self.assertEqual(self.que.taken(str(CLOSE.code)), 0)

    def test_move_home(self) -> None:
        """The patient is moved once."""
        self.at_each_commit("MTL", self.move)

    def test_move_owner(self) -> None:
        """The slot is closed once, and its patient moved once."""
        self.at_each_commit("QUE", self.move)

    def test_wait_home(self) -> None:
        """The patient waits, and gets the place that opens."""
        self.at_each_commit("MTL", self.wait)

    def test_wait_owner(self) -> None:
        """The patient waits, and gets the place that opens."""
        self.at_each_commit("QUE", self.wait)

    def test_waiting_ends_home(self) -> None:
        """Who waits no more is offered nothing."""
        self.at_each_commit("MTL", self.waiting_ends)

    def test_waiting_ends_owner(self) -> None:
        """Who waits no more is offered nothing."""
        self.at_each_commit("QUE", self.waiting_ends)
