"""Home: bookings and swaps, here and in other cities (sections 3 and 8)."""

from __future__ import annotations

from datetime import timedelta

from twisted.trial.unittest import SynchronousTestCase

from medappt.model.appointments import Booked, Swapped
from medappt.model.bookings import ALREADY_BOOKED, SAME_DAY, WEEKLY_LIMIT
from medappt.model.records import NOBODY, Held, PlaceState, RecordState, Verb
from medappt.model.refusals import Code, Refusal
from medappt.store.booking import (
    Booking,
    Pending,
    abandon,
    abort_pending,
    begin,
    decide,
    insert_pending,
    record_state,
)
from medappt.store.cancelling import Giveback, give_back
from medappt.store.holding import hold
from medappt.store.judgement import FULL, NOT_BOOKED, PAST, UNKNOWN_SLOT, UNREACHABLE
from medappt.store.places import find_place
from medappt.store.results import Answered
from tests.store.cities import TORONTO, City, ask_owner, book, name, tag
from tests.store.doubles import NOW, PATIENT
from tests.store.reading import letters

ANN = "MTLP0001"
ACTIVE = RecordState.ACTIVE


class HomeCase(SynchronousTestCase):
    """Ann of Montreal books in Montreal and Quebec."""

    def setUp(self) -> None:
        self.mtl = City("MTL")
        self.que = City("QUE")
        for city in (self.mtl, self.que):
            self.addCleanup(city.database.close)

    def begin_away(
        self, code: str, type_: str = "Physician", instead: str | None = None
    ) -> Pending:
        begun = self.mtl.begin(ANN, code, type_, instead)
        assert isinstance(begun, Pending), begun
        return begun

    def book(self, code: str, type_: str = "Physician", instead: str | None = None) -> object:
        owner = self.mtl if code.startswith("MTL") else self.que
        return book(self.mtl, owner, ANN, code, type_, instead).answer

    def outbox(self) -> list[tuple[str, Verb, str]]:
        return [(each.peer, each.verb, each.record) for each in self.mtl.do(letters)]

    def place(self, id_: str, city: City | None = None) -> PlaceState | None:
        place = (city or self.mtl).do(find_place, id_)
        return None if place is None else place.state

    def cancel(self, code: str, type_: str | None = None) -> object:
        return self.mtl.act(
            give_back, Giveback(patient=ANN, origin=PATIENT, code=name(code).code, type=type_)
        ).answer


