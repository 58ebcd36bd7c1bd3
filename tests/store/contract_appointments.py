"""The contract: appointments."""

from __future__ import annotations

from datetime import timedelta

from medappt.model.appointments import Attendance, Cancelled, Scheduled, State
from medappt.store.appointments import (
    NOT_BOOKED,
    TAKEN,
    attendances,
    reserved_slots,
    schedule,
)
from medappt.store.results import Outcome
from tests.store.contract import RESERVED, StoreContract, wish
from tests.store.doubles import slot


class AppointmentsContract(StoreContract):
    """R1, R5 and R8 in the store."""

    def test_a_free_slot_is_given(self) -> None:
        """Who asks for a free slot gets its doctor, and the slot is theirs."""
        self.assertEqual(self.reserve(wish()), [Outcome(answer=RESERVED, changed=slot())])
        self.assertEqual(self.attending(), ["ann"])

    def test_a_taken_slot_is_refused(self) -> None:
        """R1: who comes later is refused, the same patient as well, and nothing changes."""
        self.reserve(wish("ann"))
        self.assertEqual(self.reserve(wish("bob")), [Outcome(answer=TAKEN)])
        self.assertEqual(self.reserve(wish("ann")), [Outcome(answer=TAKEN)])
        self.assertEqual(self.attending(), ["ann"])

    def test_the_first_of_a_batch_wins(self) -> None:
        """R1: of those who ask in one batch the first in order gets the slot."""
        got = self.reserve(
            wish("ann"), wish("bob"), wish("bob", slot(2, doctor="doc2")), wish("ann")
        )
        self.assertEqual(
            [each.changed for each in got], [slot(), None, slot(2, doctor="doc2"), None]
        )
        self.assertEqual([each.answer for each in got[1::2]], [TAKEN, TAKEN])

    def test_the_same_wish_twice_in_a_batch_is_given_once(self) -> None:
        """R1: two wishes of one patient for one slot in one batch are one appointment."""
        got = self.reserve(wish("ann"), wish("ann"))
        self.assertEqual([each.changed for each in got], [slot(), None])
        self.assertEqual(self.attending(), ["ann"])

    def test_a_renumbered_hour_is_not_sold_again(self) -> None:
        """R1: a doctor's hour that is taken is taken under another index too."""
        self.reserve(wish("ann", slot(1)))
        self.assertEqual(self.reserve(wish("bob", slot(9))), [Outcome(answer=TAKEN)])
        self.assertEqual(self.attending(slot(9)), ["ann"])

    def test_who_loses_by_the_hour_does_not_shadow_who_wins_by_the_index(self) -> None:
        """An index that failed for one doctor's hour is still given for another's."""
        self.reserve(wish("ann", slot(1)))
        renumbered, changed = slot(2), slot(2, doctor="doc2")
        got = self.reserve(wish("bob", renumbered), wish("bob", changed))
        self.assertEqual([each.changed for each in got], [None, changed])

    def test_parallel_openings_of_a_doctor_are_two_places(self) -> None:
        """Two openings of one doctor at one time can be taken by two patients."""
        got = self.reserve(wish("ann", slot(1)), wish("bob", slot(2, place=1)))
        self.assertNotIn(TAKEN, [each.answer for each in got])

    def test_an_index_is_free_again_for_its_next_occurrence(self) -> None:
        """The next week's occurrence of an index is another slot."""
        got = self.reserve(wish("ann", slot(days=1)), wish("bob", slot(days=8)))
        self.assertEqual([each.changed for each in got], [slot(days=1), slot(days=8)])

    def test_a_cancelled_slot_can_be_taken_again(self) -> None:
        """Cancelling gives the place back and says which it was."""
        self.reserve(wish("ann"))
        gone = self.cancel("ann")
        self.assertEqual(gone, Outcome(answer=Cancelled(code="1", type="-"), changed=slot()))
        self.assertEqual(self.reserved(), [])
        self.assertEqual(self.reserve(wish("bob"))[0].answer, RESERVED)

    def test_nobody_cancels_what_is_not_theirs(self) -> None:
        """R5: another's appointment, and one that is not there, are not booked."""
        self.reserve(wish("ann"))
        self.assertEqual(self.cancel("bob"), Outcome(answer=NOT_BOOKED))
        self.assertEqual(self.cancel("ann", 2), Outcome(answer=NOT_BOOKED))
        self.assertEqual(self.attending(), ["ann"])

    def test_what_has_begun_cannot_be_cancelled(self) -> None:
        """R8: at the instant of its start an appointment has begun; until then it can go."""
        self.reserve(wish())
        begins = timedelta(days=1)
        self.assertEqual(self.cancel(after=begins), Outcome(answer=NOT_BOOKED))
        just_before = begins - timedelta(microseconds=1)
        self.assertEqual(self.cancel(after=just_before).changed, slot())

    def test_the_earliest_of_two_occurrences_is_cancelled(self) -> None:
        """Where a patient has two occurrences of an index the nearer one goes."""
        self.reserve(wish(of=slot(days=8)), wish(of=slot(days=1)))
        self.assertEqual(self.cancel().changed, slot(days=1))
        self.assertEqual(self.reserved(), [slot(days=8)])

    def test_a_schedule_is_by_start_and_without_the_past(self) -> None:
        """A patient sees their own appointments that have not begun, the next one first."""
        other = slot(2, doctor="doc2", days=3)
        self.reserve(
            wish(of=slot(3, days=5)), wish(of=other), wish(of=slot()), wish("bob", slot(4, days=6))
        )
        rows = self.do(lambda connection: schedule(connection, "ann", slot().start))
        booked = State.BOOKED
        self.assertEqual(
            rows,
            [
                Scheduled(code="2", type="-", state=booked, start=other.start),
                Scheduled(code="3", type="-", state=booked, start=slot(days=5).start),
            ],
        )

    def test_a_renumbered_slot_shows_everybody_who_has_it(self) -> None:
        """Who booked the index and who booked the doctor's hour both come, in booking order."""
        by_hour, by_index = slot(5), slot(1, doctor="doc2")
        self.reserve(wish("bob", by_hour))
        self.reserve(wish("ann", by_index))
        self.assertEqual(self.attending(slot(1)), ["bob", "ann"])
        found = self.do(lambda connection: attendances(connection, by_index))
        self.assertEqual(found, [Attendance(patient="ann", state=State.BOOKED)])

    def test_reserved_slots_are_those_to_come(self) -> None:
        """What is reserved is listed by start, with its place, and without the past."""
        later = slot(2, days=2, place=3)
        self.reserve(wish(of=later), wish("bob", slot()))
        self.assertEqual(self.reserved(), [slot(), later])
        found = self.do(lambda connection: reserved_slots(connection, slot().start))
        self.assertEqual(found, [later])
