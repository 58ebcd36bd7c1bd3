"""What a center looks through from time to time."""

from __future__ import annotations

from medappt.federation.rounds import ROUND_SECONDS
from medappt.model.ids import RecordIds
from medappt.store.places import find_place
from medappt.wire.federation import Hold, Release
from tests.federation.federated import FederatedCase
from tests.store.cities import name


class RoundTests(FederatedCase):
    def test_tombstones(self) -> None:
        """What a refused booking leaves with the owner is gone in the round after the home was
        restarted, and a HOLD of its earlier run that comes then is not taken for new."""
        self.add("QUEA100227")
        id_ = RecordIds("MTL", 1, b"\x01\x02")()
        link = self.mtl.federation.link
        self.assertIsNotNone(self.result(link.request("QUE", Release(id=id_))))
        self.run_for(ROUND_SECONDS, 0.5)
        self.assertIsNotNone(self.que.do(find_place, id_))
        self.mtl.crash()
        self.mtl.start()
        self.run_for(1)
        self.booked("MTLP0001", "QUEA100227")  # QUE hears of the run
        self.run_for(ROUND_SECONDS, 0.5)
        self.assertIsNone(self.que.do(find_place, id_))
        self.add("QUEA110227")
        late = Hold(id=id_, name=name("QUEA110227"), patient="MTLP0001")
        self.result(self.mtl.federation.link.request("QUE", late))
        self.assertEqual(self.que.taken("QUEA110227"), 0)
        self.assertIsNone(self.que.do(find_place, id_))
        self.assert_agreement()
