"""Centers tell one another the heads of their audits, and find what does not fit."""

from __future__ import annotations

from typing import Any, cast

from twisted.logger import ILogObserver, LogLevel, formatEvent, globalLogPublisher

from medappt.federation.heads import HEADS_SECONDS, LATE_SECONDS
from medappt.model.audit import AuditHead
from medappt.store import schema
from medappt.store.audit_chain import audit_head
from medappt.store.heads import kept_head
from medappt.wire.federation import Heads, KeptHead
from tests.federation.federated import FederatedCase, Hospital
from tests.federation.network import Weather

CONTRADICTS = "QUE: the head of the audit of MTL contradicts the one kept here"
DISOWNED = "MTL: the audit is not the one whose head QUE has kept:"


class HeadsCase(FederatedCase):
    """Each has a row; MTL and QUE have told one another."""

    def setUp(self) -> None:
        super().setUp()
        self.errors: list[str] = []
        observer = cast(ILogObserver, self.note)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        for code in ("MTLA100227", "QUEA100227"):
            self.add(code)
        self.run_for(HEADS_SECONDS + 1, 0.1)

    def note(self, event: dict[str, Any]) -> None:
        if event.get("log_level") is LogLevel.error and "medappt" in event["log_namespace"]:
            self.errors.append(formatEvent(event))

    def head(self, of: Hospital) -> AuditHead:
        head = of.do(audit_head)
        assert head is not None
        return head

    def kept(self, by: Hospital, of: str = "MTL") -> AuditHead | None:
        return by.do(kept_head, of)

    def tell(self, head: AuditHead) -> object:
        """MTL says this of its audit; what QUE answers."""
        asked = self.mtl.federation.link.request("QUE", Heads(head=head))
        self.run_for(0.2)
        return self.successResultOf(asked)

    def forge(self, hospital: Hospital, *statements: str) -> None:
        for trigger in schema.AUDIT_GUARDS:
            hospital.database._raw.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            hospital.database._raw.execute(statement)


class ExchangeTests(HeadsCase):
    def test_exchanged(self) -> None:
        """Every peer keeps the head, and the newer one a minute later; who has no audit yet tells
        none."""
        first = self.head(self.mtl)
        for peer in (self.que, self.she):
            self.assertEqual(self.kept(peer), first)
        self.assertIsNone(self.kept(self.mtl, "SHE"))
        self.add("MTLA110227")
        self.add("SHEA110227")
        self.assertEqual(self.kept(self.que), first)
        self.run_for(HEADS_SECONDS, 0.1)
        self.assertEqual(self.kept(self.que), self.head(self.mtl))
        self.assertEqual(self.kept(self.mtl, "SHE"), self.head(self.she))
        self.assertEqual(self.errors, [])

    def test_answered(self) -> None:
        """The answer is the head that was kept before."""
        kept = self.head(self.mtl)
        later = AuditHead(sequence=kept.sequence + 1, mac=bytes(32))
        self.assertEqual(self.tell(later), KeptHead(head=kept))
        self.assertEqual(self.tell(later), KeptHead(head=later))

    def test_weather(self) -> None:
        """Lost, doubled and late datagrams are no contradiction; nor is a peer that is down."""
        self.network.weather = Weather(lost=0.3, doubled=0.5, delay=20.0)
        for day in range(11, 16):
            self.add(f"MTLA{day}0227")
            self.run_for(HEADS_SECONDS, 0.1)
        self.she.crash()
        self.network.weather = Weather()
        self.run_for(2 * HEADS_SECONDS, 0.1)
        self.assertEqual(self.kept(self.que), self.head(self.mtl))
        self.assertEqual(self.errors, [])

    def test_stopped(self) -> None:
        """A federation that has stopped tells nobody."""
        self.mtl.federation.stopService()
        self.add("MTLA110227")
        self.run_for(2 * HEADS_SECONDS, 0.1)
        kept = self.kept(self.que)
        assert kept is not None
        self.assertEqual(kept.sequence, self.head(self.mtl).sequence - 1)

    def test_a_stale_store(self) -> None:
        """A link that has stopped ends the telling without a word."""
        self.add("MTLA110227")
        self.she.crash()
        self.run_for(HEADS_SECONDS + 1, 0.1)
        self.mtl.federation.link.doStop()
        self.run_for(1, 0.1)
        self.assertEqual(self.errors, [])


class ContradictionTests(HeadsCase):
    def test_a_late_head(self) -> None:
        """A head that a later one has overtaken is no news, while it can still be late."""
        kept = self.head(self.mtl)
        self.tell(AuditHead(sequence=kept.sequence + 1, mac=bytes(32)))
        self.tell(kept)
        self.assertEqual(self.errors, [])

    def test_contradicted(self) -> None:
        """A lower sequence, or another code for the same, is an error, told once until it fits
        again; what was kept stays."""
        kept = self.head(self.mtl)
        later = AuditHead(sequence=kept.sequence + 1, mac=bytes(32))
        for wrong in (
            AuditHead(sequence=kept.sequence, mac=bytes(32)),
            AuditHead(sequence=0, mac=bytes(32)),
        ):
            self.tell(wrong)
            self.assertEqual(self.kept(self.que), kept)
        self.assertEqual(self.errors, [CONTRADICTS])
        self.tell(kept)
        self.tell(AuditHead(sequence=0, mac=bytes(32)))
        self.assertEqual(self.errors, [CONTRADICTS] * 2)
        self.tell(later)
        self.run_for(LATE_SECONDS + HEADS_SECONDS, 0.5)
        # its own rounds tell the earlier one again, which is late no more
        self.assertEqual(self.errors[:2], [CONTRADICTS] * 2)
        self.assertIn(CONTRADICTS, self.errors[2:])

    def test_an_end_cut_off(self) -> None:
        """A center whose audit lost its end is told of by its peer, and by itself."""
        self.add("MTLA110227")
        self.run_for(HEADS_SECONDS, 0.1)
        self.forge(self.mtl, "DELETE FROM audit WHERE sequence = 2")
        self.run_for(HEADS_SECONDS + LATE_SECONDS, 0.5)
        self.assertEqual(
            {each[: len(DISOWNED)] for each in self.errors if "QUE" in each},
            {CONTRADICTS[: len(DISOWNED)], DISOWNED},
        )

    def test_an_end_written_anew(self) -> None:
        """An audit that goes on from another past is found by who has kept that past; one whose
        last row bears no mac has no head to tell."""
        self.forge(self.mtl, f"UPDATE audit SET mac = '{bytes(32).hex()}'")
        self.run_for(HEADS_SECONDS + 1, 0.1)
        self.assertIn(DISOWNED, {each[: len(DISOWNED)] for each in self.errors})
        before = self.head(self.mtl)
        self.mtl.database._raw.execute("UPDATE audit SET mac = 'no mac'")
        self.assertIsNone(self.mtl.do(audit_head))
        self.run_for(HEADS_SECONDS + 1, 0.1)
        self.assertNotEqual(self.kept(self.que), before)

    def test_nobody_is_named(self) -> None:
        """The log names cities, and no patient."""
        self.booked("MTLP0001", "MTLA100227")
        self.forge(self.mtl, "DELETE FROM audit")
        self.run_for(HEADS_SECONDS + LATE_SECONDS, 0.5)
        self.booked("MTLP0002", "QUEA100227")
        self.run_for(HEADS_SECONDS, 0.5)
        self.assertTrue(self.errors)
        self.assertFalse([each for each in self.errors if "MTLP" in each])
