"""Reading a record beside its center: the store if it is free, else the copy."""

from __future__ import annotations

import sqlite3

from sqlalchemy import func, select
from twisted.trial.unittest import SynchronousTestCase

from medappt.store import schema
from medappt.store.boots import start_boot
from medappt.store.connection import Statement
from medappt.store.failures import StoreInUse, StoreUnavailable
from medappt.store.location import Location
from medappt.store.migrate import migrate, revision_of
from medappt.store.reading import reading
from medappt.store.sqlite import SQLiteDatabase
from medappt.store.transactions import run_now
from tests.folders import temporary_folder

_LAST = Statement(select(func.max(schema.boots.c.number)))


class ReadingCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.location = Location(path=temporary_folder(self) / "center.sqlite3")
        assert self.location.path is not None
        self.path = self.location.path

    def in_use(self) -> SQLiteDatabase:
        """The store, opened as by a center that runs."""
        migrate(self.location)
        database = SQLiteDatabase.open(self.location)
        self.addCleanup(database.close)
        return database

    def last_boot(self) -> int:
        """What the record says of the last start."""
        with reading(self.location) as source:
            [(last,)] = source.connection.rows(_LAST)
            self.is_copy, self.read = source.is_copy, source.path
        return int(last)


class ReadingTests(ReadingCase):
    def test_free(self) -> None:
        """A store that nobody uses is read itself, and is free again."""
        migrate(self.location)
        database = SQLiteDatabase.open(self.location)
        run_now(database, lambda connection: start_boot(connection, b"a"))
        database.close()
        for _ in range(2):
            self.assertEqual(self.last_boot(), 1)
            self.assertEqual((self.is_copy, self.read), (False, self.path))

    def test_copy(self) -> None:
        """While it is in use its copy is read, which may be older, and is left as it is."""
        database = self.in_use()
        run_now(database, lambda connection: start_boot(connection, b"a"))
        copy = database.backup()
        assert copy is not None
        before = copy.read_bytes()
        run_now(database, lambda connection: start_boot(connection, b"b"))
        self.assertEqual(self.last_boot(), 1)
        self.assertEqual((self.is_copy, self.read), (True, copy))
        self.assertEqual(copy.read_bytes(), before)
        self.assertEqual({path.name for path in copy.parent.glob("*.backup*")}, {copy.name})

    def test_no_copy(self) -> None:
        """Without a copy a store in use cannot be read."""
        self.in_use()
        with self.assertRaises(StoreInUse) as caught, reading(self.location):
            self.fail("it is in use")
        self.assertIn("is in use by another process, and there is no copy", str(caught.exception))

    def test_unusable_copies(self) -> None:
        """A copy that is none is refused with its name."""
        self.in_use()
        copy = self.path.with_name("center.sqlite3.backup")
        raw = sqlite3.connect(copy)
        raw.execute("CREATE TABLE other (a)")
        raw.close()
        self.assert_unusable(f"the store {copy} is a database of another program")
        copy.write_bytes(b"no database at all" * 100)
        self.assert_unusable(f"the store {copy} is no database")
        copy.unlink()
        copy.mkdir()
        self.assert_unusable(f"the store {copy} cannot be used: disk I/O error")

    def assert_unusable(self, reason: str) -> None:
        with self.assertRaises(StoreUnavailable) as caught, reading(self.location):
            self.fail(reason)
        self.assertEqual(str(caught.exception), reason)

    def test_nothing(self) -> None:
        """A store that is not there, or in memory, cannot be read."""
        for location in (self.location, Location(path=None)):
            with self.assertRaises(StoreUnavailable), reading(location):
                self.fail("there is nothing")
        self.assertFalse(self.path.exists())


class RevisionTests(ReadingCase):
    def test_revisions(self) -> None:
        """A store says its revision and stays as it is; one that is not there has none."""
        self.assertIsNone(revision_of(self.location))
        self.assertIsNone(revision_of(Location(path=None)))
        self.assertFalse(self.path.exists())
        self.path.touch()
        self.assertIsNone(revision_of(self.location))
        migrate(self.location)
        before = self.path.read_bytes()
        self.assertEqual(revision_of(self.location), schema.REVISION)
        self.assertEqual(self.path.read_bytes(), before)

    def test_in_use(self) -> None:
        """One that is in use cannot be asked."""
        self.in_use()
        self.assertRaises(StoreInUse, revision_of, self.location)

    def test_no_store(self) -> None:
        """Nor can what is none."""
        self.path.write_bytes(b"no database at all" * 100)
        error = self.assertRaises(StoreUnavailable, revision_of, self.location)
        self.assertIn("is no database", str(error))
