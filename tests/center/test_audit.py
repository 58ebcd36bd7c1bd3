"""What a center without a city notes in its audit."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from medappt.store.failures import StoreFailed
from medappt.store.transactions import run_now
from tests.center.fixtures import Client, MemoryCenter
from tests.store.audited import read, told


class CenterAuditTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.center = MemoryCenter()
        self.addCleanup(self.center.database.close)
        self.seen = len(run_now(self.center.database, read))

    def told(self) -> list[str]:
        """The new rows, in a few words."""
        rows = run_now(self.center.database, read)[self.seen :]
        self.seen += len(rows)
        self.assertEqual({row.source for row in rows} - {"127.0.0.1:54321"}, set())
        return told(rows)

    def boss(self) -> Client:
        return self.center.login("boss", "password999")

    def test_imported(self) -> None:
        """What the files say is noted when the center first reads it, and not again."""
        rows = run_now(self.center.database, read)
        self.assertEqual(len(rows), 3 + 6)
        self.assertEqual({row.source for row in rows}, {"import"})
        MemoryCenter(database=self.center.database)
        self.assertEqual(self.told(), [])

    def test_requests(self) -> None:
        """A reservation and its cancellation are a row each, with the address they came from; what
        a patient is refused, and what only reads, is none."""
        ann = self.center.login()
        for line in ("@a selection 1", "@a selection 1", "selection 1", "selection 9", "cancel 2"):
            ann.ask(line)
        for line in ("available", "slots", "schedule", "patients 1", "schedule patient2"):
            ann.ask(line)
        ann.ask("cancel 1")
        start = "2026-11-24T13:00+00:00"
        self.assertEqual(
            self.told(),
            [f"patient1 selection 1 {start} doc1", f"patient1 cancel 1 {start} doc1"],
        )

    def test_refused(self) -> None:
        """What an administrator is refused is a row, once for a tag."""
        self.center.login().ask("selection 1")
        self.told()
        boss = self.boss()
        for line in (
            "selection 1",
            "selection 9",
            "@a selection 9",
            "@a selection 9",
            "@a selection 8",
            "cancel 5",
            "patients 9",
            "@b cancel",
            "@c nonsense",
            "@b cancel",
        ):
            boss.ask(line)
        boss.ask("patients 1")
        self.assertEqual(
            self.told(),
            [
                "boss selection 1 2026-11-24T13:00+00:00 doc1 full",
                "boss selection 9 unknown-slot",
                "boss selection 9 unknown-slot",
                "boss selection 8 syntax",
                "boss cancel 5 not-booked",
                "boss patients 9 unknown-slot",
                "boss cancel  syntax",
                "boss request  unknown-command",
            ],
        )

    def test_a_new_hash(self) -> None:
        """A hash that a login replaced is a row of the center's own."""
        self.center.hasher.outdated.add("plain:password111")
        self.patch(self.center.hasher, "hash", lambda password: "plain:password111")
        self.center.login()
        rows = run_now(self.center.database, read)[self.seen :]
        self.assertEqual(told(rows), ["center rehash patient1"])

    def test_a_dying_store(self) -> None:
        """What the store cannot do is no row, and no refusal is kept back for it."""

        def full(*arguments: object) -> None:
            raise StoreFailed("no space")

        boss = self.boss()
        undo = self.patch(self.center.database, "commit", full)
        [reply] = boss.ask("patients 9")
        self.assertTrue(reply.startswith("error busy"))
        undo.restore()
        self.assertEqual(self.told(), [])
