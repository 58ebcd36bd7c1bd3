"""R7: removal, moving, waiting and placement, here and with other cities."""

from __future__ import annotations

from datetime import timedelta

from twisted.trial.unittest import SynchronousTestCase

from medappt.model.appointments import Booked, Fate, Relocation, Removed, Scheduled, State
from medappt.model.bookings import ALREADY_BOOKED
from medappt.model.moves import MoveRuns, PageCursors
from medappt.model.records import MOST_OPTIONS, REACH, Page, RecordState, Verb
from medappt.store.answers import Answer
from medappt.store.booking import Pending, decide
from medappt.store.cancelling import Giveback, appointments_of, give_back
from medappt.store.holding import confirm, release, unwait, wait
from medappt.store.judgement import NOT_BOOKED, PAST, UNKNOWN_SLOT, UNREACHABLE
from medappt.store.moves import begin_move, ends_run, expire, finish_page, record_to_move
from medappt.store.options import Displaced, page_for, to_move, to_offer
from medappt.store.outbox import acknowledge
from medappt.store.removal import (
    Closed,
    Previewed,
    conclude_removal,
    preview_removal,
    relocations,
    remove_slot,
)
from medappt.store.results import Answered
from tests.store.cities import TORONTO, City, ask_owner, book, name, tag
from tests.store.doubles import ADMIN, PATIENT
from tests.store.reading import all_waiters, letters

ANN, BOB, CEC = "MTLP0001", "MTLP0002", "MTLP0003"
QUI, QUO = "QUEP0001", "QUEP0002"
X, Y, Z = "MTLA100227", "MTLA110227", "MTLA130227"
ACTIVE, WAITLISTED = RecordState.ACTIVE, RecordState.WAITLISTED


def moved(patient: str, code: str) -> Relocation:
    return Relocation(patient=patient, fate=Fate.MOVED, new_code=code)


def waitlisted(patient: str) -> Relocation:
    return Relocation(patient=patient, fate=Fate.WAITLISTED)


def moving(patient: str) -> Relocation:
    return Relocation(patient=patient, fate=Fate.MOVING)


class RemovalCase(SynchronousTestCase):
    """Montreal removes; patients are its own and Quebec's."""

    def setUp(self) -> None:
        self.mtl = City("MTL")
        self.que = City("QUE")
        for city in (self.mtl, self.que):
            self.addCleanup(city.database.close)

    def book(self, patient: str, code: str, type_: str = "Physician") -> None:
        home = self.mtl if patient.startswith("MTL") else self.que
        owner = self.mtl if code.startswith("MTL") else self.que
        answer = book(home, owner, patient, code, type_).answer
        self.assertIsInstance(answer, Booked)
        self.deliver()

    def deliver(self) -> None:
        """Every letter of either home arrives and is acknowledged."""
        for home, owner in ((self.mtl, self.que), (self.que, self.mtl)):
            for letter in home.do(letters):
                match letter.verb:
                    case Verb.CONFIRM:
                        self.assertTrue(owner.act(confirm, home.city, letter.record))
                    case Verb.RELEASE:
                        owner.act(release, home.city, letter.record)
                    case Verb.WAIT:
                        owner.act(wait, home.city, letter.record)
                    case Verb.UNWAIT:
                        owner.act(unwait, home.city, letter.record)
                home.do(acknowledge, letter)

    def remove(self, code: str = X) -> tuple[Relocation, ...]:
        closed = self.mtl.act(remove_slot, name(code), origin=ADMIN)
        assert isinstance(closed, Closed), closed
        return self.mtl.do(relocations, closed)

    def cancel(self, patient: str, code: str) -> None:
        home = self.mtl if patient.startswith("MTL") else self.que
        home.act(give_back, Giveback(patient=patient, origin=PATIENT, code=name(code).code))
        self.deliver()

    def run_down(self, displaced: Displaced, page: Page) -> Answer | None:
        """What Quebec does with a MOVE, HOLDs answered at once: the answer that ended it, or
        ``None`` where the page was refused whole."""
        for option in page.options:
            begun = self.que.act(begin_move, "MTL", displaced.id, name(option).code)
            answer: Answer
            if isinstance(begun, Pending):
                held = ask_owner(self.que, self.mtl, begun)
                answer = self.que.act(decide, begun, held).answer
            else:
                answer = begun
            if ends_run(answer):
                return answer
        self.que.act(finish_page, "MTL", displaced.id, is_last=page.is_last)
        return None

    def serve_others(self) -> None:
        """Every MOVE and OFFER that is due, once, and the letters of the homes."""
        for displaced in [*self.mtl.do(to_move, "QUE"), *self.mtl.do(to_offer, "QUE")]:
            page = self.mtl.act(page_for, displaced)
            if page is not None:
                self.run_down(displaced, page)
                self.deliver()


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


