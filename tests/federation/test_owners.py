"""What an owner does for a home: the same, whether it is this center or a peer."""

from __future__ import annotations

from medappt.federation.owners import LocalOwner, OwnerOperations, PeerOwner
from medappt.model.ids import RecordIds
from medappt.model.records import Held
from medappt.model.refusals import Code, Refusal
from tests.federation.federated import DOCTORS, FederatedCase
from tests.store.cities import TORONTO, name

SLOT = name("QUEA100227")


class PeerOwnerTests(FederatedCase):
    """The owner QUE asked by MTL over the network."""

    def owner(self) -> OwnerOperations:
        return PeerOwner(self.mtl.federation.link, "QUE")

    def setUp(self) -> None:
        super().setUp()
        self.add("QUEA100227")
        self.record = RecordIds("MTL", 50, b"\x01\x02")()

    def code_of(self, reply: Held | Refusal) -> Code | None:
        return reply.code if isinstance(reply, Refusal) else None

    def test_hold(self) -> None:
        """A place is held until it is released, however often; a released one is not revived."""
        owner = self.owner()
        held = Held(start=SLOT.code.start(TORONTO), contact=DOCTORS["Physician"])
        for _ in range(2):
            self.assertEqual(self.result(owner.hold(self.record, SLOT, "MTLP0001")), held)
        self.assertTrue(self.result(owner.confirm(self.record)))
        for _ in range(2):
            self.result(owner.release(self.record))
        self.assertFalse(self.result(owner.confirm(self.record)))
        reply = self.result(owner.hold(self.record, SLOT, "MTLP0001"))
        self.assertEqual(self.code_of(reply), Code.UNREACHABLE)

    def test_refused(self) -> None:
        """A place for another's patient is forbidden, and in a slot that is not there unknown."""
        owner = self.owner()
        reply = self.result(owner.hold(self.record, SLOT, "SHEP0001"))
        self.assertEqual(self.code_of(reply), Code.FORBIDDEN)
        reply = self.result(owner.hold(self.record, name("QUEM100227"), "MTLP0001"))
        self.assertEqual(self.code_of(reply), Code.UNKNOWN_SLOT)

    def test_waiting(self) -> None:
        """Waiting may begin and end in any order."""
        owner = self.owner()
        self.result(owner.unwait(self.record))
        self.result(owner.wait(self.record))
        self.result(owner.unwait(self.record))

    def test_list(self) -> None:
        """Its open slots, a page at a time."""
        page = self.result(self.owner().list("Physician", None))
        self.assertEqual(([row.name for row in page.rows], page.more), ([SLOT], False))


class LocalOwnerTests(PeerOwnerTests):
    """The owner QUE asked for MTL in its own process."""

    def owner(self) -> OwnerOperations:
        return LocalOwner(self.que.federation._running.authority, "MTL")