class LocalTests(HomeCase):
    """A booking at the own center is one transaction."""

    def test_booked(self) -> None:
        """Record and place are made together, and nobody has to be told."""
        self.mtl.add("MTLA100227")
        self.assertEqual(
            self.book("MTLA100227"),
            Booked(
                code="MTLA100227",
                type="Physician",
                doctor="doc1",
                host="127.0.0.1",
                port=41000,
            ),
        )
        [record] = self.mtl.records(ANN)
        self.assertEqual((record.state, record.is_moved), (ACTIVE, False))
        self.assertIs(self.place(record.id), PlaceState.CONFIRMED)
        self.assertEqual(self.outbox(), [])

    def test_refusals(self) -> None:
        """The first refusal that applies, in the order of section 3; nothing is left behind."""
        self.mtl.add("MTLA100227")
        self.assertIs(self.book("MTLA110227"), UNKNOWN_SLOT)
        self.assertIs(self.book("MTLA080226"), PAST)
        book(self.mtl, self.mtl, "MTLP0002", "MTLA100227")
        self.assertIs(self.book("MTLA100227"), FULL)
        self.mtl.add("MTLM100227")
        self.book("MTLM100227")
        self.assertIs(self.book("MTLM100227"), ALREADY_BOOKED)
        self.assertIs(self.book("MTLA100227"), SAME_DAY)
        self.assertIs(self.book("MTLE100227"), SAME_DAY)
        self.mtl.now += timedelta(days=3)
        self.assertIs(self.book("MTLM100227"), PAST)
        self.assertEqual(len(self.mtl.records(ANN)), 1)

    def test_past_by_the_slot(self) -> None:
        """The start on record counts, also where the time zone of the settings has changed."""
        self.mtl.add("MTLA100227")
        self.mtl.zone = type(TORONTO)("Pacific/Kiritimati")
        self.mtl.now = name("MTLA100227").code.start(TORONTO) - timedelta(seconds=1)
        self.assertIsInstance(self.book("MTLA100227"), Booked)

    def test_swap(self) -> None:
        """R6: both at once, judged as if the old one were gone."""
        for code in ("MTLA100227", "MTLM100227"):
            self.mtl.add(code)
        self.book("MTLA100227")
        [old] = self.mtl.records(ANN)
        answer = self.book("MTLM100227", instead="MTLA100227")
        self.assertIsInstance(answer, Swapped)
        self.assertEqual(self.mtl.states(ANN), {"MTLM100227": ACTIVE})
        self.assertIs(self.place(old.id), PlaceState.RELEASED)

    def test_swap_refused(self) -> None:
        """R6: neither; the old one stands."""
        self.mtl.add("MTLA100227")
        self.mtl.add("MTLA110227")
        book(self.mtl, self.mtl, "MTLP0002", "MTLA110227")
        self.book("MTLA100227")
        for wanted, refusal in (
            ("MTLA110227", FULL),
            ("MTLA120227", UNKNOWN_SLOT),
            ("MTLA100227", ALREADY_BOOKED),
            ("MTLA010227", PAST),
        ):
            self.assertIs(self.book(wanted, instead="MTLA100227"), refusal)
        self.assertEqual(self.mtl.states(ANN), {"MTLA100227": ACTIVE})

    def test_swap_of_nothing(self) -> None:
        """What is not booked cannot be swapped; what has begun is past, booked or not."""
        self.mtl.add("MTLA110227")
        self.assertIs(self.book("MTLA110227", instead="MTLA100227"), NOT_BOOKED)
        self.assertIs(self.book("MTLA110227", instead="MTLA010227"), PAST)
        self.mtl.add("MTLA090227")
        self.book("MTLA090227")
        self.mtl.now += timedelta(days=2)
        self.assertIs(self.book("MTLA110227", instead="MTLA090227"), PAST)

    def test_again(self) -> None:
        """The same tag books once, a refusal is remembered too."""
        self.mtl.add("MTLA100227")
        booking = Booking(
            origin=PATIENT,
            patient=ANN,
            wanted=name("MTLA100227"),
            tagged=tag("book MTLA100227 Physician"),
        )
        first = self.mtl.act(begin, booking)
        assert isinstance(first, Answered)
        again = self.mtl.act(begin, booking)
        self.assertEqual(again, Answered(answer=first.answer, is_repeat=True))
        late = Booking(
            patient=ANN, origin=PATIENT, wanted=name("MTLA120227"), tagged=tag("book 12", under="b")
        )
        self.mtl.act(begin, late)
        self.mtl.add("MTLA120227")
        got = self.mtl.act(begin, late)
        self.assertEqual(got, Answered(answer=UNKNOWN_SLOT, is_repeat=True))


