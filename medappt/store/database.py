"""What the writer needs of a database: the boundary between it and SQLite (or another)."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Protocol

from medappt.store.connection import Connection


class Checkpoint(Enum):
    """Whether what was committed wants to be moved to where it belongs, and how urgently."""

    NOT_DUE = "not due"
    WHEN_IDLE = "when idle"
    NOW = "now"


class Database(Protocol):
    """One open database, used by one thread at a time."""

    @property
    def connection(self) -> Connection:
        """What transactions get."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open: a failing disk can end one without being asked."""

    @property
    def changes(self) -> int:
        """How many rows were ever changed through this connection."""

    def begin(self) -> None:
        """Open the transaction, ready to write."""

    def commit(self) -> None:
        """End the transaction; it is on the disk when this returns."""

    def rollback(self) -> None:
        """Undo the transaction."""

    def set_savepoint(self) -> None:
        """Remember this point of the transaction."""

    def release_savepoint(self) -> None:
        """Forget the last point remembered, keep what was done since."""

    def undo_savepoint(self) -> None:
        """Undo what was done since the last point remembered, and forget it."""

    def is_broken_by(self, error: Exception) -> bool:
        """Whether ``error``, raised inside a transaction, means that the database cannot go on
        with it (the disk, the connection), not that one function did something wrong."""

    def checkpoint_due(self) -> Checkpoint:
        """Whether ``checkpoint`` has something to do. Cheap: asked after every commit."""

    def checkpoint(self) -> None:
        """Move what was committed out of the log. Outside of a transaction."""

    def backup(self) -> Path | None:
        """Write a consistent copy; where it is, or ``None`` for a database in memory. Outside of
        a transaction. Raises ``StoreFailed``; an older copy is then still there."""

    def close(self) -> None:
        """Close it, for good."""
