"""Home: cancellations, the schedule, notices, the outbox; and the boots of centers."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.appointments import (
    Added,
    Booked,
    Cancelled,
    Fate,
    Relocation,
    Removed,
    Reserved,
    Scheduled,
    State,
    Swapped,
)
from medappt.model.records import NoticeKind, Verb
from medappt.model.refusals import Code, Refusal
from medappt.store.answers import Answer, decode_answer, encode_answer
from medappt.store.boots import Boot, peer_boot, raise_peer_boot, start_boot
from medappt.store.cancelling import Giveback, appointments_of, give_back
from medappt.store.connection import Connection
from medappt.store.judgement import AMBIGUOUS, NOT_BOOKED, PAST
from medappt.store.notices import give_notice, mark_told, untold_notices
from medappt.store.outbox import Letter, acknowledge, post
from medappt.store.results import REUSED, Answered, Tagged, keep, once, recall
from tests.store.cities import TORONTO, City, book, name, tag
from tests.store.doubles import DEED, PATIENT, memory_database
from tests.store.reading import letters

ANN = "MTLP0001"


class HomeCase(SynchronousTestCase):
    """Ann of Montreal, and Quebec."""

    def setUp(self) -> None:
        self.mtl = City("MTL")
        self.que = City("QUE")
        for city in (self.mtl, self.que):
            self.addCleanup(city.database.close)

    def book(self, code: str, type_: str = "Physician", patient: str = ANN) -> None:
        owner = self.mtl if code.startswith("MTL") else self.que
        owner.add(code, type_=type_)
        self.assertIsInstance(book(self.mtl, owner, patient, code, type_).answer, Booked)

    def cancel(self, code: str, type_: str | None = None, tagged: Tagged | None = None) -> Answered:
        giveback = Giveback(
            patient=ANN, origin=PATIENT, code=name(code).code, type=type_, tagged=tagged
        )
        return self.mtl.act(give_back, giveback)


class CancelTests(HomeCase):
    """``cancel``, in any city."""

    def test_at_home_and_away(self) -> None:
        """The record is gone in one transaction; another center is told by the outbox."""
        for code in ("MTLA100227", "QUEA110227"):
            self.book(code)
            answer = self.cancel(code).answer
            self.assertEqual(answer, Cancelled(code=code, type="Physician"))
        self.assertEqual(self.mtl.records(ANN), [])
        verbs = [letter.verb for letter in self.mtl.do(letters)]
        self.assertEqual(verbs, [Verb.CONFIRM, Verb.RELEASE])

    def test_not_booked(self) -> None:
        """Another's, another type's, and what is not decided yet, is not booked."""
        self.book("MTLA100227", patient="MTLP0002")
        self.assertIs(self.cancel("MTLA100227").answer, NOT_BOOKED)
        self.book("MTLA110227")
        self.assertIs(self.cancel("MTLA110227", "Dental").answer, NOT_BOOKED)
        self.que.add("QUEA120227")
        self.mtl.begin(ANN, "QUEA120227")
        self.assertIs(self.cancel("QUEA120227").answer, NOT_BOOKED)

    def test_ambiguous(self) -> None:
        """Under two types one has to be named; the other stands."""
        self.book("MTLA100227")
        self.book("MTLA100227", "Dental")
        self.assertIs(self.cancel("MTLA100227").answer, AMBIGUOUS)
        self.assertEqual(len(self.mtl.records(ANN)), 2)
        answer = self.cancel("MTLA100227", "Dental").answer
        self.assertEqual(answer, Cancelled(code="MTLA100227", type="Dental"))
        answer = self.cancel("MTLA100227").answer
        self.assertEqual(answer, Cancelled(code="MTLA100227", type="Physician"))

    def test_past(self) -> None:
        """What has begun is past, under one type or two, booked or not."""
        self.book("MTLA100227")
        self.book("MTLA100227", "Dental")
        self.mtl.now = name("MTLA100227").code.start(TORONTO)
        for type_ in (None, "Dental"):
            self.assertIs(self.cancel("MTLA100227", type_).answer, PAST)
        self.assertIs(self.cancel("MTLM100227").answer, PAST)
        self.assertIs(self.cancel("QUEA070227").answer, PAST)

    def test_again(self) -> None:
        """The same tag cancels once: what was booked since stands."""
        self.book("MTLA100227")
        first = self.cancel("MTLA100227", tagged=tag("cancel"))
        book(self.mtl, self.mtl, ANN, "MTLA100227")
        again = self.cancel("MTLA100227", tagged=tag("cancel"))
        self.assertEqual(again, Answered(answer=first.answer, is_repeat=True))
        self.assertEqual(len(self.mtl.records(ANN)), 1)


class ScheduleTests(HomeCase):
    """``schedule``: what has not begun, by start."""

    def test_by_start(self) -> None:
        """In order of start, then ID and type, with the offset of the slot's center; what has
        begun, and what is not decided, is not shown."""
        self.que.zone = type(TORONTO)("America/Halifax")
        for code in ("MTLE100227", "QUEE090227", "QUEA100727"):
            self.book(code)
        self.book("MTLM090227", "Dental")
        self.book("MTLE100227", "Dental")
        self.que.add("QUEA120227")
        self.mtl.begin(ANN, "QUEA120227")
        now = name("MTLM090227").code.start(TORONTO)
        rows = self.mtl.do(appointments_of, ANN, now)
        self.assertEqual(
            [(row.code, row.type, row.start.isoformat()) for row in rows],
            [
                ("QUEE090227", "Physician", "2027-02-09T18:00:00-04:00"),
                ("MTLE100227", "Dental", "2027-02-10T18:00:00-05:00"),
                ("MTLE100227", "Physician", "2027-02-10T18:00:00-05:00"),
                ("QUEA100727", "Physician", "2027-07-10T13:00:00-03:00"),
            ],
        )
        self.assertEqual({row.state for row in rows}, {State.BOOKED})
        self.assertIsInstance(rows[0], Scheduled)


class NoticeTests(HomeCase):
    """What a patient is told without asking."""

    def test_told_once(self) -> None:
        """A notice is there until it was told, and the later ones after it."""
        self.book("MTLA100227")
        self.book("MTLA110227", patient="MTLP0002")
        [record] = self.mtl.records(ANN)
        [other] = self.mtl.records("MTLP0002")
        now = self.mtl.now
        self.mtl.do(give_notice, now, record, NoticeKind.WAITLISTED)
        self.mtl.do(give_notice, now, other, NoticeKind.WAITLISTED)
        self.mtl.do(give_notice, now, record, NoticeKind.MOVED, "MTLA120227")
        first, second = self.mtl.do(untold_notices, ANN)
        self.assertEqual(
            (first.at, first.patient, first.root, first.name, first.new_code),
            (now, ANN, record.root, record.name, None),
        )
        self.assertEqual((second.kind, second.new_code), (NoticeKind.MOVED, "MTLA120227"))
        self.mtl.do(mark_told, ANN, first.number)
        self.assertEqual(self.mtl.do(untold_notices, ANN), [second])
        self.mtl.do(mark_told, ANN, second.number)
        self.assertEqual(self.mtl.do(untold_notices, ANN), [])
        self.assertEqual(len(self.mtl.do(untold_notices, "MTLP0002")), 1)


class OutboxTests(HomeCase):
    """What owners have to be told."""

    def test_until_acknowledged(self) -> None:
        """A letter stays until its own acknowledgement; its number never comes back."""
        self.mtl.do(post, "QUE", Verb.RELEASE, "MTL-1-00-1")
        self.mtl.do(post, "SHE", Verb.WAIT, "MTL-1-00-2")
        first, second = self.mtl.do(letters)
        self.assertEqual(
            second, Letter(key=second.key, peer="SHE", verb=Verb.WAIT, record="MTL-1-00-2")
        )
        self.assertFalse(self.mtl.do(acknowledge, second))
        self.assertEqual(self.mtl.do(letters), [first])
        self.mtl.do(post, "SHE", Verb.UNWAIT, "MTL-1-00-2")
        self.mtl.do(acknowledge, second)
        self.assertEqual([each.verb for each in self.mtl.do(letters)], [Verb.RELEASE, Verb.UNWAIT])

    def test_lost(self) -> None:
        """LOST is an alarm only while the record is ACTIVE: else a RELEASE overtook the CONFIRM."""
        for is_alarm in (True, False):
            self.book("QUEA110227")
            if not is_alarm:
                self.cancel("QUEA110227")
            [letter] = [each for each in self.mtl.do(letters) if each.verb is Verb.CONFIRM]
            self.assertIs(self.mtl.do(acknowledge, letter, is_lost=True), is_alarm)
            self.cancel("QUEA110227")
            for rest in self.mtl.do(letters):
                self.assertFalse(self.mtl.do(acknowledge, rest))
            self.que = City("QUE")
            self.addCleanup(self.que.database.close)


class BootTests(SynchronousTestCase):
    """Boot numbers rise, and are not forgotten."""

    def setUp(self) -> None:
        self.database = memory_database()
        self.addCleanup(self.database.close)
        self.connection: Connection = self.database.connection

    def test_own(self) -> None:
        """Each start has a higher number; the operator can raise it above what a peer has seen."""
        self.assertEqual(start_boot(self.connection, b"a"), 1)
        self.assertEqual(start_boot(self.connection, b"b"), 2)
        self.assertEqual(start_boot(self.connection, b"c", above=41), 42)
        self.assertEqual(start_boot(self.connection, b"d", above=7), 43)

    def test_peers(self) -> None:
        """The highest run of each peer stays on record, with its random bytes."""
        self.assertIsNone(peer_boot(self.connection, "QUE"))
        for boot, highest in (
            (Boot(number=3, randomness=b"\x03"), 3),
            (Boot(number=2, randomness=b"\x02"), 3),
            (Boot(number=3, randomness=b"\x33"), 3),
            (Boot(number=5, randomness=b"\x05"), 5),
        ):
            known = raise_peer_boot(self.connection, "QUE", boot)
            self.assertEqual(known, Boot(number=highest, randomness=bytes([highest])))
            self.assertEqual(peer_boot(self.connection, "QUE"), known)
        self.assertIsNone(peer_boot(self.connection, "SHE"))


texts = st.text(max_size=20)
maybe_texts = st.none() | texts
ports = st.none() | st.integers(1, 65535)
places = {"code": texts, "type": texts, "doctor": maybe_texts, "host": maybe_texts, "port": ports}
answers: st.SearchStrategy[Answer] = st.one_of(
    st.builds(Reserved, doctor=texts, port=st.integers(1, 65535)),
    st.builds(Cancelled, code=texts, type=texts),
    st.builds(Booked, **places),
    st.builds(Swapped, **places),
    st.builds(Added, code=texts, type=texts, capacity=st.integers(1, 9999)),
    st.builds(
        Removed,
        rows=st.lists(
            st.builds(
                Relocation,
                patient=texts,
                fate=st.sampled_from(Fate),
                new_code=maybe_texts,
                is_confirmed=st.booleans(),
            ),
            max_size=4,
        ).map(tuple),
    ),
    st.builds(Refusal, code=st.sampled_from(Code), text=texts),
)


class AnswerTests(SynchronousTestCase):
    """Answers as they are kept under a tag."""

    def setUp(self) -> None:
        self.database = memory_database()
        self.addCleanup(self.database.close)
        self.connection: Connection = self.database.connection
        self.now = City("MTL").now

    @settings(deadline=None)
    @given(answers)
    def test_round_trip(self, answer: Answer) -> None:
        """What is kept is given again."""
        self.assertEqual(decode_answer(encode_answer(answer)), answer)

    def test_once(self) -> None:
        """An effect happens once under a tag, as often as it likes without."""
        done: list[int] = []

        def effect() -> Answer:
            done.append(1)
            return NOT_BOOKED

        for tagged in (tag("x"), tag("x"), None, None):
            once(self.connection, DEED, tagged, self.now, effect)
        self.assertEqual(len(done), 3)
        got = once(self.connection, DEED, tag("y"), self.now, effect)
        self.assertEqual(got, Answered(answer=REUSED))

    def test_recall(self) -> None:
        """What was kept is recalled for a day; without a tag nothing is kept."""
        keep(self.connection, None, self.now, PAST)
        self.assertIsNone(recall(self.connection, DEED, None, self.now))
        keep(self.connection, tag("x"), self.now, PAST)
        keep(self.connection, tag("x"), self.now, NOT_BOOKED)
        got = recall(self.connection, DEED, tag("x"), self.now + timedelta(days=1))
        self.assertEqual(got, Answered(answer=NOT_BOOKED, is_repeat=True))
        late = self.now + timedelta(days=1, seconds=1)
        self.assertIsNone(recall(self.connection, DEED, tag("x"), late))
