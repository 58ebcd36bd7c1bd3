"""The writer between its batches: the log, copies, waiting, and the end."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import cast

from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs

from medappt.store.connection import Connection
from medappt.store.database import Checkpoint
from medappt.store.openings import current_openings, import_openings
from medappt.store.writer import (
    StoreFailed,
    run_now,
)
from tests.store.doubles import NOW, returning
from tests.store.writing import (
    FULL,
    LINE,
    Doubling,
    WriterCase,
    refuse,
    write,
)


class CheckpointTests(WriterCase):
    """The log is emptied when it is due, and never before an answer."""

    def due(self, due: Checkpoint, waiting: int = 0) -> tuple[Deferred[int], list[Deferred[int]]]:
        """An answer that came from a batch after which a checkpoint is due, and those behind."""
        self.disk.due = due
        first = self.writer.submit(returning(1))
        self.clock.advance(0)
        later = [self.writer.submit(returning(number)) for number in range(waiting)]
        self.held.run_next()
        return first, later

    def test_when_nobody_waits(self) -> None:
        """After the answers, a log that is worth it is emptied if the queue is empty."""
        first, _ = self.due(Checkpoint.WHEN_IDLE)
        self.assertEqual(self.successResultOf(first), 1)
        self.assertNotIn("checkpoint", self.disk.steps)
        self.held.run_next()
        self.assertEqual(self.disk.steps[-1], "checkpoint")

    def test_not_while_somebody_waits(self) -> None:
        """Those who wait go first while the log is not too long."""
        _, [later] = self.due(Checkpoint.WHEN_IDLE, 1)
        self.work()
        self.assertEqual(self.successResultOf(later), 0)
        self.assertNotIn("checkpoint", self.disk.steps)

    def test_a_log_that_is_too_long_goes_first(self) -> None:
        """A log over its bound is emptied even while somebody waits."""
        first, [later] = self.due(Checkpoint.NOW, 1)
        self.successResultOf(first)
        self.held.run_next()
        self.assertIn("checkpoint", self.disk.steps)
        self.assertNoResult(later)
        self.work()
        self.assertEqual(self.successResultOf(later), 0)

    def test_a_defect_of_ours_does_not_stop_the_writer(self) -> None:
        """It is logged, and who asks next is served."""

        async def broken() -> None:
            raise ZeroDivisionError

        breaking = self.patch(self.writer, "_run_batch", broken)
        delayed = self.writer.submit(returning(1))
        self.clock.advance(0)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertNoResult(delayed)
        breaking.restore()
        served = self.writer.submit(returning(2))
        self.work()
        self.assertEqual(self.successResultOf(delayed), 1)
        self.assertEqual(self.successResultOf(served), 2)

    def test_not_knowing_whether_one_is_due_fails_nobody(self) -> None:
        """What was committed is answered; the checkpoint is tried, and tells what is wrong."""
        self.disk.faults["due"] = PermissionError(13, "no")
        first, _ = self.due(Checkpoint.NOT_DUE)
        self.successResultOf(first)
        self.held.run_next()
        self.assertEqual(self.disk.steps[-1], "checkpoint")

    def test_a_checkpoint_that_fails_is_told_once(self) -> None:
        """It fails nobody, is tried again, and its end is told."""
        with capturedLogs() as events:
            self.disk.faults["checkpoint"] = self.full
            for _ in range(2):
                self.due(Checkpoint.NOW)
                self.held.run_next()
            self.disk.faults.clear()
            self.due(Checkpoint.NOW)
            self.held.run_next()
        self.assertEqual(
            self.said(events),
            [
                f"The log of the store cannot be emptied and grows: {FULL}",
                "The log of the store can be emptied again.",
            ],
        )


class IdleTests(WriterCase):
    """Waiting for what was submitted."""

    def test_idle_at_once(self) -> None:
        """A writer that has nothing to do is idle."""
        self.successResultOf(self.writer.idle())

    def test_idle_when_all_is_answered(self) -> None:
        """It fires after the answers, and a checkpoint that follows them."""
        self.disk.due = Checkpoint.WHEN_IDLE
        answer = self.writer.submit(returning(1))
        idle = self.writer.idle()
        self.work()
        self.successResultOf(answer)
        self.assertNoResult(idle)
        self.held.run_next()
        self.successResultOf(idle)

    def test_idle_does_not_wait_for_what_comes_later(self) -> None:
        """Under a load that never ends it fires all the same."""
        self.writer.submit(returning(1))
        idle = self.writer.idle()
        self.clock.advance(0)
        self.writer.submit(returning(2))
        after = self.writer.idle()
        self.held.run_next()
        self.successResultOf(idle)
        self.assertNoResult(after)
        self.work()
        self.successResultOf(after)


class BackupTests(WriterCase):
    """Copies between batches."""

    def test_a_copy_goes_before_what_waits(self) -> None:
        """A copy is made as soon as the worker is free, between two transactions."""
        self.writer.submit(returning(1))
        self.clock.advance(0)
        later = self.writer.submit(returning(2))
        copy = self.writer.backup()
        self.held.run_next()
        self.assertNoResult(copy)
        self.held.run_next()
        self.assertIsNone(self.successResultOf(copy))
        self.assertNoResult(later)
        self.work()
        self.assertEqual(self.successResultOf(later), 2)

    def test_a_copy_of_an_idle_store(self) -> None:
        """Its path is the answer."""
        path = Path("store.backup")
        self.disk.backup = lambda: path  # type: ignore[method-assign]
        copy = self.writer.backup()
        self.held.run_next()
        self.assertEqual(self.successResultOf(copy), path)

    def test_a_copy_that_fails(self) -> None:
        """Only who asked hears of it."""
        self.disk.faults["backup"] = StoreFailed("no room")
        copy = self.writer.backup()
        answer = self.writer.submit(returning(1))
        self.held.run_next()
        self.failureResultOf(copy, StoreFailed)
        self.work()
        self.assertEqual(self.successResultOf(answer), 1)


class StopTests(WriterCase):
    """The end of a writer."""

    def test_what_waits_is_finished_first(self) -> None:
        """Everything that was taken is done, then the log is emptied and the store closed."""
        answer = self.writer.submit(returning(1))
        stopped = [self.writer.stop(), self.writer.stop()]
        self.work()
        self.assertEqual(self.successResultOf(answer), 1)
        idle = self.writer.idle()
        self.held.run_next()
        self.assertNoResult(stopped[0])
        self.held.run_next()
        for each in [*stopped, idle, self.writer.stop()]:
            self.successResultOf(each)
        self.assertEqual(self.disk.steps[-2:], ["checkpoint", "close"])

    def test_nothing_new_is_taken(self) -> None:
        """Once it stops everything is refused."""
        self.writer.stop()
        self.failureResultOf(self.writer.submit(returning(1)), StoreFailed)
        self.failureResultOf(self.writer.submit_item(Doubling(), 1), StoreFailed)
        self.failureResultOf(self.writer.backup(), StoreFailed)

    def test_a_full_disk_does_not_keep_it_open(self) -> None:
        """Where the log cannot be emptied the store is closed all the same."""
        self.disk.faults["checkpoint"] = self.full
        stopped = self.writer.stop()
        self.held.run_next()
        self.held.run_next()
        self.successResultOf(stopped)
        self.assertTrue(self.disk.is_closed)

    def test_closing_fails(self) -> None:
        """Who asked for the end hears how it went."""
        self.disk.faults["close"] = self.full
        stopped = self.writer.stop()
        self.held.run_next()
        self.held.run_next()
        self.failureResultOf(stopped, sqlite3.OperationalError)


class RunNowTests(WriterCase):
    """One transaction where no writer is."""

    def test_it_is_committed(self) -> None:
        """Its value comes back and its effect stays."""
        run_now(self.disk, lambda connection: import_openings(connection, [LINE], NOW))
        self.assertEqual(run_now(self.disk, current_openings), [LINE])
        self.assertEqual(self.disk.commits, 2)

    def test_what_it_raises_is_raised(self) -> None:
        """Its own exception comes through, and what it did is undone."""
        with self.assertRaises(LookupError):
            run_now(self.disk, cast("Callable[[Connection], None]", refuse))
        self.assertEqual(run_now(self.disk, current_openings), [])

    def test_a_store_that_fails(self) -> None:
        """A commit that fails is told as a failure of the store."""
        self.disk.faults["commit"] = self.full
        with self.assertRaises(StoreFailed) as caught:
            run_now(self.disk, write)
        self.assertIs(caught.exception.__cause__, self.full)
