"""R7: who waits gets a place as soon as there is one."""

from __future__ import annotations

from medappt.model.bookings import ALREADY_BOOKED
from medappt.store.results import Answered
from tests.store.cities import TORONTO, book, name
from tests.store.removing import (
    ACTIVE,
    ANN,
    BOB,
    CEC,
    QUI,
    WAITLISTED,
    RemovalCase,
    X,
    Y,
    Z,
)


class PlacementTests(RemovalCase):
    """Who waits gets the first suitable place that opens."""

    def wait_for(self, *patients: str, code: str = X) -> None:
        self.mtl.add(code, len(patients))
        for patient in patients:
            self.book(patient, code)
        self.remove(code)
        self.assertEqual(
            {patient: self.mtl.states(patient)[code] for patient in patients},
            dict.fromkeys(patients, WAITLISTED),
        )

    def test_a_new_slot(self) -> None:
        """In order of removal, then booking; the rest go on waiting."""
        self.mtl.add("MTLM100227")
        self.book(CEC, "MTLM100227")
        self.wait_for(BOB, ANN)
        self.remove("MTLM100227")
        self.mtl.add(Y, 2)
        self.assertEqual(self.mtl.states(BOB), {Y: ACTIVE})
        self.assertEqual(self.mtl.states(ANN), {Y: ACTIVE})
        self.assertEqual(self.mtl.states(CEC), {"MTLM100227": WAITLISTED})
        self.assertEqual(self.mtl.told(ANN), [("waitlisted", X, None), ("moved", X, Y)])

    def test_the_same_id_again(self) -> None:
        """R2: a slot that is added again goes to who waits for it, and is booked for them."""
        self.wait_for(ANN)
        self.mtl.add(X, 2)
        self.assertEqual(self.mtl.states(ANN), {X: ACTIVE})
        got = self.mtl.begin(ANN, X)
        assert isinstance(got, Answered)
        self.assertIs(got.answer, ALREADY_BOOKED)
        self.assertEqual(self.mtl.told(ANN), [("waitlisted", X, None), ("moved", X, X)])

    def test_waiting_for_one_while_another_waits(self) -> None:
        """R2 judged when placing: what Ann waits for already is not given to another of hers."""
        self.mtl.add(Y)
        self.mtl.add(X)
        self.book(ANN, Y)
        self.book(ANN, X)
        self.remove(Y)
        self.remove(X)
        self.mtl.add(X)
        self.assertEqual(self.mtl.states(ANN), {X: ACTIVE, Y: WAITLISTED})

    def test_a_cancellation(self) -> None:
        """A place that is given back is given on."""
        self.mtl.add(Y)
        self.book(BOB, Y)
        self.wait_for(ANN)
        self.cancel(BOB, Y)
        self.assertEqual(self.mtl.states(ANN), {Y: ACTIVE})

    def test_a_swap(self) -> None:
        """A place that is swapped away is given on."""
        self.mtl.add(Y)
        self.book(BOB, Y)
        self.wait_for(ANN)
        self.mtl.add(Z, type_="Dental")
        self.que.add("QUEA120227")
        book(self.mtl, self.que, BOB, "QUEA120227", instead=Y)
        self.assertEqual(self.mtl.states(ANN), {Y: ACTIVE})

    def test_a_release(self) -> None:
        """A place that another city gives back, or never took, is given on."""
        self.mtl.add(Y)
        self.book(QUI, Y)
        self.wait_for(ANN)
        self.cancel(QUI, Y)
        self.assertEqual(self.mtl.states(ANN), {Y: ACTIVE})

    def test_the_own_record_changes(self) -> None:
        """An open place becomes suitable when the patient's own day is free, in whatever city."""
        self.que.add("QUEM110227")
        self.book(ANN, "QUEM110227")
        self.wait_for(ANN)
        self.mtl.add(Y)
        self.assertEqual(self.mtl.states(ANN), {"QUEM110227": ACTIVE, X: WAITLISTED})
        self.cancel(ANN, "QUEM110227")
        self.assertEqual(self.mtl.states(ANN), {Y: ACTIVE})

    def test_begun_slots_are_no_places(self) -> None:
        """Nobody is placed in what has begun, and waiting goes on after the removed start."""
        self.mtl.add(Y)
        self.book(BOB, Y)
        self.wait_for(ANN)
        self.mtl.now = name(Y).code.start(TORONTO)
        self.mtl.add(Z)
        self.assertEqual(self.mtl.states(ANN), {Z: ACTIVE})

    def test_another_type(self) -> None:
        """A place of another type is no place."""
        self.wait_for(ANN)
        self.mtl.add(Y, type_="Dental")
        self.assertEqual(self.mtl.states(ANN), {X: WAITLISTED})
