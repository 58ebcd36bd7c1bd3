"""The writer on a disk that fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs

from medappt.store.connection import Connection
from medappt.store.openings import current_openings, import_openings
from medappt.store.writer import (
    StoreFailed,
)
from tests.store.doubles import NOW, returning
from tests.store.writing import (
    FULL,
    LINE,
    WORD_OF_FAILURE,
    WORD_OF_RECOVERY,
    WriterCase,
    void,
    write,
)


class FailingTests(WriterCase):
    """A disk that dies, and comes back."""

    def fails_and_recovers(self, break_it: Callable[[], None], mend_it: Callable[[], None]) -> None:
        """Whatever fails, a batch fails as one, says so once, and the next one tries again."""
        with capturedLogs() as events:
            for _ in range(2):
                break_it()
                answers = [self.writer.submit(write), self.writer.submit(returning(1))]
                self.work()
                for answer in answers:
                    failure = self.failureResultOf(answer, StoreFailed)
                    self.assertEqual(
                        str(failure.value), "the store cannot be written: database or disk is full"
                    )
            mend_it()
            good = [self.writer.submit(write) for _ in range(2)]
            self.work()
            for answer in good:
                self.successResultOf(answer)
        self.assertEqual(self.said(events), [WORD_OF_FAILURE.format(FULL), WORD_OF_RECOVERY])
        self.assertFalse(self.disk.in_transaction)

    def test_no_transaction_can_begin(self) -> None:
        """Where BEGIN fails nothing is done."""
        self.fails_and_recovers(
            lambda: self.disk.faults.update(begin=self.full), self.disk.faults.clear
        )

    def test_the_commit_fails(self) -> None:
        """Where COMMIT fails everything is undone."""
        self.fails_and_recovers(
            lambda: self.disk.faults.update(commit=self.full), self.disk.faults.clear
        )

    def test_a_savepoint_fails(self) -> None:
        """Where a savepoint cannot be set or released the batch is undone."""
        for step in ("savepoint", "release"):
            self.setUp()
            self.fails_and_recovers(
                lambda step=step: self.disk.faults.update({step: self.full}),  # type: ignore[misc]
                self.disk.faults.clear,
            )

    def test_the_disk_takes_the_transaction(self) -> None:
        """Where the database threw the transaction away under a function the batch is undone."""

        def loses(connection: Connection) -> NoReturn:
            self.disk.real.rollback()
            raise self.full

        self.fails_and_recovers(lambda: void(self.writer.submit(loses)), lambda: None)

    def test_undoing_fails_as_well(self) -> None:
        """A transaction that could not even be undone is undone before the next begins."""
        self.disk.faults.update(commit=self.full, rollback=OSError("gone"))
        with capturedLogs() as events:
            failed = self.writer.submit(write)
            self.work()
            self.failureResultOf(failed, StoreFailed)
            self.assertTrue(self.disk.in_transaction)
            self.disk.faults.clear()
            good = self.writer.submit(current_openings)
            self.work()
        self.assertEqual(self.successResultOf(good), [])
        reason = f"{FULL}; undoing it failed as well: gone"
        self.assertEqual(self.said(events), [WORD_OF_FAILURE.format(reason)])

    def test_reading_proves_nothing(self) -> None:
        """A commit without a change succeeds on a full disk: it is no news of recovery."""
        with capturedLogs() as events:
            for _ in range(2):
                self.disk.faults["commit"] = self.full
                self.failed(self.writer.submit(write))
                self.disk.faults.clear()
                read = self.writer.submit(current_openings)
                self.work()
                self.successResultOf(read)
        self.assertEqual(self.said(events), [WORD_OF_FAILURE.format(FULL)])

    def failed(self, answer: Deferred[Any]) -> None:
        self.work()
        self.failureResultOf(answer, StoreFailed)

    def test_the_worker_itself_fails(self) -> None:
        """A worker that is gone fails the batch; one that is back does the next."""

        def gone(work: Callable[[], Any], /) -> Deferred[Any]:
            raise RuntimeError("no threads left")

        self.writer = self.make(gone)
        answer = self.writer.submit(write)
        self.clock.advance(0)
        self.failureResultOf(answer, StoreFailed)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_a_transaction_that_ends_the_thread_is_undone(self) -> None:
        """What is no Exception goes through the worker; what was begun is undone afterwards."""

        def exits(connection: Connection) -> NoReturn:
            import_openings(connection, [LINE], NOW)
            raise SystemExit(1)

        answer = self.writer.submit(exits)
        self.work()
        self.failureResultOf(answer, StoreFailed)
        self.assertEqual(len(self.flushLoggedErrors(SystemExit)), 1)
        lines = self.writer.submit(current_openings)
        self.work()
        self.assertEqual(self.successResultOf(lines), [])
