"""Tests of the values of numbered slots."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.slots import parse_index


class IndexTests(SynchronousTestCase):
    """An index is digits, and not too many of them."""

    def test_indices(self) -> None:
        """Digits are an index, whatever zeros they begin with."""
        for word, index in (("1", 1), ("0", 0), ("007", 7), ("999999999", 999_999_999)):
            self.assertEqual(parse_index(word), index)

    def test_no_indices(self) -> None:
        """Signs, blanks, other numerals and numbers beyond all measure are none."""
        for word in (
            *("", "-1", "+1", "1.0", "1_0", " 1", "1 ", "1\n", "0x1", "one"),
            *("1000000000", "9" * 100_000, "\u0661", "\u00b2", "1\0"),
        ):
            self.assertIsNone(parse_index(word))

    @settings(deadline=None)
    @given(st.text(max_size=12))
    def test_any_word(self, word: str) -> None:
        """A word is an index exactly if it is one to nine digits."""
        is_index = word.isascii() and word.isdigit() and len(word) < 10
        self.assertEqual(parse_index(word), int(word) if is_index else None)
