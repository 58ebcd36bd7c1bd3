"""Tests of going round a list, a piece at a time."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from medappt.federation.sweep import Sweep
from medappt.store.options import BEGINNING, Displaced
from tests.store.doubles import NOW


def each(number: int) -> Displaced:
    return Displaced(
        id=str(number),
        home="QUE",
        type="Physician",
        start=NOW,
        is_waiting=number > 4,
        order=(1, number),
    )


class SweepTests(SynchronousTestCase):
    """The list has the numbers 1 to 9; those above 4 wait."""

    def setUp(self) -> None:
        self.sweep = Sweep()
        self.list = [each(number) for number in range(1, 10)]

    def look(self, most: int) -> list[int]:
        """Look at the next, as many as there are up to ``most``."""
        position = self.sweep.next_piece()
        rest = [one for one in self.list if one.position > position]
        self.everybody = self.sweep.advance(rest[:most], is_end=len(rest) < most)
        return [int(one.id) for one in rest[:most]]

    def test_pieces(self) -> None:
        """From the beginning everybody is looked at once, in order."""
        self.assertFalse(self.sweep.is_due)
        self.sweep.begin()
        found: list[int] = []
        while self.sweep.is_due:
            self.assertEqual(len(found) % 4, 0)
            found += self.look(4)
        self.assertEqual(found, list(range(1, 10)))
        self.assertEqual(self.everybody, {str(number) for number in found})
        self.assertEqual(self.sweep.next_piece(), BEGINNING)

    def test_from_the_middle(self) -> None:
        """What begins in the middle goes on to the end, and then round to where it was."""
        self.sweep.begin()
        self.look(4)
        self.sweep.begin()
        found = []
        while self.sweep.is_due:
            found += self.look(4)
        self.assertEqual(found, [*range(5, 10), *range(1, 10)])

    def test_meanwhile(self) -> None:
        """What was being looked at when something happened is looked at again, wherever it was."""
        for most in (4, 20):
            self.sweep = Sweep()
            self.sweep.begin()
            rest = self.list[:most]
            self.assertEqual(self.sweep.next_piece(), BEGINNING)
            self.sweep.begin()
            self.sweep.advance(rest, is_end=len(rest) < most)
            found: set[int] = set()
            while self.sweep.is_due:
                found |= set(self.look(4))
            self.assertEqual(found, set(range(1, 10)))

    def test_nobody(self) -> None:
        """An empty list has an end, too; and a piece of nobody moves nothing."""
        self.list = []
        self.sweep.advance([], is_end=False)
        self.assertEqual(self.sweep.next_piece(), BEGINNING)
        self.sweep.advance([], is_end=False)
        self.sweep.begin()
        self.assertEqual(self.look(4), [])
        self.assertFalse(self.sweep.is_due)
        self.assertEqual(self.everybody, set())
