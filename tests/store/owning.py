"""An owner of slots, and a home that asks: what tests of places begin with."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from medappt.model.ids import RecordIds
from medappt.model.records import Held, PlaceState
from medappt.model.refusals import Refusal
from medappt.store.holding import (
    hold,
)
from medappt.store.places import find_place
from medappt.store.slots import list_slots
from tests.store.cities import TORONTO, City, name

CODE = "MTLA100227"
START = name(CODE).code.start(TORONTO)


class OwnerCase(SynchronousTestCase):
    """Montreal owns the slots; Quebec and Sherbrooke ask."""

    def setUp(self) -> None:
        self.city = City("MTL")
        self.addCleanup(self.city.database.close)
        self.new_id = RecordIds("QUE", 1, b"\x01")

    def hold(
        self, id_: str | None = None, patient: str = "QUEP0001", code: str = CODE
    ) -> Held | Refusal:
        return self.city.act(hold, "QUE", id_ or self.new_id(), name(code), patient)

    def held(self, code: str = CODE, patient: str = "QUEP0001") -> str:
        """A place that is held, and its id."""
        id_ = self.new_id()
        self.assertIsInstance(self.hold(id_, patient, code), Held)
        return id_

    def state(self, id_: str) -> PlaceState | None:
        place = self.city.do(find_place, id_)
        return None if place is None else place.state

    def free(self, type_: str = "Physician") -> dict[str, int]:
        rows = self.city.do(list_slots, type_, self.city.now, after=None, most=100)
        return {str(row.name.code): row.free for row in rows}
