"""The one who writes: transactions of everybody, many in a commit, answered in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from medappt.store.connection import Connection
from medappt.store.database import Checkpoint, Database
from medappt.store.failures import StoreBusy, StoreFailed
from medappt.store.transactions import Item, Job, Report, Single, run_batch, run_now

__all__ = ["StoreBusy", "StoreFailed", "Worker", "Writer", "inline", "run_now"]

MOST_WAITING = 20_000
"""Transactions that wait: two for each connection of a full center, about a second's work."""

MOST_IN_A_BATCH = 1_024
"""Transactions in one commit: enough to make its cost small, few enough that the first of them
does not wait noticeably for the last."""

T = TypeVar("T")
I = TypeVar("I")  # noqa: E741 - an item


class Worker(Protocol):
    """Runs work where it does not hold up the reactor: one piece at a time is all the writer asks
    of it. In production a thread: ``partial(deferToThreadPool, reactor, pool)``."""

    def __call__(self, work: Callable[[], T], /) -> Deferred[T]: ...


def inline(work: Callable[[], T], /) -> Deferred[T]:
    """The worker that runs it at once, in the caller's thread."""
    return maybeDeferred(work)


@dataclass(frozen=True, slots=True)
class _Waiting:
    job: Job
    answer: Deferred[Any]


@dataclass(slots=True)
class _Spell:
    """Something that fails again and again is told once, and once that it is over."""

    log: Logger
    began: str
    ended: str
    is_on: bool = field(default=False, init=False)

    def note(self, error: BaseException | None) -> None:
        if error is not None and not self.is_on:
            notes: list[str] = getattr(error, "__notes__", [])
            self.log.error(self.began, reason="; ".join([str(error), *notes]))
        elif error is None and self.is_on:
            self.log.info(self.ended)
        self.is_on = error is not None


