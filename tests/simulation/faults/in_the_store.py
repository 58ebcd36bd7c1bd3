"""Faults in what is durable: transactions, tags, boot numbers, the audit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, update

from medappt.model.audit import AuditVerb, Deed
from medappt.store import audit, audit_chain, boots, results, schema, transactions
from medappt.store.boots import Boot
from medappt.store.connection import Connection, Statement
from medappt.store.database import Database
from medappt.store.sqlite import SQLiteDatabase
from medappt.store.transactions import Job, Report
from tests.simulation.faults.fault import Faults
from tests.simulation.patching import Patches

FAULTS = Faults()


@FAULTS.add("savepoint-not-undone", seed=1)
def _savepoint(patched: Patches) -> None:
    """What a transaction did stays where it fails: a preview closes the slot."""

    def keep(self: SQLiteDatabase) -> None:
        self._raw.execute("RELEASE one")

    patched.attribute(SQLiteDatabase, "undo_savepoint", keep)


@FAULTS.add("answer-without-commit", seed=1)
def _answer_without_commit(patched: Patches) -> None:
    """Requests are answered although their commit has failed."""

    def hopeful(database: Database, batch: Sequence[Job]) -> Report:
        found: list[Any] = []
        attempt = transactions._attempt

        def noted(database: Database, function: Any) -> Any:
            found.append(attempt(database, function))
            return found[-1]

        transactions._attempt = noted
        try:
            report = before(database, batch)
        finally:
            transactions._attempt = attempt
        if report.error is not None and len(found) == len(batch):
            return Report(results=found)
        return report

    before = transactions.run_batch
    patched.function(before, hopeful)


@FAULTS.add("tag-forgotten", seed=1)
def _tag_forgotten(patched: Patches) -> None:
    """What was answered under a tag is not looked up: the same request has a second effect."""
    patched.function(results.recall, lambda *_: None)


@FAULTS.add("audit-without-moves", seed=-1)
def _audit_without_moves(patched: Patches) -> None:
    """A patient is moved and no row of the audit says so."""

    def forgetful(connection: Connection, now: datetime, deed: Deed) -> None:
        if deed.verb is not AuditVerb.MOVE:
            before(connection, now, deed)

    before = audit.note_effect
    patched.function(before, forgetful)


@FAULTS.add("audit-names-another", seed=-2)
def _audit_names_another(patched: Patches) -> None:
    """The rows of cancellations say ``book``."""

    def confused(connection: Connection, now: datetime, deed: Deed) -> None:
        if deed.verb is AuditVerb.CANCEL:
            deed = replace(deed, verb=AuditVerb.BOOK)
        before(connection, now, deed)

    before = audit.note_effect
    patched.function(before, confused)


@FAULTS.add("audit-not-chained", seed=-2)
def _audit_not_chained(patched: Patches) -> None:
    """Each commit of the audit is chained to nothing."""

    def last(connection: Connection) -> tuple[int, bytes]:
        return before(connection)[0], audit_chain.FIRST_MAC

    before = patched.attribute(audit_chain, "_last", last)


@FAULTS.add("boot-number-stands-still", seed=1)
def _boot_number_stands_still(patched: Patches) -> None:
    """Every other start takes the number of the one before."""

    def stuck(connection: Connection, randomness: bytes, *, above: int = 0) -> int:
        number: int = before(connection, randomness, above=above)
        if above or number % 2:
            return number
        table = schema.boots
        connection.change(Statement(delete(table).where(table.c.number == number - 1)))
        renumber = update(table).where(table.c.number == number).values(number=number - 1)
        connection.change(Statement(renumber))
        return number - 1

    before = boots.start_boot
    patched.function(before, stuck)


@FAULTS.add("runs-of-peers-in-memory", seed=-2)
def _runs_of_peers_in_memory(patched: Patches) -> None:
    """The highest run of a peer is not put on record."""

    def volatile(connection: Connection, peer: str, boot: Boot) -> Boot:
        return boot

    patched.function(boots.raise_peer_boot, volatile)
