"""Waiting, as the owner of the removed slot keeps it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from medappt.model.ids import RecordIds
from medappt.model.records import REACH
from medappt.store.connection import Connection
from medappt.store.here import Here
from medappt.store.holding import confirm, hold, release, unwait, wait
from medappt.store.purging import MARGIN, Purged, purge
from medappt.store.removal import remove_slot
from medappt.store.waits import WaitState, wait_state
from tests.machines.drawn import DrawnCase
from tests.store.cities import TORONTO, City, name
from tests.store.doubles import ADMIN

SLOT = name("QUEA100227")


class WaitingMachineTests(DrawnCase):
    """WAIT and UNWAIT, about places of which they can be and others."""

    def prepared(self, state: str) -> tuple[City, str]:
        """QUE with a place in a removed slot whose patient waits so, and its id."""
        city, id_ = City("QUE"), RecordIds("MTL", 1, b"\x01\x02")()
        self.addCleanup(city.database.close)
        city.add(str(SLOT.code))
        city.act(hold, "MTL", id_, SLOT, "MTLP0001")
        city.act(confirm, "MTL", id_)
        city.act(remove_slot, SLOT, origin=ADMIN)
        if state in ("WAITING", "OVER"):
            city.act(wait, "MTL", id_)
        if state == "OVER":
            city.act(unwait, "MTL", id_)
        return city, id_

    def test_every_pair(self) -> None:
        """The owner's transactions do what diagram and table say."""
        states = ("unknown", "WAITING", "OVER")
        done = {}
        for state, (event, happen) in product(states, EVENTS.items()):
            city, id_ = self.prepared(state)
            answer = happen(city, id_)
            done[event, state] = (self.standing(city, id_), answer)
        city = self.prepared("unknown")[0]
        done["WAIT of no such place", "unknown"] = (self.waited_for_nothing(city), "DONE")
        self.assert_drawn("Waiting", done, "unknown")
        self.assertEqual({each.value for each in WaitState}, {"WAITING", "OVER"})

    def standing(self, city: City, id_: str) -> str:
        state = city.do(wait_state, id_)
        return "unknown" if state is None else state.value

    def waited_for_nothing(self, city: City) -> str:
        other = RecordIds("MTL", 2, b"\x01\x02")()
        city.act(wait, "MTL", other)
        return self.standing(city, other)


def _told(verb: Callable[[Connection, Here, str, str], None]) -> Callable[[City, str], str]:
    def tell(city: City, id_: str) -> str:
        city.act(verb, "MTL", id_)
        return "DONE"

    return tell


def _long_over(city: City, id_: str) -> str:
    """The place was released, and both could be dropped."""
    city.act(release, "MTL", id_)
    city.now = SLOT.code.start(TORONTO) + REACH + MARGIN
    city.act(purge, Purged())
    return ""


EVENTS: dict[str, Callable[[City, str], str]] = {
    "WAIT": _told(wait),
    "UNWAIT": _told(unwait),
    "RELEASE": _told(release),
    "long over": _long_over,
}
