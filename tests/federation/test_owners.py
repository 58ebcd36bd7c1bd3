"""What an owner does for a home: the same, whether it is this center or a peer."""

from __future__ import annotations

from medappt.federation.owners import LocalOwner, OwnerOperations, PeerOwner
from medappt.model.ids import RecordIds
from medappt.model.records import Cursor, Held
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

    def test_full(self) -> None:
        """The last place is held once; another's hold is refused until it is released."""
        owner, other = self.owner(), RecordIds("MTL", 50, b"\x01\x03")()
        self.result(owner.hold(self.record, SLOT, "MTLP0001"))
        reply = self.result(owner.hold(other, SLOT, "MTLP0002"))
        self.assertEqual(self.code_of(reply), Code.FULL)
        self.result(owner.release(self.record))
        self.assertIsInstance(self.result(owner.hold(other, SLOT, "MTLP0002")), Held)

    def test_past(self) -> None:
        """What has begun is not held."""
        reply = self.result(self.owner().hold(self.record, name("QUEA010127"), "MTLP0001"))
        self.assertEqual(self.code_of(reply), Code.PAST)

    def test_unknown(self) -> None:
        """A place that nobody held is not confirmed, and its release leaves it so for ever."""
        owner = self.owner()
        self.assertFalse(self.result(owner.confirm(self.record)))
        self.result(owner.release(self.record))
        reply = self.result(owner.hold(self.record, SLOT, "MTLP0001"))
        self.assertEqual(self.code_of(reply), Code.UNREACHABLE)

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
        self.assertEqual(self.result(self.owner().list("Surgeon", None)).rows, ())

    def test_pages(self) -> None:
        """The last row of a page is where the next begins; all pages have every slot once."""
        codes = [f"QUE{part}{day:02d}0327" for day in range(1, 29) for part in "MAE"]
        for code in codes:
            self.add(code)
        found: list[str] = []
        after: Cursor | None = None
        for _ in range(20):
            page = self.result(self.owner().list("Physician", after))
            found += [str(row.name.code) for row in page.rows]
            if not page.more:
                break
            after = Cursor(start=page.rows[-1].start, code=str(page.rows[-1].name.code))
        self.assertEqual(found, ["QUEA100227", *codes])


class LocalOwnerTests(PeerOwnerTests):
    """The owner QUE asked for MTL in its own process."""

    def owner(self) -> OwnerOperations:
        return LocalOwner(self.que.federation._running.authority, "MTL")
