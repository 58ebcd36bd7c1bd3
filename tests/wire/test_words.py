"""Tests of words, what lines are made of."""

from __future__ import annotations

import unicodedata

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from medappt.wire import words


class BytesTests(SynchronousTestCase):
    """Bytes are text and text is bytes, whoever sent them."""

    @settings(deadline=None)
    @given(st.binary())
    @example(bytes(range(256)))
    @example(b"\xed\xa0\x80")  # a surrogate, as UTF-8 forbids it
    @example(b"\xc0\x80")  # a NUL in two bytes
    def test_round_trip(self, data: bytes) -> None:
        """No bytes are lost or changed on the way through text."""
        self.assertEqual(words.encode(words.decode(data)), data)

    def test_utf_8(self) -> None:
        """Text is UTF-8."""
        self.assertEqual(words.decode(b"\xc3\xa9\xff"), "\u00e9\udcff")


class SplitTests(SynchronousTestCase):
    """Words are separated by blanks: space and tab."""

    def test_blanks(self) -> None:
        """Any number of blanks separates, and none count at the ends."""
        self.assertEqual(words.split("  a\t b \tc\t"), ["a", "b", "c"])
        self.assertEqual(words.split(""), [])
        self.assertEqual(words.split(" \t "), [])

    def test_other_white_space(self) -> None:
        """What else looks blank is part of a word: everybody must cut in the same places."""
        for char in "\r\n\v\f\x1c\x1d\x1e\x1f\x85\u00a0\u2003\u2028\u3000\0":
            self.assertEqual(words.split(f"a{char}b c"), [f"a{char}b", "c"])


class StorableTests(SynchronousTestCase):
    """What can be the name of something we keep."""

    def test_storable(self) -> None:
        """Printable text of any script."""
        for word in ("alice", "MTLP2345", "\u00e9l\u00e9onore", "\u533b\u751f"):
            self.assertTrue(words.is_storable(word), word)

    def test_not_storable(self) -> None:
        """Neither control characters nor what is no UTF-8."""
        for word in ("a\0b", "a\x1bb", "a\nb", "a\x85b", "a\u202eb", words.decode(b"a\xff")):
            self.assertFalse(words.is_storable(word), ascii(word))

    @settings(deadline=None)
    @given(st.binary())
    def test_valid(self, data: bytes) -> None:
        """What is storable is valid UTF-8."""
        word = words.decode(data)
        if words.is_storable(word):
            self.assertEqual(word.encode("utf-8"), data)


class DisplayableTests(SynchronousTestCase):
    """What may go to a screen or a log."""

    def test_plain(self) -> None:
        """Plain text is shown as it is."""
        self.assertEqual(words.displayable("na\u00efve b"), "na\u00efve b")

    def test_escaped(self) -> None:
        """What could move a cursor or forge a line is shown escaped."""
        self.assertEqual(words.displayable("a\x1b[2Jb\nc"), "a\\x1b[2Jb\\nc")
        self.assertEqual(words.displayable("\u202e\udcff"), "\\u202e\\udcff")

    @settings(deadline=None)
    @given(st.text() | st.binary().map(words.decode))
    @example("".join(map(chr, range(0x100))))
    def test_no_control_characters(self, text: str) -> None:
        """Nothing that comes out controls anything, and it can be written as UTF-8."""
        shown = words.displayable(text)
        shown.encode("utf-8")
        self.assertFalse(
            {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
        )
