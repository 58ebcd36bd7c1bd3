"""What the tests of the audit share: its rows as text, and a store whose audit can be forged."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from medappt.model.audit import AuditHead, AuditRow, AuditVerb, Deed
from medappt.model.identity import Role
from medappt.store import schema
from medappt.store.audit import audit_rows, note_effect
from medappt.store.audit_chain import ChainBroken, Verified, audit_head, verify_chain
from medappt.store.cancelling import Giveback, give_back
from medappt.store.connection import Connection
from medappt.store.holding import hold
from medappt.store.location import Location
from medappt.store.migrate import migrate
from medappt.store.sqlite import SQLiteDatabase
from medappt.store.trail import chain_key
from medappt.store.transactions import Single, run_batch, run_now
from tests.store.cities import City, name
from tests.store.doubles import KEY, NOW, origin, scratch

ANN, BOB, QUI = "MTLP0001", "MTLP0002", "QUEP0001"
X, Y, Q = "MTLA100227", "MTLA110227", "QUEA100227"


def deed(object_: str, user: str = "ann", role: Role = Role.PATIENT) -> Deed:
    return Deed(
        origin=origin(user, role), verb=AuditVerb.BOOK, object=object_, patient=user, tag="t"
    )


def note(connection: Connection, object_: str) -> None:
    note_effect(connection, NOW, deed(object_))


def read(connection: Connection) -> list[AuditRow]:
    return list(audit_rows(connection))


def told(rows: Sequence[AuditRow]) -> list[str]:
    """Rows in a few words: who did what to whom, and what came of it."""
    return [
        " ".join(
            [row.actor, row.verb, row.object]
            + ([f"({row.patient})"] if row.patient not in (None, row.actor) else [])
            + ([row.outcome] if row.outcome != "done" else [])
        )
        for row in rows
    ]


class AuditCase(SynchronousTestCase):
    """MTL and QUE, each with its store."""

    def setUp(self) -> None:
        self.mtl, self.que = City("MTL"), City("QUE")
        for city in (self.mtl, self.que):
            self.addCleanup(city.database.close)
        self.seen = {"MTL": 0, "QUE": 0}

    def new(self, city: City | None = None) -> list[AuditRow]:
        """The rows since the last look."""
        city = city or self.mtl
        rows = city.do(read)[self.seen[city.city] :]
        self.seen[city.city] += len(rows)
        return rows

    def told(self, city: City | None = None) -> list[str]:
        return told(self.new(city))

    def held(self, code: str = X, city: City | None = None) -> str:
        """A place of a patient of QUE in a slot of MTL, held."""
        id_ = self.que.ids()
        self.mtl.act(hold, "QUE", id_, name(code), QUI)
        return id_

    def cancelled(self, patient: str, code: str, **named: object) -> None:
        giveback = Giveback(
            patient=patient,
            code=name(code).code,
            origin=origin(patient),
            **named,  # type: ignore[arg-type]
        )
        self.mtl.act(give_back, giveback)


class AuditedFile(SynchronousTestCase):
    """A store in a file, opened and closed for each thing that is done."""

    def setUp(self) -> None:
        self.path: Path = scratch(self) / "store.sqlite3"
        migrate(Location(path=self.path))

    def commit(self, *batch: Sequence[str]) -> None:
        """One commit for each sequence: a transaction for each object."""
        database = SQLiteDatabase.open(Location(path=self.path), KEY)
        for objects in batch:
            jobs = [
                Single(lambda connection, object_=each: note(connection, object_))  # type: ignore[misc]
                for each in objects
            ]
            self.assertIsNone(run_batch(database, jobs).error)
        database.close()

    def verify(self, *heads: AuditHead, key: bytes = KEY) -> Verified:
        database = SQLiteDatabase.open(Location(path=self.path), KEY)
        try:
            return verify_chain(database.connection, chain_key(key), heads)
        finally:
            database.close()

    def broken(self, *heads: AuditHead, key: bytes = KEY) -> tuple[int, str]:
        """Where the audit is broken, and what is said of it."""
        with self.assertRaises(ChainBroken) as caught:
            self.verify(*heads, key=key)
        return caught.exception.sequence, str(caught.exception)

    def head(self) -> AuditHead:
        database = SQLiteDatabase.open(Location(path=self.path), KEY)
        head = run_now(database, audit_head)
        database.close()
        assert head is not None
        return head

    def forge(self, *statements: str) -> None:
        """Change the file behind the back of the triggers."""
        raw = sqlite3.connect(self.path)
        for trigger in schema.AUDIT_GUARDS:
            raw.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        for statement in statements:
            raw.execute(statement)
        raw.commit()
        raw.close()
