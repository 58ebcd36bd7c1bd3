"""What foreign servers are told, and what of their answers is understood."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.appointments import Reserved
from medappt.model.calendar import WeeklyTime
from medappt.model.refusals import Code, Refused
from medappt.model.slots import FreeSlot
from medappt.wire.foreign import (
    ANSWER_BYTES,
    EMPTY_SECONDS,
    SILENCE_SECONDS,
    Answer,
    BarePhrases,
    PacketPhrases,
    read_free_slots,
    read_login,
    read_price,
    read_reservation,
)
from medappt.wire.replies import UnexpectedReply

ROWS = [
    FreeSlot(index=1, time=WeeklyTime(weekday=1, hour=13)),
    FreeSlot(index=2, time=WeeklyTime(weekday=0, hour=15)),
]


class PhrasesTests(SynchronousTestCase):
    """What is said."""

    def test_packet(self) -> None:
        """Every message is its text and one NUL."""
        phrases = PacketPhrases()
        self.assertEqual(
            phrases.login("patient1", "password111"), b"authenticate patient1 password111\0"
        )
        self.assertEqual(phrases.available(), b"available\0")
        self.assertEqual(phrases.selection("2"), b"selection 2\0")
        self.assertEqual(phrases.estimate("insurance1", "patient1"), (b"insurance1\0",))

    def test_bare(self) -> None:
        """Only the login and the question to the doctor differ."""
        phrases = BarePhrases()
        self.assertEqual(phrases.login("patient1", "password111"), b"patient1 password111\n")
        self.assertEqual(phrases.available(), b"available\0")
        self.assertEqual(phrases.selection("2"), b"selection 2\0")
        self.assertEqual(phrases.estimate("insurance1", "patient1"), (b"patient1", b"insurance1\n"))

    def test_unsayable(self) -> None:
        """What would be two messages for one, or none, is not said."""
        for phrases in (PacketPhrases(), BarePhrases()):
            for word in ("", "a b", "a\nb", "a\rb", "a\0b", "a" * 600):
                self.assertRaises(ValueError, phrases.login, word, "p")
                self.assertRaises(ValueError, phrases.login, "u", word)
                self.assertRaises(ValueError, phrases.selection, word)

    @given(st.text(max_size=20), st.text(max_size=20))
    @settings(deadline=None)
    def test_one_message(self, user: str, password: str) -> None:
        """Whatever is said has one end, its own."""
        for phrases in (PacketPhrases(), BarePhrases()):
            try:
                message = phrases.login(user, password)
            except ValueError:
                continue
            ends = [byte for byte in message if byte in b"\0\n\r"]
            self.assertEqual(ends, [message[-1]])


class AnswerTests(SynchronousTestCase):
    """Where an answer ends."""

    def heard(self, *segments: bytes) -> Answer:
        answer = Answer()
        for segment in segments:
            answer.feed(segment)
        return answer

    def test_without_an_end(self) -> None:
        """Nothing is awaited before the first byte; then silence tells the end."""
        self.assertIsNone(self.heard().pause)
        answer = self.heard(b"doc2", b" 42000 ")
        self.assertEqual((answer.text, answer.pause), ("doc2 42000", SILENCE_SECONDS))

    def test_nul(self) -> None:
        """A NUL ends it: what is behind is memory of theirs, also in a later segment."""
        answer = self.heard(b" success\r\n\0cate\0", b"\x7fELF 1 Tue 01pm")
        self.assertEqual((answer.text, answer.pause), ("success", SILENCE_SECONDS))

    def test_leading_nuls(self) -> None:
        """The rest of a record that came before is no end of this answer."""
        answer = self.heard(b"\0" * 50, b"\0\0success")
        self.assertEqual((answer.text, answer.pause), ("success", SILENCE_SECONDS))

    def test_nothing_but_nuls(self) -> None:
        """What is left of a record; or one that was never written to, and says nothing."""
        answer = self.heard(b"\0" * 100)
        self.assertEqual((answer.text, answer.pause), ("", EMPTY_SECONDS))
        self.assertGreater(EMPTY_SECONDS, 10 * SILENCE_SECONDS)
        self.assertEqual(self.heard(b"\0", b"2").pause, SILENCE_SECONDS)

    def test_too_long(self) -> None:
        """An answer that never ends is none, with a NUL or without."""
        for first in (b"1", b"\0", b"1\0"):
            answer = self.heard(first, b"1" * (ANSWER_BYTES - len(first)))
            self.assertRaises(UnexpectedReply, answer.feed, b"1")

    @given(st.binary(max_size=60), st.lists(st.integers(0, 60)))
    @settings(deadline=None)
    def test_any_cut(self, data: bytes, cuts: list[int]) -> None:
        """However an answer is cut into segments, it says the same."""
        places = [0, *sorted(cuts), len(data)]
        segments = [data[a:b] for a, b in pairwise(places)]
        self.assertEqual(self.heard(*segments).text, self.heard(data).text)


class ReadingTests(SynchronousTestCase):
    """What an answer means."""

    def test_login(self) -> None:
        """A success is one in any case, whatever follows; nothing else is one."""
        for text in ("success", "SUCCESS", "Success", "success patient1", "successful"):
            self.assertIs(read_login(text), True, text)
        for text in ("failure", "FAILURE", "", "no success", "succes", "HTTP/1.1 400 Bad Request"):
            self.assertIs(read_login(text), False, text)

    def test_rows(self) -> None:
        """Rows are told by their form, whatever separates them."""
        for separator in ("\n", " ", "\r\n", "", ";", "\t|\t"):
            text = f"1 Tue 01pm{separator}2 Mon 03pm{separator}".strip()
            self.assertEqual(read_free_slots(text), ROWS, separator)
        self.assertEqual(read_free_slots("Free: 1 Tue 01pm, 2 Mon 03pm. Choose!"), ROWS)

    def test_day_in_any_case(self) -> None:
        """The case of a day is no matter."""
        self.assertEqual(read_free_slots("1 tue 01pm\n2 MON 03pm"), ROWS)

    def test_cut_row(self) -> None:
        """A row that a small buffer cut off is none."""
        self.assertEqual(read_free_slots("1 Tue 01pm\n2 Mon 03pm\n3 Thu 0"), ROWS)

    def test_no_rows(self) -> None:
        """An empty list is what the server says of it, or nothing."""
        for text in ("notavailable", "Not available", "NOT AVAILABLE", "", "Sorry, not available!"):
            self.assertEqual(read_free_slots(text), [], text)

    def test_rows_that_are_none(self) -> None:
        """What has the form of a row but names no time, or no index, is left out."""
        for row in ("3 Xyz 01pm", "3 Tue 13pm", "3 Tue 00am", f"{'9' * 5000} Tue 01pm"):
            self.assertEqual(read_free_slots(f"1 Tue 01pm {row} 2 Mon 03pm"), ROWS)

    def test_no_list(self) -> None:
        """An answer that is no list is a refusal that tells it, but not all of it."""
        for text in ("Invalid", "3 Tue 13pm", "x" * 5000):
            refused = self.assertRaises(Refused, read_free_slots, text)
            self.assertEqual(refused.refusal.code, Code.SYNTAX)
            self.assertIn(text[:60], refused.refusal.text)
            self.assertLess(len(refused.refusal.text), 120)

    def test_reserved(self) -> None:
        """The port is the first five digits; the name is the word before it, if there is one."""
        for text, doctor, port in (
            ("doc2 42000", "doc2", 42000),
            ("42000", "", 42000),
            ("doc2\n42000", "doc2", 42000),
            ("doc2 4200017", "doc2", 42000),
            ("Your doctor listens at 42000", "", 42000),
            ("doc2 99999", "doc2", 99999),
        ):
            self.assertEqual(read_reservation(text), Reserved(doctor=doctor, port=port), text)

    def test_taken(self) -> None:
        """Taken is said with a blank or without, in any case."""
        for text in ("notavailable", "Not available", "NOTAVAILABLE", "12345 is not available"):
            refused = self.assertRaises(Refused, read_reservation, text)
            self.assertEqual(refused.refusal.code, Code.FULL, text)

    def test_any_other_answer(self) -> None:
        """Anything else refuses the index: it can be asked again."""
        for text in ("Invalid", "invalid", "", "error", "doc2 4200", "available"):
            refused = self.assertRaises(Refused, read_reservation, text)
            self.assertEqual(refused.refusal.code, Code.UNKNOWN_SLOT, text)

    def test_price(self) -> None:
        """A price is digits up to the first NUL; blanks and line ends around them are none."""
        for datagram in (b"30", b"30\0", b"30\n", b"30\0\x7f 99\n", b" 30\r\n\0"):
            self.assertEqual(read_price(datagram), "30", datagram)
        for datagram in (b"", b"\x0030", b"unknown", b"30.50", b"3 0", b"-3", b"9" * 10, b"\xff"):
            self.assertIsNone(read_price(datagram), datagram)
        self.assertIsNone(read_price("٣٠".encode()))

    @given(st.text(max_size=120))
    @settings(deadline=None)
    def test_any_text(self, text: str) -> None:
        """No text does more than mean something, or be refused."""
        read_login(text)
        for read in (read_free_slots, read_reservation):
            try:
                read(text)
            except Refused as refused:
                self.assertNotIn("\n", refused.refusal.text)