class Writer:
    """Owns the database and every transaction on it.

    What is submitted while the worker is busy waits, and is then done in one commit. An answer is
    given only after its commit returned; answers come in the order of submission. Cancelling a
    Deferred drops the answer, not the transaction.
    """

    _log = Logger()

    def __init__(
        self,
        database: Database,
        worker: Worker,
        clock: IReactorTime,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._database = database
        self._worker = worker
        self._clock = clock
        self._most_waiting = most_waiting
        self._waiting: list[_Waiting] = []
        self._backups: list[Deferred[Path | None]] = []
        self._is_serving = False
        self._submitted = 0
        self._answered = 0
        self._idlers: list[tuple[int, Deferred[None]]] = []
        self._stopping: list[Deferred[None]] | None = None
        self._is_closed = False
        self._writing = _Spell(
            self._log,
            "The store cannot be written, requests that need it are refused: {reason}",
            "The store can be written again.",
        )
        self._moving = _Spell(
            self._log,
            "The log of the store cannot be emptied and grows: {reason}",
            "The log of the store can be emptied again.",
        )

    def submit(self, function: Callable[[Connection], T]) -> Deferred[T]:
        """Have ``function`` run in a transaction: what it returns, or raises, then undone.

        Fails with ``StoreBusy`` at once when too many wait, with ``StoreFailed`` when the store
        cannot be written or is closing. ``function`` runs in another thread, once, and must touch
        nothing but the connection and its own arguments.
        """
        return self._queue(Single(function))

    def submit_item(
        self, function: Callable[[Connection, Sequence[I]], Sequence[T]], item: I
    ) -> Deferred[T]:
        """Like ``submit``, for a function of many items: those submitted one after the other go
        through one call. It answers one value an item, in order; what it raises is tried again
        item by item, so that it fails only for who is at fault."""
        return self._queue(Item(function, item))

    def idle(self) -> Deferred[None]:
        """Fires when everything submitted so far is answered and nothing runs."""
        if not self._is_serving:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self._idlers.append((self._submitted, waiting))
        return waiting

    def backup(self) -> Deferred[Path | None]:
        """Write a consistent copy between two batches, ahead of what waits: its path, ``None``
        for a store in memory. Fails with ``StoreFailed``; an older copy is then still there."""
        if self._stopping is not None:
            return fail(StoreFailed("the store is closed"))
        copy: Deferred[Path | None] = Deferred()
        self._backups.append(copy)
        self._wake()
        return copy

    def stop(self) -> Deferred[None]:
        """Take nothing new, finish what waits, and close the database; fires when it is closed."""
        if self._is_closed:
            return succeed(None)
        if self._stopping is None:
            self._stopping = []
        stopped: Deferred[None] = Deferred()
        self._stopping.append(stopped)
        self._wake()
        return stopped

    def _queue(self, job: Job) -> Deferred[Any]:
        if self._stopping is not None:
            return fail(StoreFailed("the store is closed"))
        if len(self._waiting) >= self._most_waiting:
            return fail(StoreBusy(f"{self._most_waiting} transactions wait already"))
        answer: Deferred[Any] = Deferred()
        self._waiting.append(_Waiting(job, answer))
        self._submitted += 1
        self._wake()
        return answer

    def _wake(self) -> None:
        if not self._is_serving:
            self._is_serving = True
            Deferred.fromCoroutine(self._serve()).addErrback(self._stopped_serving)

    def _stopped_serving(self, failure: Failure) -> None:
        """A defect of ours: who asks next must not wait for nothing."""
        self._log.failure("The writer stopped in the middle of its work.", failure)
        self._is_serving = False

    async def _serve(self) -> None:
        """Until nothing is left to do: the worker has one thing at a time."""
        while self._waiting or self._backups:
            if self._backups:
                await self._copy(self._backups.pop(0))
            else:
                # What else this iteration of the reactor brings joins the batch.
                await deferLater(self._clock, 0, _nothing)
                await self._run_batch()
            self._release_idlers()
        if self._stopping is not None:
            await self._close(self._stopping)
            self._release_idlers()
        self._is_serving = False

    async def _run_batch(self) -> None:
        batch, self._waiting = (
            self._waiting[:MOST_IN_A_BATCH],
            self._waiting[MOST_IN_A_BATCH:],
        )
        jobs = [each.job for each in batch]
        report = await self._work(partial(run_batch, self._database, jobs))
        if isinstance(report, Failure):
            self._log.failure("The worker of the store failed", failure=report)
            report = Report(error=RuntimeError(f"its worker failed: {report.value}"))
        # A commit of nothing succeeds on a full disk, and proves nothing.
        if report.error is not None or report.has_written:
            self._writing.note(report.error)
        self._answered += len(batch)
        if report.error is None:
            for each, result in zip(batch, report.results, strict=True):
                each.answer.callback(result)
        else:
            for each in batch:
                each.answer.errback(StoreFailed(f"the store cannot be written: {report.error}"))
        if report.checkpoint is Checkpoint.NOW or (
            report.checkpoint is Checkpoint.WHEN_IDLE and not self._waiting
        ):
            await self._checkpoint()

    async def _checkpoint(self) -> None:
        result = await self._work(self._database.checkpoint)
        self._moving.note(result.value if isinstance(result, Failure) else None)

    async def _copy(self, copy: Deferred[Path | None]) -> None:
        copy.callback(await self._work(self._database.backup))

    async def _close(self, stopping: list[Deferred[None]]) -> None:
        await self._checkpoint()
        result = await self._work(self._database.close)
        self._is_closed = True
        for stopped in stopping:
            stopped.callback(result)

    async def _work(self, work: Callable[[], T]) -> T | Failure:
        """What ``work`` returned in the worker, or the failure of it."""
        outcome: list[T | Failure] = []
        await maybeDeferred(self._worker, work).addBoth(outcome.append)
        return outcome[0]

    def _release_idlers(self) -> None:
        idlers, self._idlers = self._idlers, []
        for submitted, waiting in idlers:
            if submitted <= self._answered:
                waiting.callback(None)
            else:
                self._idlers.append((submitted, waiting))


def _nothing() -> None:
    """Time passes."""
