"""Tests of how much a peer is asked at once."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from medappt.federation.pace import Pace


class PaceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.pace = Pace(8)

    def begin(self, count: int) -> None:
        for _ in range(count):
            self.pace.begin()

    def test_most(self) -> None:
        """So many are asked at once, and the next when one of them has been answered."""
        self.begin(7)
        self.assertEqual(self.pace.room, 1)
        self.begin(1)
        self.assertEqual(self.pace.room, 0)
        self.assertTrue(self.pace.end(is_answered=True))
        self.assertEqual(self.pace.room, 1)
        self.assertFalse(self.pace.end(is_answered=True), "there was room before")

    def test_silence(self) -> None:
        """After a silence there is room for one, once all that was asked before is over."""
        self.begin(8)
        self.pace.silent()
        for _ in range(7):
            self.assertFalse(self.pace.end(is_answered=False))
            self.assertEqual(self.pace.room, 0)
        self.assertTrue(self.pace.end(is_answered=False))
        self.assertEqual(self.pace.room, 1)

    def test_answers(self) -> None:
        """With each answer there is room for twice as many, up to the most."""
        self.pace.silent()
        for expected in (2, 4, 8, 8):
            self.pace.begin()
            self.pace.end(is_answered=True)
            self.assertEqual(self.pace.room, expected)
        self.pace.begin()
        self.pace.end(is_answered=False)
        self.assertEqual(self.pace.room, 8)
