"""Tests of the window of datagram numbers."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from medappt.federation.window import WINDOW, Window
from medappt.wire.envelope import HIGHEST


class WindowTests(SynchronousTestCase):
    """Every number passes once, unless it comes too late."""

    def test_once(self) -> None:
        """A number passes the first time it comes, also the lowest and the highest."""
        window = Window()
        for number in (0, 1, HIGHEST):
            self.assertTrue(window.accept(number), number)
            self.assertFalse(window.accept(number), number)

    def test_any_order(self) -> None:
        """Numbers that overtake one another all pass, each once."""
        window = Window()
        for number in (5, 3, 9, 4, 0, 1):
            self.assertTrue(window.accept(number), number)
        for number in (0, 1, 3, 4, 5, 9):
            self.assertFalse(window.accept(number), number)
        self.assertTrue(window.accept(2))

    def test_edge(self) -> None:
        """1,024 numbers are told apart; what is further behind the highest is too late."""
        self.assertEqual(WINDOW, 1_024)
        window = Window()
        window.accept(WINDOW)
        self.assertTrue(window.accept(1))
        self.assertFalse(window.accept(1))
        self.assertFalse(window.accept(0))

    def test_moving_on(self) -> None:
        """What came stays told apart while the window moves on, and is too late behind it."""
        window = Window()
        window.accept(10)
        for ahead in (11, 500, 10 + WINDOW - 1):
            self.assertTrue(window.accept(ahead))
            self.assertFalse(window.accept(10))
            self.assertTrue(window.accept(ahead - 1) is (ahead != 11))
        window.accept(10 + WINDOW)
        self.assertFalse(window.accept(10))

    def test_a_jump(self) -> None:
        """A jump beyond the window leaves nothing of it behind, and everything in the new one."""
        for jump in (WINDOW - 1, WINDOW, WINDOW + 1, 10**15):
            window = Window()
            window.accept(7)
            self.assertTrue(window.accept(7 + jump))
            self.assertTrue(window.accept(7 + jump - 1))
            self.assertFalse(window.accept(7 + jump))
            self.assertFalse(window.accept(7))

    @settings(deadline=None)
    @given(st.lists(st.integers(0, 3 * WINDOW), max_size=60))
    @example([0, WINDOW - 1, 0, WINDOW, 0])
    def test_like_a_set(self, numbers: list[int]) -> None:
        """It answers as a set of all that came would, which is never forgotten."""
        window, came = Window(), set[int]()
        for number in numbers:
            expected = number not in came and number > max(came, default=0) - WINDOW
            self.assertEqual(window.accept(number), expected)
            came |= {number} if expected else set()
