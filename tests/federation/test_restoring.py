"""A center that is restored from a copy: its peers notice, and the operator decides."""

from __future__ import annotations

from medappt.store.backup import write_backup
from medappt.store.failures import StoreFailed
from medappt.store.location import Location
from medappt.store.sqlite import SQLiteDatabase
from tests.federation.federated import FederatedCase
from tests.folders import temporary_folder
from tests.store.doubles import KEY


class RestoringTests(FederatedCase):
    """MTL is restored."""

    def restore(self) -> None:
        """From a copy that was taken in the run that ends now, which has booked since."""
        path = temporary_folder(self) / "MTL.sqlite3.backup"
        write_backup(self.mtl.database._raw, path)
        self.booked("MTLP0001", "QUEA100227")
        self.mtl.crash()
        self.mtl.database.close()
        self.mtl.database = SQLiteDatabase.open(Location(path=path), KEY)

    def setUp(self) -> None:
        super().setUp()
        self.add("QUEA100227")
        self.add("QUEA110227")
        self.booked("MTLP0002", "QUEA110227")
        self.restore()

    def come_back(self, above: int = 0) -> str:
        """Start, and ask a peer for something: what comes of it."""
        self.mtl.start(above=above)
        self.run_for(0.2)
        answer = self.book("MTLP0001", "QUEA120227")
        self.run_for(1)
        self.flushLoggedErrors()
        return self.code(answer)

    def test_noticed(self) -> None:
        """A copy of the last run is older than what that run has said: its federation stops as
        soon as a peer has heard from it, and again at each start."""
        for _ in range(2):
            self.assertEqual(self.come_back(), "unreachable")
            self.assertIsNotNone(self.mtl.federation.link.stale)
            self.mtl.crash()

    def test_override(self) -> None:
        """Above the number that was told it takes part again, also at the next start; it has
        forgotten what it booked."""
        self.come_back()
        stale = self.mtl.federation.link.stale
        assert stale is not None
        self.mtl.crash()
        self.assertEqual(self.come_back(above=stale.highest), "unknown-slot")
        self.assertEqual(self.mtl.records("MTLP0001"), [])
        self.assertEqual(self.que.taken("QUEA100227"), 1)
        self.mtl.crash()
        self.assertEqual(self.come_back(), "unknown-slot")

    def test_dying_disk(self) -> None:
        """Where it cannot be kept that the run was refused, the log says so."""
        self.network.weather.delay = 0.2
        self.mtl.start()
        self.clock.advance(0)
        listed = self.begin(self.mtl.city.list("Physician"))
        self.mtl.worker.fails = True
        self.run_for(1.5)
        self.assertTrue(self.flushLoggedErrors(StoreFailed))
        self.flushLoggedErrors()
        self.assertIsNotNone(self.mtl.federation.link.stale)
        self.failureResultOf(listed, StoreFailed)