class AwayTests(HomeCase):
    """A booking in another city: PENDING, HOLD, the decision."""

    def setUp(self) -> None:
        super().setUp()
        self.que.add("QUEA100227", 2)

    def test_booked(self) -> None:
        """The deciding transaction makes it ACTIVE and has the owner told."""
        pending = self.begin_away("QUEA100227")
        self.assertEqual(self.mtl.states(ANN), {"QUEA100227": RecordState.PENDING})
        self.assertEqual(self.outbox(), [])
        answered = self.mtl.act(decide, pending, ask_owner(self.mtl, self.que, pending))
        self.assertIsInstance(answered.answer, Booked)
        [record] = self.mtl.records(ANN)
        self.assertEqual(
            (record.state, record.start),
            (ACTIVE, name("QUEA100227").code.start(TORONTO)),
        )
        self.assertEqual(self.outbox(), [("QUE", Verb.CONFIRM, pending.id)])

    def test_refused_by_the_owner(self) -> None:
        """The record goes, and the owner is told to release whatever it keeps."""
        for refusal in (FULL, UNKNOWN_SLOT, UNREACHABLE, PAST):
            pending = self.begin_away("QUEA100227")
            answered = self.mtl.act(decide, pending, refusal)
            self.assertIs(answered.answer, refusal)
            self.assertEqual(self.mtl.records(ANN), [])
            self.assertEqual(self.outbox()[-1], ("QUE", Verb.RELEASE, pending.id))

    def test_refused_before_any_datagram(self) -> None:
        """What the home's own record forbids is not asked."""
        self.book("QUEA100227")
        for code, refusal in (
            ("QUEA100227", ALREADY_BOOKED),
            ("QUEM100227", SAME_DAY),
            ("QUEM010120", PAST),
        ):
            self.assertIs(self.book(code), refusal)
        self.assertEqual(len(self.outbox()), 1)

    def test_past_is_judged_where_it_is_known(self) -> None:
        """The zone of another center is not known: what may not have begun yet is asked about,
        and what the owner, or a record, says is what counts."""
        self.book("QUEA100227")
        self.mtl.now = name("QUEA100227").code.start(TORONTO)
        self.que.now = self.mtl.now
        self.assertIs(self.book("QUEA100227"), PAST)
        self.assertIs(self.book("QUEM100227", "Dental"), PAST)
        held = Held(start=self.mtl.now, contact=NOBODY)
        pending = self.begin_away("QUEM100227", "Dental")
        self.assertIs(self.mtl.act(decide, pending, held).answer, PAST)

    def test_past_comes_first(self) -> None:
        """What the owner calls past is past, whatever the home has against it meanwhile."""
        pending = self.begin_away("QUEA100227")
        self.mtl.add("MTLM100227")
        self.book("MTLM100227")
        self.assertIs(self.mtl.act(decide, pending, PAST).answer, PAST)

    def test_judged_again(self) -> None:
        """What became forbidden while the owner was asked is refused, before its refusal too."""
        for reply in (None, FULL):
            self.mtl.add("MTLM100227")
            pending = self.begin_away("QUEA100227")
            held = reply or ask_owner(self.mtl, self.que, pending)
            self.book("MTLM100227")
            self.assertIs(self.mtl.act(decide, pending, held).answer, SAME_DAY)
            self.assertEqual(self.mtl.states(ANN), {"MTLM100227": ACTIVE})
            self.assertEqual(self.outbox()[-1], ("QUE", Verb.RELEASE, pending.id))
            self.cancel("MTLM100227")

    def test_an_answer_that_cannot_be(self) -> None:
        """A start that no center on earth can mean is no answer."""
        pending = self.begin_away("QUEA100227")
        held = Held(start=self.mtl.now + timedelta(days=400), contact=NOBODY)
        self.assertIs(self.mtl.act(decide, pending, held).answer, UNREACHABLE)
        self.assertEqual(self.mtl.records(ANN), [])

    def test_weekly_limit_is_a_race_the_home_decides(self) -> None:
        """R4: of six at once, three; the others are refused when they are decided."""
        codes = [f"QUEA{day:02d}0227" for day in range(9, 15)]
        pendings = []
        for code in codes:
            self.que.add(code, 2)
            pendings.append(self.begin_away(code))
        answers = [
            self.mtl.act(decide, each, ask_owner(self.mtl, self.que, each)).answer
            for each in pendings
        ]
        self.assertEqual(answers[3:], [WEEKLY_LIMIT] * 3)
        self.assertEqual(len(self.mtl.records(ANN)), 3)
        self.cancel(codes[0])
        self.assertIsInstance(self.book(codes[5]), Booked)

    def test_a_tag_while_it_runs(self) -> None:
        """Where the same tag is decided twice the first answer stands, and the second booking is
        given up."""
        booking = Booking(
            patient=ANN, origin=PATIENT, wanted=name("QUEA100227"), tagged=tag("book")
        )
        first, second = (self.mtl.act(begin, booking) for _ in range(2))
        assert isinstance(first, Pending)
        assert isinstance(second, Pending)
        one = self.mtl.act(decide, first, ask_owner(self.mtl, self.que, first))
        two = self.mtl.act(decide, second, ask_owner(self.mtl, self.que, second))
        self.assertEqual(two, Answered(answer=one.answer, is_repeat=True))
        self.assertEqual(len(self.mtl.records(ANN)), 1)
        self.assertEqual(self.outbox()[-1], ("QUE", Verb.RELEASE, second.id))
        self.assertEqual(self.mtl.act(begin, booking), two)

    def test_abandoned(self) -> None:
        """What could not be decided is given up, and cannot be decided any more."""
        pending = self.begin_away("QUEA100227")
        held = ask_owner(self.mtl, self.que, pending)
        self.mtl.act(abandon, pending)
        self.assertEqual(self.outbox(), [("QUE", Verb.RELEASE, pending.id)])
        self.assertIs(self.mtl.act(decide, pending, held).answer, UNREACHABLE)
        self.assertEqual(self.mtl.records(ANN), [])

    def test_presumed_abort(self) -> None:
        """What was PENDING when the center stopped is given up; what was decided stands."""
        self.que.add("QUEA110227")
        self.book("QUEA110227")
        pending = self.begin_away("QUEA100227")
        self.assertEqual(self.mtl.do(abort_pending, NOW), 1)
        self.assertEqual(self.mtl.do(abort_pending, NOW), 0)
        self.assertEqual(self.mtl.states(ANN), {"QUEA110227": ACTIVE})
        self.assertEqual(self.outbox()[-1], ("QUE", Verb.RELEASE, pending.id))

    def test_status(self) -> None:
        """The owner learns how its place's record stands, and nobody else's."""
        pending = self.begin_away("QUEA100227")

        def state(owner: str) -> RecordState | None:
            return self.mtl.do(record_state, owner, pending.id)

        self.assertIs(state("QUE"), RecordState.PENDING)
        self.mtl.act(decide, pending, ask_owner(self.mtl, self.que, pending))
        self.assertIs(state("QUE"), ACTIVE)
        self.assertIsNone(state("SHE"))
        self.cancel("QUEA100227")
        self.assertIsNone(state("QUE"))


