"""Heads of other centers' audits."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.audit import AuditHead
from medappt.store import schema
from medappt.store.connection import Statement
from medappt.store.heads import keep_head, kept_head
from medappt.store.instants import to_seconds
from tests.store.cities import City


def head(sequence: int, mac: int = 0) -> AuditHead:
    return AuditHead(sequence=sequence, mac=bytes([mac]) * 32)


class HeadsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.mtl = City("MTL")
        self.addCleanup(self.mtl.database.close)

    def keep(self, new: AuditHead, of: str = "QUE") -> AuditHead | None:
        return self.mtl.act(keep_head, of, new)

    def kept(self, of: str = "QUE") -> AuditHead | None:
        return self.mtl.do(kept_head, of)

    def test_kept(self) -> None:
        """The latest head of each city is kept, with the instant; the one before is told."""
        self.assertIsNone(self.keep(head(3)))
        self.assertIsNone(self.keep(head(9), "SHE"))
        self.mtl.now += timedelta(minutes=1)
        self.assertEqual(self.keep(head(5, 1)), head(3))
        self.assertEqual((self.kept(), self.kept("SHE")), (head(5, 1), head(9)))
        [[at]] = self.mtl.do(
            lambda each: each.rows(
                Statement(select(schema.heads.c.at).where(schema.heads.c.city == "QUE"))
            )
        )
        self.assertEqual(at, to_seconds(self.mtl.now))

    def test_contradicted(self) -> None:
        """What contradicts a head that was kept does not replace it: it is the evidence."""
        self.keep(head(3))
        for other in (head(3, 1), head(2), head(3)):
            self.assertEqual(self.keep(other), head(3))
            self.assertEqual(self.kept(), head(3))
