"""R7 for patients of the own city: removal, the preview of it, and the end of waiting."""

from __future__ import annotations

from datetime import timedelta

from medappt.model.appointments import Fate, Relocation, Removed, Scheduled, State
from medappt.model.bookings import ALREADY_BOOKED
from medappt.model.records import REACH
from medappt.store.cancelling import appointments_of
from medappt.store.judgement import PAST, UNKNOWN_SLOT
from medappt.store.moves import expire
from medappt.store.removal import (
    Closed,
    Previewed,
    conclude_removal,
    preview_removal,
    remove_slot,
)
from medappt.store.results import Answered
from tests.store.cities import TORONTO, book, name, tag
from tests.store.doubles import ADMIN
from tests.store.reading import all_waiters
from tests.store.removing import (
    ACTIVE,
    ANN,
    BOB,
    CEC,
    QUI,
    QUO,
    WAITLISTED,
    RemovalCase,
    X,
    Y,
    Z,
    moved,
    waitlisted,
)


class OwnPatientsTests(RemovalCase):
    """Patients of the own city: in the closing transaction."""

    def test_moved_to_the_closest(self) -> None:
        """Each gets the closest place left, in booking order; who gets none waits."""
        self.mtl.add(X, 3)
        self.mtl.add(Y)
        self.mtl.add(Z)
        for patient in (CEC, ANN, BOB):
            self.book(patient, X)
        self.assertEqual(self.remove(), (moved(CEC, Y), moved(ANN, Z), waitlisted(BOB)))
        self.assertEqual(self.mtl.states(CEC), {Y: ACTIVE})
        self.assertEqual(self.mtl.states(BOB), {X: WAITLISTED})
        self.assertEqual(self.mtl.told(ANN), [("moved", X, Z)])
        self.assertEqual(self.mtl.told(BOB), [("waitlisted", X, None)])

    def test_the_rules_are_kept(self) -> None:
        """The closest that breaks a rule of the patient is passed over."""
        for code in (X, "MTLM110227", Y, Z):
            self.mtl.add(code)
        self.que.add("QUEM110227")
        self.book(ANN, "QUEM110227")
        self.book(ANN, X)
        self.assertEqual(self.remove(), (moved(ANN, Z),))

    def test_later_on_a_tie(self) -> None:
        """Of two at the same distance the later is the closer."""
        for code in ("MTLA090227", X, Y):
            self.mtl.add(code)
        self.book(ANN, X)
        self.assertEqual(self.remove(), (moved(ANN, Y),))

    def test_out_of_reach(self) -> None:
        """28 days are the limit, the same type and center a condition."""
        self.mtl.add(X)
        self.mtl.add("MTLM110327")
        self.mtl.add(Y, type_="Dental")
        self.que.add("QUEA110227")
        self.book(ANN, X)
        self.assertEqual(self.remove(), (waitlisted(ANN),))

    def test_a_move_keeps_the_root(self) -> None:
        """A moved appointment says so in the schedule, and can be moved again."""
        for code in (X, Y, Z):
            self.mtl.add(code)
        self.book(ANN, X)
        [first] = self.mtl.records(ANN)
        self.remove(X)
        self.remove(Y)
        [record] = self.mtl.records(ANN)
        self.assertEqual((record.root, record.is_moved), (first.root, True))
        start = name(Z).code.start(TORONTO)
        self.assertEqual(
            self.mtl.do(appointments_of, ANN, self.mtl.now),
            [Scheduled(code=Z, type="Physician", state=State.MOVED, start=start)],
        )
        self.assertEqual(self.mtl.told(ANN), [("moved", X, Y), ("moved", Y, Z)])

    def test_nobody_there(self) -> None:
        """A slot without patients is closed, and a second time there is none."""
        self.mtl.add(X)
        self.assertEqual(self.remove(), ())
        self.assertEqual(
            self.mtl.act(remove_slot, name(X), origin=ADMIN), Answered(answer=UNKNOWN_SLOT)
        )

    def test_past(self) -> None:
        """What has begun is not removed, whether it was ever there or not."""
        self.mtl.add(X)
        self.mtl.now = name(X).code.start(TORONTO)
        for code in (X, "MTLM100227"):
            self.assertEqual(
                self.mtl.act(remove_slot, name(code), origin=ADMIN), Answered(answer=PAST)
            )

    def test_again(self) -> None:
        """The same tag removes once; a refusal is remembered."""
        self.mtl.add(X)
        self.book(ANN, X)
        tagged = tag(f"remove {X} Physician", "MTLA0001")
        closed = self.mtl.act(remove_slot, name(X), tagged, origin=ADMIN)
        assert isinstance(closed, Closed)
        answer = self.mtl.act(conclude_removal, closed).answer
        self.assertEqual(answer, Removed(rows=(waitlisted(ANN),)))
        self.mtl.add(X)
        again = self.mtl.act(remove_slot, name(X), tagged, origin=ADMIN)
        self.assertEqual(again, Answered(answer=answer, is_repeat=True))
        self.assertEqual(self.mtl.states(ANN), {X: ACTIVE})
        refused = tag("remove other", "MTLA0001", "b")
        for is_repeat in (False, True):
            got = self.mtl.act(remove_slot, name(Y), refused, origin=ADMIN)
            self.assertEqual(got, Answered(answer=UNKNOWN_SLOT, is_repeat=is_repeat))
            self.mtl.add(Y)

    def test_their_days_are_free(self) -> None:
        """R2 judged when moving: who waits for an ID is not moved to it from another; but the day
        is free then, and the appointment that waits for it gets it at once."""
        self.mtl.add("MTLM100227")
        self.book(ANN, "MTLM100227")
        self.remove("MTLM100227")
        self.mtl.add(Z)
        self.assertEqual(self.mtl.states(ANN), {Z: ACTIVE})
        self.remove(Z)
        self.assertEqual(self.mtl.states(ANN), {Z: WAITLISTED})
        self.que.add("QUEA130227")
        self.book(ANN, "QUEA130227")
        self.mtl.add(Z)
        self.assertEqual(self.mtl.states(ANN)[Z], WAITLISTED)
        self.mtl.add("MTLM130227")
        book(self.mtl, self.mtl, ANN, "MTLM130227", instead="QUEA130227")
        self.assertEqual(self.mtl.states(ANN), {Z: WAITLISTED, "MTLM130227": ACTIVE})
        self.remove("MTLM130227")
        self.assertEqual(self.mtl.states(ANN), {Z: ACTIVE, "MTLM130227": WAITLISTED})


