"""Lists over all cities, and the federation's start and end."""

from __future__ import annotations

from medappt.federation.drops import Drop
from medappt.model.ids import RecordIds
from medappt.store.boots import Boot, raise_peer_boot
from medappt.wire.federation import Confirm, Hold, Lost, Release
from tests.federation.federated import FederatedCase
from tests.store.cities import name


def _by_start(codes: list[str]) -> list[str]:
    return sorted(codes, key=lambda code: (code[4:6], "MAE".index(code[3])))


class ListTests(FederatedCase):
    def test_many(self) -> None:
        """Every slot of another city is listed, over as many pages as it takes."""
        codes = [f"QUE{part}{day:02d}0327" for day in range(1, 29) for part in "MAE"]
        for code in codes:
            self.add(code)
        self.add("MTLA100227", 4)
        listed = self.result(self.mtl.city.list("Physician"))
        self.assertEqual([str(row.code) for row in listed.slots], ["MTLA100227", *_by_start(codes)])
        self.assertEqual(len(codes), 84)
        self.assertEqual((listed.slots[0].free, listed.unreachable), (4, ()))

    def test_peer_down(self) -> None:
        """A city that does not answer within a second is named, and the others are listed."""
        self.add("QUEA100227")
        self.she.crash()
        asked = self.begin(self.mtl.city.list("Physician"))
        self.run_for(0.9)
        self.assertNoResult(asked)
        self.run_for(0.2)
        listed = self.successResultOf(asked)
        self.assertEqual([str(row.code) for row in listed.slots], ["QUEA100227"])
        self.assertEqual(listed.unreachable, ("SHE",))


class LifeTests(FederatedCase):
    def test_not_started(self) -> None:
        """There are no operations before the start, and nothing to stop."""
        federation = type(self.mtl.federation)(
            self.mtl.federation._configuration,
            self.mtl.federation._surroundings,
        )
        with self.assertRaises(RuntimeError):
            _ = federation.city
        self.assertIsNone(self.successResultOf(federation.stopService()))

    def test_stop(self) -> None:
        """A federation that stops answers what waits for a peer."""
        self.add("QUEA100227")
        self.que.crash()
        answer = self.book("MTLP0001", "QUEA100227")
        self.run_for(0.1)
        for hospital in (self.mtl, self.she):
            stopped = hospital.federation.stopService()
            self.run_for(0.2)
            self.successResultOf(stopped)
        self.assertEqual(self.code(answer), "unreachable")
        self.assertEqual(self.mtl.records("MTLP0001"), [])

    def test_no_timer(self) -> None:
        """Nothing goes on in the background after the end, whatever was under way."""
        self.add("QUEA100227", 2)
        self.booked("MTLP0001", "QUEA100227")
        self.network.is_held = True
        answer = self.book("SHEP0001", "QUEA100227")
        removed = self.begin(self.que.city.remove(name("QUEA100227")))
        self.run_for(0.2)
        stopped = [each.federation.stopService() for each in self.hospitals.values()]
        self.run_for(0.2)
        for each in stopped:
            self.successResultOf(each)
        self.assertEqual(self.code(answer), "unreachable")
        self.assertEqual(self.code(removed), "Removed")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_restored(self) -> None:
        """A center whose peers have heard a later run of it stops its federation and says so;
        within the city it goes on, and a higher boot number heals it."""
        self.que.do(raise_peer_boot, "MTL", Boot(number=9, randomness=bytes(16)))
        self.que.crash()
        self.que.start()
        self.run_for(0.2)
        self.add("QUEA100227")
        self.add("MTLA100227")
        answer = self.book("MTLP0001", "QUEA100227")
        self.run_for(1)
        self.assertEqual(self.code(answer), "unreachable")
        self.booked("MTLP0002", "MTLA100227")
        self.assertEqual(self.begin_failing(), "unreachable")
        self.mtl.crash()
        self.mtl.start(above=9)
        self.run_for(1)
        self.booked("MTLP0001", "QUEA100227")
        self.assert_agreement()

    def begin_failing(self) -> str:
        answer = self.book("MTLP0003", "QUEA100227")
        self.run_for(0.1)
        return self.code(answer)


class HostileTests(FederatedCase):
    def test_ids_of_others(self) -> None:
        """A peer that speaks of another's places changes nothing, and gets no answer."""
        self.add("QUEA100227")
        self.booked("MTLP0001", "QUEA100227")
        [record] = self.mtl.records("MTLP0001")
        link = self.she.federation.link
        for message in (Release(id=record.id), Confirm(id=record.id)):
            asked = link.request("QUE", message, 1.0)
            self.run_for(1.2)
            self.assertIsNone(self.successResultOf(asked))
        withheld = self.withheld()
        self.assertGreaterEqual(withheld, 2)
        self.assertEqual(self.que.taken("QUEA100227"), 1)

    def withheld(self) -> int:
        """The answers that QUE kept to itself so far."""
        return self.que.federation.link.drops.counts[Drop.WITHHELD]

    def test_unknown_hold(self) -> None:
        """CONFIRM of an unknown id is LOST; a hold nobody decides is released by asking."""
        ids = RecordIds("SHE", 77, b"\x01\x02")
        link = self.she.federation.link
        lost = link.request("QUE", Confirm(id=ids()))
        self.add("QUEA100227")
        link.request("QUE", Hold(id=ids(), name=name("QUEA100227"), patient="SHEP0001"))
        self.run_for(1)
        self.assertEqual(self.successResultOf(lost), Lost())
        self.assertEqual(self.que.taken("QUEA100227"), 1)
        self.run_for(10)
        self.assertEqual(self.que.taken("QUEA100227"), 0)