class SwapAwayTests(HomeCase):
    """A swap between cities: one vote is enough, for a release cannot be refused."""

    def setUp(self) -> None:
        super().setUp()
        self.que.add("QUEA100227")
        self.que.add("QUEM100227")
        self.mtl.add("MTLA100227")

    def test_from_home(self) -> None:
        """The place at home is free in the transaction that decides."""
        self.book("MTLA100227")
        [old] = self.mtl.records(ANN)
        self.assertIsInstance(self.book("QUEA100227", instead="MTLA100227"), Swapped)
        self.assertEqual(self.mtl.states(ANN), {"QUEA100227": ACTIVE})
        self.assertIs(self.place(old.id), PlaceState.RELEASED)

    def test_to_home(self) -> None:
        """The place away is released by the outbox."""
        self.book("QUEA100227")
        [old] = self.mtl.records(ANN)
        self.assertIsInstance(self.book("MTLA100227", instead="QUEA100227"), Swapped)
        self.assertEqual(self.outbox()[-1], ("QUE", Verb.RELEASE, old.id))

    def test_refused(self) -> None:
        """The old one stands, whatever refuses."""
        self.book("MTLA100227")
        for reply in (FULL, UNREACHABLE):
            pending = self.begin_away("QUEA100227", instead="MTLA100227")
            self.assertIs(self.mtl.act(decide, pending, reply).answer, reply)
        self.assertEqual(self.mtl.states(ANN), {"MTLA100227": ACTIVE})

    def test_cancelled_meanwhile(self) -> None:
        """A swap of what was cancelled while the owner was asked is ``not-booked``."""
        self.book("MTLA100227")
        pending = self.begin_away("QUEA100227", instead="MTLA100227")
        held = ask_owner(self.mtl, self.que, pending)
        self.cancel("MTLA100227")
        self.assertIs(self.mtl.act(decide, pending, held).answer, NOT_BOOKED)
        self.assertEqual(self.mtl.records(ANN), [])

    def test_begun_meanwhile(self) -> None:
        """A swap of what began while the owner was asked is ``past``."""
        self.que.add("QUEA120227")
        self.book("MTLA100227")
        pending = self.begin_away("QUEA120227", instead="MTLA100227")
        held = ask_owner(self.mtl, self.que, pending)
        self.mtl.now = name("MTLA100227").code.start(TORONTO)
        self.assertIs(self.mtl.act(decide, pending, held).answer, PAST)
        self.assertEqual(self.mtl.states(ANN), {"MTLA100227": ACTIVE})

    def test_two_swaps_of_one(self) -> None:
        """Of two swaps of the same appointment the first to be decided wins."""
        self.book("MTLA100227")
        first = self.begin_away("QUEA100227", instead="MTLA100227")
        second = self.begin_away("QUEM100227", instead="MTLA100227")
        replies = [ask_owner(self.mtl, self.que, each) for each in (first, second)]
        self.assertIsInstance(self.mtl.act(decide, second, replies[1]).answer, Swapped)
        self.assertIs(self.mtl.act(decide, first, replies[0]).answer, NOT_BOOKED)
        self.assertEqual(self.mtl.states(ANN), {"QUEM100227": ACTIVE})

    def test_the_root_is_followed(self) -> None:
        """A swap under way of what is moved meanwhile gives up what it was moved to; onto that
        itself it is ``already-booked``."""
        self.book("QUEA100227")
        [old] = self.mtl.records(ANN)
        self.que.add("QUEA110227")
        swap = self.begin_away("QUEA110227", instead="QUEA100227")
        onto = self.begin_away("QUEM100227", instead="QUEA100227")
        move = Pending(
            id=self.mtl.ids(), patient=ANN, origin=PATIENT, wanted=name("QUEM100227"), moves=old.id
        )
        self.mtl.do(insert_pending, move)
        held = [ask_owner(self.mtl, self.que, each) for each in (move, swap)]
        self.assertIsInstance(self.mtl.act(decide, move, held[0]).answer, Swapped)
        self.assertIs(self.mtl.act(decide, onto, FULL).answer, ALREADY_BOOKED)
        [moved] = [each for each in self.mtl.records(ANN) if each.id == move.id]
        self.assertEqual((moved.root, moved.is_moved), (old.root, True))
        self.assertIsInstance(self.mtl.act(decide, swap, held[1]).answer, Swapped)
        [swapped] = self.mtl.records(ANN)
        self.assertEqual((swapped.id, swapped.root), (swap.id, swap.id))
        self.assertIn(("QUE", Verb.RELEASE, move.id), self.outbox())

    def test_refusal_words(self) -> None:
        """A refusal of the owner with words of its own is passed on."""
        pending = self.begin_away("QUEA100227")
        odd = Refusal(code=Code.FORBIDDEN, text="no")
        self.assertIs(self.mtl.act(decide, pending, odd).answer, odd)
        self.assertEqual(self.que.act(hold, "MTL", "x", pending.wanted, ANN).__class__, Refusal)