class OthersTests(RemovalCase):
    """Patients of other cities: their home decides."""

    def test_moved(self) -> None:
        """The home swaps to the first option that suits, under the same root; the owner learns it
        when the old place is released."""
        for code in (X, Y, Z):
            self.mtl.add(code)
        self.book(QUI, X)
        self.que.add("QUEM110227")
        self.book(QUI, "QUEM110227")
        [old] = [each for each in self.que.records(QUI) if each.name.city == "MTL"]
        closed = self.mtl.act(remove_slot, name(X), origin=ADMIN)
        assert isinstance(closed, Closed)
        self.assertEqual(self.mtl.do(relocations, closed), (moving(QUI),))
        [displaced] = self.mtl.do(to_move, "QUE")
        page = self.mtl.act(page_for, displaced)
        self.assertEqual(page, Page(options=(Y, Z), is_last=True))
        assert page is not None
        self.run_down(displaced, page)
        self.assertEqual(self.mtl.do(relocations, closed), (moving(QUI),))
        self.deliver()
        self.assertEqual(self.mtl.do(to_move, "QUE"), [])
        self.assertEqual(
            self.mtl.act(conclude_removal, closed).answer, Removed(rows=(moved(QUI, Z),))
        )
        self.assertEqual(self.que.states(QUI), {"QUEM110227": ACTIVE, Z: ACTIVE})
        [record] = [each for each in self.que.records(QUI) if each.name.city == "MTL"]
        self.assertEqual((record.root, record.is_moved), (old.root, True))
        self.assertEqual(self.que.told(QUI), [("moved", X, Z)])

    def test_waitlisted(self) -> None:
        """Without an option left the home waitlists; WAIT may come before RELEASE."""
        self.mtl.add(X)
        self.book(QUI, X)
        closed = self.mtl.act(remove_slot, name(X), origin=ADMIN)
        assert isinstance(closed, Closed)
        [displaced] = self.mtl.do(to_move, "QUE")
        self.assertEqual(self.mtl.act(page_for, displaced), Page(options=(), is_last=True))
        self.run_down(displaced, Page(options=(), is_last=True))
        for letter in reversed(self.que.do(letters)):
            if letter.verb is Verb.WAIT:
                self.mtl.act(wait, "QUE", letter.record)
                self.assertEqual(self.mtl.act(page_for, displaced), Page(options=(), is_last=True))
        self.deliver()
        self.assertEqual(self.mtl.do(relocations, closed), (waitlisted(QUI),))
        self.assertEqual(self.que.told(QUI), [("waitlisted", X, None)])
        [waiter] = self.mtl.do(to_offer, "QUE")
        self.assertIsNone(self.mtl.act(page_for, waiter))

    def test_own_before_others(self) -> None:
        """A place goes to an own patient, however late they booked; the rest is offered."""
        self.mtl.add(X, 2)
        self.book(QUI, X)
        self.book(ANN, X)
        self.remove()
        self.serve_others()
        self.assertEqual(self.que.states(QUI), {X: WAITLISTED})
        self.mtl.add(Y)
        self.assertEqual(self.mtl.states(ANN), {Y: ACTIVE})
        self.serve_others()
        self.assertEqual(self.que.states(QUI), {X: WAITLISTED})
        self.mtl.add(Z)
        self.serve_others()
        self.assertEqual(self.que.states(QUI), {Z: ACTIVE})
        self.assertEqual(self.que.told(QUI)[-1], ("moved", X, Z))

    def test_offered_as_long_as_there_is_room(self) -> None:
        """An offer that was refused is made again: only the home knows when it suits."""
        self.mtl.add(X)
        self.que.add("QUEM110227")
        self.book(QUI, "QUEM110227")
        self.book(QUI, X)
        self.remove()
        self.serve_others()
        self.mtl.add(Y)
        for _ in range(2):
            self.serve_others()
            self.assertEqual(self.que.states(QUI)[X], WAITLISTED)
        self.cancel(QUI, "QUEM110227")
        self.serve_others()
        self.assertEqual(self.que.states(QUI), {Y: ACTIVE})

    def test_held_at_the_closing(self) -> None:
        """Who is only held is moved once confirmed, and is no row before."""
        self.mtl.add(X)
        begun = self.que.begin(QUI, X)
        assert isinstance(begun, Pending)
        held = ask_owner(self.que, self.mtl, begun)
        self.assertEqual(self.remove(), ())
        self.assertEqual(self.mtl.do(to_move, "QUE"), [])
        self.que.act(decide, begun, held)
        self.deliver()
        [displaced] = self.mtl.do(to_move, "QUE")
        self.assertEqual((displaced.id, displaced.is_waiting), (begun.id, False))

    def test_the_patient_was_quicker(self) -> None:
        """A MOVE of what was cancelled or swapped meanwhile changes nothing, and is GONE."""
        self.mtl.add(X)
        self.mtl.add(Y)
        self.book(QUI, X)
        self.remove()
        [displaced] = self.mtl.do(to_move, "QUE")
        begun = self.que.act(begin_move, "MTL", displaced.id, name(Y).code)
        assert isinstance(begun, Pending)
        held = ask_owner(self.que, self.mtl, begun)
        self.que.act(give_back, Giveback(patient=QUI, origin=PATIENT, code=name(X).code))
        answer = self.que.act(decide, begun, held).answer
        self.assertIs(answer, NOT_BOOKED)
        self.assertTrue(ends_run(answer))
        self.assertIsNone(self.que.do(record_to_move, "MTL", displaced.id))
        self.assertIs(self.que.act(begin_move, "MTL", displaced.id, name(Y).code), NOT_BOOKED)
        self.assertFalse(self.que.act(finish_page, "MTL", displaced.id, is_last=True))
        self.deliver()
        self.assertEqual(self.que.records(QUI), [])
        self.assertEqual(self.mtl.do(to_move, "QUE"), [])

    def test_given_up_by_the_patient(self) -> None:
        """Of who gave it up the owner knows no more than that it was released."""
        self.mtl.add(X)
        self.book(QUI, X)
        closed = self.mtl.act(remove_slot, name(X), origin=ADMIN)
        assert isinstance(closed, Closed)
        self.cancel(QUI, X)
        self.assertEqual(self.mtl.do(relocations, closed), (moving(QUI),))

    def test_unreachable_never_waitlists(self) -> None:
        """An owner that does not answer ends the run; the record stands as it is."""
        self.mtl.add(X)
        self.mtl.add(Y)
        self.book(QUI, X)
        self.remove()
        [displaced] = self.mtl.do(to_move, "QUE")
        begun = self.que.act(begin_move, "MTL", displaced.id, name(Y).code)
        assert isinstance(begun, Pending)
        answer = self.que.act(decide, begun, UNREACHABLE).answer
        self.assertTrue(ends_run(answer))
        self.assertEqual(self.que.states(QUI), {X: ACTIVE})

    def test_who_may_move(self) -> None:
        """R5: only the owner of a record moves it, and only to slots of its own."""
        self.mtl.add(X)
        self.book(QUI, X)
        [record] = self.que.records(QUI)
        self.assertIsNone(self.que.do(record_to_move, "SHE", record.id))
        self.assertIs(self.que.act(begin_move, "SHE", record.id, name(Y).code), NOT_BOOKED)
        elsewhere = name("SHEA110227").code
        self.assertIs(self.que.act(begin_move, "MTL", record.id, elsewhere), UNKNOWN_SLOT)
        begun = self.que.begin(QUI, Y)
        assert isinstance(begun, Pending)
        self.assertIsNone(self.que.do(record_to_move, "MTL", begun.id))

    def test_move_after_its_start(self) -> None:
        """A removed slot whose start has passed is still moved: its patient is not left behind."""
        self.mtl.add(X)
        self.mtl.add(Y)
        self.book(QUI, X)
        self.remove()
        self.mtl.now = self.que.now = name(X).code.start(TORONTO)
        [displaced] = self.mtl.do(to_move, "QUE")
        past = self.que.act(begin_move, "MTL", displaced.id, name("MTLA010120").code)
        self.assertIs(past, PAST)
        self.serve_others()
        self.assertEqual(self.que.states(QUI), {Y: ACTIVE})

    def test_a_waiter_gives_way_at_home(self) -> None:
        """Waitlisting a patient frees their day for another of theirs that waits at home."""
        self.mtl.add(X)
        self.que.add("QUEM080227")
        self.que.add("QUEM110227", 2)
        self.book(QUI, "QUEM080227")
        self.que.act(remove_slot, name("QUEM080227"), origin=ADMIN)
        self.assertEqual(self.que.states(QUI), {"QUEM110227": ACTIVE})
        self.que.act(remove_slot, name("QUEM110227"), origin=ADMIN)
        self.book(QUI, X)
        self.que.add("QUEM100227")
        self.assertEqual(self.que.states(QUI), {"QUEM110227": WAITLISTED, X: ACTIVE})
        self.remove()
        self.serve_others()
        self.assertEqual(self.que.states(QUI), {"QUEM100227": ACTIVE, X: WAITLISTED})