class WaitingEndsTests(RemovalCase):
    """Waiting ends with a cancellation, a swap, or after 28 days."""

    def setUp(self) -> None:
        super().setUp()
        self.mtl.add(X)
        self.book(ANN, X)
        self.remove()

    def test_shown(self) -> None:
        """The schedule shows it with the removed start, also when that has passed."""
        start = name(X).code.start(TORONTO)
        row = Scheduled(code=X, type="Physician", state=State.WAITLISTED, start=start)
        self.assertEqual(self.mtl.do(appointments_of, ANN, start + timedelta(days=1)), [row])

    def test_cancelled(self) -> None:
        """Also after the removed start."""
        self.mtl.now = name(X).code.start(TORONTO) + timedelta(days=1)
        self.cancel(ANN, X)
        self.assertEqual(self.mtl.records(ANN), [])
        self.assertEqual(self.mtl.do(all_waiters), [])

    def test_swapped(self) -> None:
        """Who swaps waits no more; a swap onto what they wait for is ``already-booked``."""
        self.que.add("QUEA100227")
        got = book(self.mtl, self.mtl, ANN, X, instead=X)
        self.assertIs(got.answer, ALREADY_BOOKED)
        book(self.mtl, self.que, ANN, "QUEA100227", instead=X)
        self.assertEqual(self.mtl.states(ANN), {"QUEA100227": ACTIVE})
        self.assertEqual(self.mtl.do(all_waiters), [])

    def test_expired(self) -> None:
        """28 days after the removed start, not a second earlier; the patient is told."""
        self.mtl.now = name(X).code.start(TORONTO) + REACH - timedelta(seconds=1)
        self.assertEqual(self.mtl.act(expire), [])
        self.mtl.now += timedelta(seconds=1)
        [gone] = self.mtl.act(expire)
        self.assertEqual((gone.patient, str(gone.name.code)), (ANN, X))
        self.assertEqual(self.mtl.act(expire), [])
        self.assertEqual(self.mtl.records(ANN), [])
        self.assertEqual(self.mtl.do(all_waiters), [])
        self.assertEqual(self.mtl.told(ANN)[-1], ("expired", X, None))


class PreviewTests(RemovalCase):
    """``remove ... preview`` changes nothing."""

    def preview(self, code: str = X) -> tuple[Relocation, ...]:
        with self.assertRaises(Previewed) as caught:
            self.mtl.act(preview_removal, name(code))
        removed: Removed = caught.exception.removed
        return removed.rows

    def test_preview(self) -> None:
        """Own patients where they would go, in booking order; others where they would if their
        homes had nothing against it."""
        self.mtl.add(X, 4)
        self.mtl.add(Y, 1)
        self.mtl.add(Z, 2)
        for patient in (QUI, ANN, QUO, BOB):
            self.book(patient, X)
        before = self.mtl.database._raw.serialize()
        expected = (
            moved(ANN, Y),
            moved(BOB, Z),
            Relocation(patient=QUI, fate=Fate.MOVED, new_code=Z, is_confirmed=False),
            Relocation(patient=QUO, fate=Fate.WAITLISTED, is_confirmed=False),
        )
        self.assertEqual(self.preview(), expected)
        self.assertEqual(self.mtl.database._raw.serialize(), before)
        self.assertEqual(self.remove()[:2], expected[:2])

    def test_refused(self) -> None:
        """It is refused where ``remove`` is."""
        self.assertIs(self.mtl.act(preview_removal, name(X)), UNKNOWN_SLOT)
        self.mtl.now = name(X).code.start(TORONTO)
        self.assertIs(self.mtl.act(preview_removal, name(X)), PAST)
