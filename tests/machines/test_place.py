"""A place, as the owner of its slot keeps it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from medappt.model.ids import RecordIds
from medappt.model.records import REACH, Entry, Held, PlaceState, RecordState, Standing
from medappt.model.refusals import Refusal
from medappt.store.boots import Boot, raise_peer_boot
from medappt.store.comparing import hold_again
from medappt.store.holding import confirm, hold, release, release_hold, settle_hold
from medappt.store.places import find_place
from medappt.store.purging import MARGIN, Purged, purge
from medappt.store.removal import remove_slot
from tests.machines.drawn import DrawnCase
from tests.store.cities import TORONTO, City, name
from tests.store.doubles import ADMIN

SLOT = name("QUEA100227")
START = SLOT.code.start(TORONTO)
PATIENT = "MTLP0001"


class PlaceMachineTests(DrawnCase):
    """Every message and every answer about a place, in each of its states."""

    def setUp(self) -> None:
        self.ids = RecordIds("MTL", 1, b"\x01\x02")

    def prepared(self, state: str) -> tuple[City, str]:
        """QUE with a place that stands so, and its id."""
        city, id_ = City("QUE"), self.ids()
        self.addCleanup(city.database.close)
        city.add(str(SLOT.code))
        if state in ("HELD", "CONFIRMED", "RELEASED"):
            city.act(hold, "MTL", id_, SLOT, PATIENT)
        if state == "CONFIRMED":
            city.act(confirm, "MTL", id_)
        if state in ("RELEASED", "tombstone"):
            city.act(release, "MTL", id_)
        return city, id_

    def standing(self, city: City, id_: str) -> str:
        place = city.do(find_place, id_)
        if place is None:
            return "unknown"
        return "tombstone" if place.slot is None else place.state.value

    def test_every_pair(self) -> None:
        """The owner's transactions do what diagram and table say."""
        states = ("unknown", "HELD", "CONFIRMED", "RELEASED", "tombstone")
        done = {}
        for state, (event, happen) in product(states, EVENTS.items()):
            city, id_ = self.prepared(state)
            self.assertEqual(self.standing(city, id_), state)
            answer = happen(city, id_)
            done[event, state] = (self.standing(city, id_), answer)
        self.assert_drawn("Place", done, "unknown")
        self.assertEqual(
            {each.value for each in PlaceState}, set(states) - {"unknown", "tombstone"}
        )


def _hold(city: City, id_: str) -> str:
    answer = city.act(hold, "MTL", id_, SLOT, PATIENT)
    return "HELD" if isinstance(answer, Held) else f"NO {answer.code.value}"


def _confirm(city: City, id_: str) -> str:
    return "DONE" if city.act(confirm, "MTL", id_) else "LOST"


def _release(city: City, id_: str) -> str:
    city.act(release, "MTL", id_)
    return "DONE"


def _is(standing: RecordState | None) -> Callable[[City, str], str]:
    def settle(city: City, id_: str) -> str:
        city.act(settle_hold, id_, standing)
        return ""

    return settle


def _by_hand(city: City, id_: str) -> str:
    return "" if city.act(release_hold, id_, origin=ADMIN) else "refused"


def _remove(city: City, id_: str) -> str:
    assert not isinstance(city.act(remove_slot, SLOT, origin=ADMIN), Refusal)
    return ""


def _hold_again(city: City, id_: str) -> str:
    """The home has the record of a place that is not here (``medappt federation reconcile``)."""
    entry = Entry(id=id_, standing=Standing.TAKEN, name=SLOT, start=START, patient=PATIENT)
    return "" if city.act(hold_again, "MTL", entry) else "refused"


def _long_over(city: City, id_: str) -> str:
    city.now = START + REACH + MARGIN
    city.act(purge, Purged())
    return ""


def _home_runs_anew(city: City, id_: str) -> str:
    city.do(raise_peer_boot, "MTL", Boot(number=2, randomness=b"\x03"))
    city.act(purge, Purged())
    return ""


EVENTS: dict[str, Callable[[City, str], str]] = {
    "HOLD": _hold,
    "CONFIRM": _confirm,
    "RELEASE": _release,
    "IS ACTIVE": _is(RecordState.ACTIVE),
    "IS PENDING": _is(RecordState.PENDING),
    "IS WAITLISTED": _is(RecordState.WAITLISTED),
    "IS nothing": _is(None),
    "released by hand": _by_hand,
    "slot removed": _remove,
    "held again": _hold_again,
    "long over": _long_over,
    "home runs anew": _home_runs_anew,
}