class PagesTests(RemovalCase):
    """At most 32 options a MOVE, page after page."""

    def setUp(self) -> None:
        super().setUp()
        self.mtl.add(X)
        self.book(QUI, X)
        self.codes = [f"MTL{part}{day:02d}0227" for day in range(11, 26) for part in "MAE"]
        for code in self.codes:
            self.mtl.add(code)
        self.remove()
        [self.displaced] = self.mtl.do(to_move, "QUE")

    def page(self, refused: str | None = None) -> Page:
        page = self.mtl.act(page_for, self.displaced, refused)
        assert page is not None
        return page

    def test_all_of_them(self) -> None:
        """Closest first, nothing twice, nothing missed; after the last it starts over."""
        first = self.page()
        self.assertEqual((first.options, first.is_last), (tuple(self.codes[:MOST_OPTIONS]), False))
        last = self.page(first.options[-1])
        self.assertEqual((last.options, last.is_last), (tuple(self.codes[MOST_OPTIONS:]), True))
        self.assertEqual(self.page(last.options[-1]), first)

    def test_an_option_that_is_gone(self) -> None:
        """Behind what is no option any more there is no next page: it starts over."""
        self.assertEqual(self.page("MTLA010127"), self.page())

    def test_every_page_is_asked(self) -> None:
        """A home that refuses the first page asks for the second, and only after that waitlists:
        here one on the second suits."""
        for code in self.codes:
            if code != self.codes[-1]:
                twin = f"QUE{code[3:]}"
                if code[3] == "M" and code[4:6] != self.codes[-1][4:6]:
                    self.que.add(twin)
                    book(self.que, self.que, QUI, twin)
        runs, cursors, pages = MoveRuns(), PageCursors(), 0
        while displaced := self.mtl.do(to_move, "QUE"):
            page = self.mtl.act(page_for, displaced[0], cursors[displaced[0].id])
            assert page is not None
            cursors.sent(displaced[0].id, page)
            pages += 1
            self.assertTrue(runs.arrive(displaced[0].id, page))
            ended = self.run_down(displaced[0], page)
            runs.finish(displaced[0].id, page if ended is None and not page.is_last else None)
            cursors.answered(displaced[0].id, runs.answer(displaced[0].id))
            self.deliver()
        self.assertEqual(pages, 2)
        states = self.que.states(QUI)
        self.assertEqual([code for code in states if code.startswith("MTL")], ["MTLM250227"])


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
