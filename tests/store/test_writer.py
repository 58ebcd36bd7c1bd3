"""The writer: many transactions in a commit, answered in order, after it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from twisted.internet.defer import CancelledError

from medappt.store.connection import Connection
from medappt.store.openings import current_openings, import_openings
from medappt.store.writer import (
    StoreBusy,
    inline,
)
from tests.store.doubles import NOW, returning
from tests.store.writing import (
    LINE,
    Doubling,
    WriterCase,
    refuse,
)


class GroupCommitTests(WriterCase):
    """What waits together is committed together."""

    def test_one_commit_for_all_that_wait(self) -> None:
        """A hundred transactions of one iteration cost one commit."""
        answers = [self.writer.submit(returning(number)) for number in range(100)]
        self.work()
        self.assertEqual([self.successResultOf(each) for each in answers], list(range(100)))
        self.assertEqual(self.disk.commits, 1)

    def test_nothing_is_handed_over_before_the_iteration_ends(self) -> None:
        """The worker gets nothing while the reactor may still bring more."""
        self.writer.submit(returning(1))
        self.assertEqual(self.held.pending, [])
        self.clock.advance(0)
        self.assertEqual(len(self.held.pending), 1)

    def test_what_comes_while_the_worker_is_busy_is_the_next_batch(self) -> None:
        """There is one batch at a time, and the next takes all that came meanwhile."""
        self.writer.submit(returning(1))
        self.clock.advance(0)
        later = [self.writer.submit(returning(number)) for number in (2, 3)]
        self.clock.advance(0)
        self.held.run_next()
        self.assertNoResult(later[0])
        self.work()
        self.assertEqual([self.successResultOf(each) for each in later], [2, 3])
        self.assertEqual(self.disk.commits, 2)

    def test_an_answer_comes_after_its_commit(self) -> None:
        """While the worker has not finished nobody hears anything; then all do, in order."""
        heard: list[tuple[int, int]] = []

        def hear(number: int) -> None:
            heard.append((number, self.disk.commits))

        for number in range(3):
            self.writer.submit(returning(number)).addCallback(hear)
        self.clock.advance(0)
        self.assertEqual(heard, [])
        self.held.run_next()
        self.assertEqual(heard, [(0, 1), (1, 1), (2, 1)])

    def test_a_batch_is_bounded(self) -> None:
        """What is more than a batch waits for the next."""
        self.writer = self.make(self.held, 5_000)
        answers = [self.writer.submit(returning(number)) for number in range(1_025)]
        self.work()
        self.successResultOf(answers[1_023])
        self.assertNoResult(answers[1_024])
        self.work()
        self.assertEqual(self.successResultOf(answers[1_024]), 1_024)

    def test_too_many_are_refused_at_once(self) -> None:
        """Beyond the bound a transaction is not queued; when the queue moves on, others are."""
        self.writer = self.make(self.held, 2)
        answers = [self.writer.submit(returning(number)) for number in range(3)]
        self.failureResultOf(answers[2], StoreBusy)
        self.work()
        again = self.writer.submit(returning(4))
        self.work()
        self.assertEqual(self.successResultOf(again), 4)

    def test_a_callback_that_raises_hurts_nobody_else(self) -> None:
        """What one asker does with an answer is its own business."""
        broken = self.writer.submit(returning(0)).addCallback(lambda zero: 1 // zero)
        other = self.writer.submit(returning(2))
        self.work()
        self.failureResultOf(broken, ZeroDivisionError)
        self.assertEqual(self.successResultOf(other), 2)

    def test_a_callback_may_submit(self) -> None:
        """A transaction submitted by an answer is in the next batch."""
        second = self.writer.submit(returning(1)).addCallback(
            lambda one: self.writer.submit(returning(one + 1))
        )
        self.work()
        self.assertNoResult(second)
        self.work()
        self.assertEqual(self.successResultOf(second), 2)

    def test_a_cancelled_answer_is_dropped_and_its_transaction_done(self) -> None:
        """Who does not want to know any more does not undo anything, nor disturb others."""
        unwanted = self.writer.submit(lambda connection: import_openings(connection, [LINE], NOW))
        lines = self.writer.submit(current_openings)
        unwanted.cancel()
        self.failureResultOf(unwanted, CancelledError)
        self.work()
        self.assertEqual(self.successResultOf(lines), [LINE])

    def test_the_inline_worker(self) -> None:
        """With the inline worker an answer is there when the iteration ends."""
        self.writer = self.make(inline)
        answer = self.writer.submit(returning(1))
        self.assertNoResult(answer)
        self.clock.advance(0)
        self.assertEqual(self.successResultOf(answer), 1)


class SavepointTests(WriterCase):
    """What one does wrong is undone for it alone."""

    def test_an_exception_reaches_its_own_asker_only(self) -> None:
        """Neighbours of a transaction that raises are committed, and it is undone."""
        before = self.writer.submit(returning(1))
        refused = self.writer.submit(refuse)
        after = self.writer.submit(current_openings)
        self.work()
        self.assertEqual(self.successResultOf(before), 1)
        self.assertEqual(str(self.failureResultOf(refused, LookupError).value), "refused")
        self.assertEqual(self.successResultOf(after), [])
        self.assertEqual(self.disk.commits, 1)

    def test_an_error_in_sql_is_the_askers_own(self) -> None:
        """A statement the database refuses fails like any other function."""

        def twice(connection: Connection) -> None:
            for _ in range(2):
                import_openings(connection, [LINE, LINE], NOW)

        refused = self.writer.submit(twice)
        after = self.writer.submit(current_openings)
        self.work()
        self.failureResultOf(refused, sqlite3.IntegrityError)
        self.assertEqual(self.successResultOf(after), [])

    def test_items_that_follow_one_another_are_one_call(self) -> None:
        """Items of one function go through one call, in order, and each gets its own answer."""
        double = Doubling()
        answers = [self.writer.submit_item(double, number) for number in (1, 2, 3)]
        self.work()
        self.assertEqual([self.successResultOf(each) for each in answers], [2, 4, 6])
        self.assertEqual(double.calls, [[1, 2, 3]])

    def test_nothing_overtakes(self) -> None:
        """A single function or another set-based one between items divides them."""
        calls: list[list[int]] = []
        double, other = Doubling(), Doubling()
        double.calls = other.calls = calls

        def single(connection: Connection) -> None:
            calls.append([])

        self.writer.submit_item(double, 1)
        self.writer.submit_item(double, 2)
        self.writer.submit(single)
        self.writer.submit(single)
        self.writer.submit_item(double, 3)
        self.writer.submit_item(other, 4)
        self.writer.submit_item(double, 5)
        self.work()
        self.assertEqual(calls, [[1, 2], [], [], [3], [4], [5]])

    def test_one_bad_item_does_not_take_its_neighbours(self) -> None:
        """Where a set fails it is tried item by item, so that only one asker hears of it."""
        answers = [self.writer.submit_item(Doubling(), 1)]
        double = Doubling()
        answers += [self.writer.submit_item(double, number) for number in (2, 13, 4)]
        self.work()
        self.assertEqual(self.successResultOf(answers[0]), 2)
        self.assertEqual(self.successResultOf(answers[1]), 4)
        self.failureResultOf(answers[2], LookupError)
        self.assertEqual(self.successResultOf(answers[3]), 8)

    def test_a_set_must_answer_every_item(self) -> None:
        """Answers that cannot be told apart are given to nobody."""

        def forgets(connection: Connection, items: Sequence[int]) -> Sequence[int]:
            return []

        answer = self.writer.submit_item(forgets, 1)
        self.work()
        self.failureResultOf(answer, ValueError)
