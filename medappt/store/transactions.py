"""A batch of transactions in one commit: what the writer has its worker do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from twisted.python.failure import Failure

from medappt.store.audit_chain import seal
from medappt.store.connection import Connection
from medappt.store.database import Checkpoint, Database
from medappt.store.failures import StoreFailed

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Single:
    """A transaction of its own: called with the connection."""

    function: Callable[[Connection], Any]


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a set-based transaction, which is called with the connection and with as many
    items as come one after the other, and answers as many."""

    function: Callable[[Connection, Sequence[Any]], Sequence[Any]]
    item: Any


Job: TypeAlias = Single | Item


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What became of a batch.

    ``results`` are in the order of the batch, each a value or the ``Failure`` of that transaction
    alone, and are committed. With an ``error`` there are none: the whole batch is undone.
    ``has_written`` tells whether the commit proves that the store can be written.
    """

    results: Sequence[Any] = field(default=(), repr=False)
    error: Exception | None = None
    has_written: bool = False
    checkpoint: Checkpoint = Checkpoint.NOT_DUE


class _Broken(Exception):
    """The database cannot go on with the transaction."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def run_batch(database: Database, batch: Sequence[Job]) -> Report:
    """Run ``batch`` in one transaction and commit it once.

    Each single function and each run of items of one function has a savepoint, so that what it
    raises undoes only what it did.
    """
    changes = database.changes
    results: list[Any] = []
    try:
        if database.in_transaction:  # undoing the last one failed as well
            database.rollback()
        database.connection.trail.cut(0)
        database.begin()
        for run in _runs(batch):
            if isinstance(run, Single):
                results.append(_attempt(database, run.function))
            else:
                results += _attempt_items(database, run)
        seal(database.connection)
        database.commit()
    except _Broken as broken:
        return _abandon(database, broken.error)
    except Exception as error:  # noqa: BLE001 - from the database itself: nothing was committed
        return _abandon(database, error)
    return Report(
        results=results,
        has_written=database.changes != changes,
        checkpoint=_checkpoint_due(database),
    )


def _checkpoint_due(database: Database) -> Checkpoint:
    """What is committed stays committed: if this cannot be told, the checkpoint itself will tell
    why."""
    try:
        return database.checkpoint_due()
    except Exception:  # noqa: BLE001
        return Checkpoint.NOW


def run_now(database: Database, function: Callable[[Connection], T]) -> T:
    """What ``function`` returns, committed, in this thread: for when no writer owns ``database``.

    Raises what ``function`` raised, and ``StoreFailed`` where the store cannot be written; then
    nothing was done.
    """
    report = run_batch(database, [Single(function)])
    if report.error is not None:
        raise StoreFailed(f"the store cannot be written: {report.error}") from report.error
    [result] = report.results
    if isinstance(result, Failure):
        result.raiseException()
    value: T = result
    return value


def _abandon(database: Database, error: Exception) -> Report:
    try:
        if database.in_transaction:
            database.rollback()
    except Exception as second:  # noqa: BLE001 - the next batch tries it again
        error.add_note(f"undoing it failed as well: {second}")
    return Report(error=error)


def _runs(batch: Sequence[Job]) -> Iterator[Single | list[Item]]:
    """The batch in its order, items of one function that follow one another together."""
    run: list[Item] = []
    for job in batch:
        if run and not (isinstance(job, Item) and job.function == run[0].function):
            yield run
            run = []
        if isinstance(job, Item):
            run.append(job)
        else:
            yield job
    if run:
        yield run


def _attempt(database: Database, function: Callable[[Connection], Any]) -> Any:
    """What ``function`` returned, or the ``Failure`` of what it raised, undone."""
    database.set_savepoint()
    noted = len(database.connection.trail)
    try:
        value = function(database.connection)
    except Exception as error:
        if database.is_broken_by(error):
            raise _Broken(error) from error
        failure = Failure()
        database.undo_savepoint()
        database.connection.trail.cut(noted)
        return failure
    database.release_savepoint()
    return value


def _attempt_items(database: Database, run: list[Item]) -> list[Any]:
    items = [each.item for each in run]

    def together(connection: Connection) -> list[Any]:
        answers = list(run[0].function(connection, items))
        if len(answers) != len(items):
            raise ValueError(f"{len(answers)} answers to {len(items)} items")
        return answers

    answers = _attempt(database, together)
    if not isinstance(answers, Failure):
        return list(answers)
    if len(run) == 1:
        return [answers]
    # One item is at fault, and its neighbours must not suffer for it.
    return [answer for each in run for answer in _attempt_items(database, [each])]
