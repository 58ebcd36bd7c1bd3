"""Reading a record beside the center it belongs to."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from medappt.store.audit import audit_rows
from medappt.store.failures import StoreInUse, StoreUnavailable
from medappt.store.location import Location
from medappt.store.migrate import migrate
from medappt.store.reading import reading
from medappt.store.sqlite import SQLiteDatabase
from medappt.store.transactions import run_now
from tests.store.audited import note
from tests.store.doubles import KEY, scratch


class ReadingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = scratch(self) / "store.sqlite3"
        self.location = Location(path=self.path)
        migrate(self.location)
        database = self.open()
        run_now(database, lambda connection: note(connection, "1"))
        database.close()

    def open(self) -> SQLiteDatabase:
        database = SQLiteDatabase.open(self.location, KEY)
        self.addCleanup(database.close)
        return database

    def read(self) -> tuple[Path, bool, list[str]]:
        with reading(self.location) as source:
            rows = [row.object for row in audit_rows(source.connection)]
            return source.path, source.is_copy, rows

    def test_free(self) -> None:
        """A store that is free is read, and is nobody else's meanwhile; then it is free again."""
        self.assertEqual(self.read(), (self.path, False, ["1"]))
        with reading(self.location):
            self.assertRaises(StoreInUse, self.open)
        self.open()

    def test_in_use(self) -> None:
        """Of a store in use the copy is read, which stays as it is; without one it is refused."""
        database = self.open()
        with self.assertRaises(StoreInUse) as caught:
            self.read()
        self.assertIn("SIGUSR1", str(caught.exception))
        copy = database.backup()
        assert copy is not None
        before = copy.read_bytes()
        run_now(database, lambda connection: note(connection, "2"))
        self.assertEqual(self.read(), (copy, True, ["1"]))
        self.assertEqual(copy.read_bytes(), before)

    def test_a_broken_copy(self) -> None:
        """A copy that is none of ours is refused."""
        self.open()
        copy = self.path.with_name("store.sqlite3.backup")
        for content in (b"", b"no database" * 100):
            copy.write_bytes(content)
            self.assertRaises(StoreUnavailable, self.read)

    def test_an_older_store(self) -> None:
        """A store of another revision is refused, and not touched."""
        raw = sqlite3.connect(self.path)
        raw.execute("UPDATE alembic_version SET version_num = '0002'")
        raw.commit()
        raw.close()
        with self.assertRaises(StoreUnavailable) as caught:
            self.read()
        self.assertIn("has revision 0002", str(caught.exception))

    def test_not_there(self) -> None:
        """What is not there is not made, and memory cannot be read."""
        self.path.unlink()
        self.assertRaises(StoreUnavailable, self.read)
        self.assertFalse(self.path.exists())
        self.location = Location(path=None)
        self.assertRaises(StoreUnavailable, self.read)

    def test_a_table_that_is_gone(self) -> None:
        """What cannot be read is told as that, whoever broke it."""
        raw = sqlite3.connect(self.path)
        raw.execute("DROP TABLE audit")
        raw.close()
        with self.assertRaises(StoreUnavailable) as caught:
            self.read()
        self.assertIn("no such table: audit", str(caught.exception))
