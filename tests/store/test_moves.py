"""R7 for patients of other cities: MOVE and OFFER, page after page."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from medappt.model.appointments import Fate, Removed
from medappt.model.moves import MoveRuns, PageCursors
from medappt.model.records import MOST_OPTIONS, Page, Verb
from medappt.store.booking import Pending, decide
from medappt.store.cancelling import Giveback, give_back
from medappt.store.holding import wait
from medappt.store.judgement import NOT_BOOKED, PAST, UNKNOWN_SLOT, UNREACHABLE
from medappt.store.moves import begin_move, ends_run, finish_page, record_to_move
from medappt.store.options import page_for, pages_for, to_move, to_offer
from medappt.store.removal import (
    Closed,
    conclude_removal,
    relocations,
    remove_slot,
)
from tests.store.cities import TORONTO, ask_owner, book, name
from tests.store.doubles import ADMIN, PATIENT
from tests.store.reading import letters
from tests.store.removing import (
    ACTIVE,
    ANN,
    QUI,
    WAITLISTED,
    RemovalCase,
    X,
    Y,
    Z,
    moved,
    moving,
    waitlisted,
)


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
        """Who is only held is moved once confirmed, and ``moving`` before."""
        self.mtl.add(X)
        begun = self.que.begin(QUI, X)
        assert isinstance(begun, Pending)
        held = ask_owner(self.que, self.mtl, begun)
        [row] = self.remove()
        self.assertEqual((row.patient, row.fate), (QUI, Fate.MOVING))
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
        self.que.act(give_back, Giveback(patient=QUI, code=name(X).code, origin=PATIENT))
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

    def test_given_up_while_a_place_is_held(self) -> None:
        """A place that is only held is nobody's move: the home refuses it to who has cancelled
        meanwhile."""
        self.mtl.add(X)
        self.mtl.add(Y)
        self.book(QUI, X)
        closed = self.mtl.act(remove_slot, name(X), origin=ADMIN)
        assert isinstance(closed, Closed)
        [displaced] = self.mtl.do(to_move, "QUE")
        begun = self.que.act(begin_move, "MTL", displaced.id, name(Y).code)
        assert isinstance(begun, Pending)
        held = ask_owner(self.que, self.mtl, begun)
        self.cancel(QUI, X)
        self.deliver()
        self.assertEqual(self.mtl.do(relocations, closed), (moving(QUI),))
        self.assertIs(self.que.act(decide, begun, held).answer, NOT_BOOKED)
        self.deliver()
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

    def test_many(self) -> None:
        """For many the pages are made at once, as each alone would get, and no more than are
        wanted; nobody who waits is offered a type of which there is no room, or none in reach."""
        waiting = replace(self.displaced, id="QUE-1-01-77", is_waiting=True)
        farther = replace(waiting, id="QUE-1-01-78", start=waiting.start - timedelta(days=60))
        dental = replace(waiting, id="QUE-1-01-79", type="Dental")
        surgeon = replace(self.displaced, id="QUE-1-01-80", type="Surgeon")
        last = self.codes[-3]
        due = [(dental, None), (farther, None), (waiting, last), (self.displaced, None)]
        expected = [(waiting, self.mtl.act(page_for, waiting, last)), (self.displaced, self.page())]
        self.assertEqual(self.mtl.act(pages_for, due, 9), expected)
        self.assertEqual(self.mtl.act(pages_for, due, 1), expected[:1])
        nowhere = Page(options=(), is_last=True)
        self.assertEqual(self.mtl.act(pages_for, [(surgeon, None)], 9), [(surgeon, nowhere)])
