"""The revision of a store, read and left as it is."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from medappt.store import schema
from medappt.store.failures import StoreInUse, StoreUnavailable
from medappt.store.location import Location
from medappt.store.migrate import migrate, revision_of
from medappt.store.opening import connect
from tests.folders import temporary_folder


class RevisionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = temporary_folder(self) / "center.sqlite3"
        self.location = Location(path=self.path)

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
        migrate(self.location)
        raw = connect(self.path)
        self.addCleanup(raw.close)
        raw.execute("BEGIN IMMEDIATE")
        self.assertRaises(StoreInUse, revision_of, self.location)

    def test_no_store(self) -> None:
        """Nor can what is none."""
        self.path.write_bytes(b"no database at all" * 100)
        error = self.assertRaises(StoreUnavailable, revision_of, self.location)
        self.assertIn("is no database", str(error))
