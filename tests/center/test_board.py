"""The board: which numbered slots are free, as the store's results have made it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from twisted.trial.unittest import SynchronousTestCase

from medappt.center.board import Board
from medappt.model.calendar import WeeklyTime
from medappt.model.slots import Opening
from tests.center.fixtures import MONDAY


def opening(index: int, weekday: int = 0, hour: int = 15, doctor: str = "doc1") -> Opening:
    return Opening(
        index=index, time=WeeklyTime(weekday=weekday, hour=hour), doctor=doctor, port=41000
    )


class BoardTests(SynchronousTestCase):
    """Indices name the next occurrence that has not begun."""

    def test_order_is_by_index(self) -> None:
        """Whatever the order of the file."""
        board = Board([opening(10), opening(2), opening(1)], [], UTC)
        self.assertEqual([slot.index for slot in board.free(MONDAY)], [1, 2, 10])
        self.assertEqual([slot.index for slot in board.states(MONDAY)], [1, 2, 10])

    def test_an_unknown_index_names_nothing(self) -> None:
        """Neither an occurrence nor a free place."""
        self.assertIsNone(Board([], [], UTC).slot(1, MONDAY))

    def test_places_count_the_doctors_parallel_openings(self) -> None:
        """In the order of indices, per doctor and time."""
        board = Board(
            [opening(1), opening(2), opening(3, doctor="doc2"), opening(4, hour=16)], [], UTC
        )
        places = [slot.place for index in (1, 2, 3, 4) if (slot := board.slot(index, MONDAY))]
        self.assertEqual(places, [0, 1, 0, 0])

    def test_the_next_week_is_another_slot(self) -> None:
        """Taking one occurrence leaves the next one free."""
        board = Board([opening(1)], [], UTC)
        first = board.slot(1, MONDAY)
        assert first is not None
        board.take(first)
        self.assertEqual(board.free(MONDAY), [])
        later = first.start
        second = board.slot(1, later)
        assert second is not None
        self.assertEqual(second.start, first.start + timedelta(days=7))
        self.assertEqual(len(board.free(later)), 1)

    def test_a_clock_that_goes_back_finds_the_earlier_slot(self) -> None:
        """What was found for a later time is not used for an earlier one."""
        board = Board([opening(1)], [], UTC)
        early = board.slot(1, MONDAY)
        board.slot(1, MONDAY + timedelta(days=10))
        self.assertEqual(board.slot(1, MONDAY), early)

    def test_a_renumbered_file_does_not_sell_an_hour_twice(self) -> None:
        """The doctor's hour is taken, under whichever index."""
        before = Board([opening(1)], [], UTC)
        reserved = before.slot(1, MONDAY)
        assert reserved is not None
        after = Board([opening(5)], [reserved], UTC)
        self.assertEqual(after.free(MONDAY), [])
        after.give_back(reserved)
        self.assertEqual(len(after.free(MONDAY)), 1)

    def test_a_new_parallel_line_can_be_sold(self) -> None:
        """Before or behind the one that is reserved, which stays where it was stored."""
        reserved = Board([opening(2)], [], UTC).slot(2, MONDAY)
        assert reserved is not None
        for new in (1, 3):
            board = Board([opening(2), opening(new)], [reserved], UTC)
            self.assertEqual([slot.index for slot in board.free(MONDAY)], [new])
            added, kept = board.slot(new, MONDAY), board.slot(2, MONDAY)
            assert added is not None
            self.assertEqual(kept, reserved)
            self.assertNotEqual(added.place, reserved.place)
            board.take(added)
            self.assertEqual(board.free(MONDAY), [])

    def test_what_is_reserved_takes_up_a_line(self) -> None:
        """Of two parallel lines under other indices, one is taken by who had one before."""
        before = Board([opening(1), opening(2)], [], UTC)
        second = before.slot(2, MONDAY)
        assert second is not None
        one = Board([opening(5)], [second], UTC)
        self.assertEqual(one.free(MONDAY), [])
        two = Board([opening(5), opening(6)], [second], UTC)
        self.assertEqual([slot.index for slot in two.free(MONDAY)], [6])
        last = two.slot(6, MONDAY)
        assert last is not None
        two.take(last)
        self.assertEqual(two.free(MONDAY), [])
        two.give_back(second)
        self.assertEqual([slot.index for slot in two.free(MONDAY)], [5])

    def test_two_lines_that_the_spring_night_makes_one(self) -> None:
        """One doctor sees one patient at an instant, though the file has two lines for it."""
        zone = ZoneInfo("America/Toronto")
        saturday = datetime(2027, 3, 13, 12, tzinfo=UTC)
        board = Board([opening(1, 6, 2), opening(2, 6, 3)], [], zone)
        first, second = board.slot(1, saturday), board.slot(2, saturday)
        assert first is not None
        assert second is not None
        self.assertEqual(first.start, second.start)
        board.take(first)
        self.assertEqual(board.free(saturday), [])

    def test_an_index_that_changed_its_doctor_stays_taken(self) -> None:
        """For the occurrence that is reserved."""
        before = Board([opening(1)], [], UTC)
        reserved = before.slot(1, MONDAY)
        assert reserved is not None
        after = Board([opening(1, doctor="doc9")], [reserved], UTC)
        self.assertFalse(after.states(MONDAY)[0].free)

    def test_what_has_begun_is_forgotten(self) -> None:
        """What is to come is not."""
        board = Board([opening(1), opening(2, weekday=1)], [], UTC)
        for index in (1, 2):
            slot = board.slot(index, MONDAY)
            assert slot is not None
            board.take(slot)
        board.forget_begun(datetime(2026, 11, 23, 16, tzinfo=UTC))
        self.assertEqual(len(board._taken), 1)
        self.assertEqual(len(board._hours), 1)
        self.assertEqual([slot.index for slot in board.free(MONDAY)], [1])

    def test_times_are_of_the_centers_zone(self) -> None:
        """3 pm in Toronto is 8 pm in UTC in winter."""
        board = Board([opening(1)], [], ZoneInfo("America/Toronto"))
        slot = board.slot(1, MONDAY)
        assert slot is not None
        self.assertEqual(slot.start, datetime(2026, 11, 23, 20, tzinfo=UTC))
