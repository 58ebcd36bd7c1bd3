"""Messages out of segments: ends, padding, silence, limits."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from medappt.model.refusals import Code, Refusal
from medappt.wire.dialects import Overfull
from medappt.wire.dialects.messages import MESSAGE_BYTES, is_complete, split
from medappt.wire.requests import KEYWORDS
from tests.wire.dialects.hearing import LONG, MIDDLE, SHORT, Hearing

LOGIN = b"authenticate p1 secret"


def packet(end: bytes = b"\0") -> Hearing:
    """A client of *packet* that has logged in and was answered."""
    hearing = Hearing().send(LOGIN + end).wait(MIDDLE)
    hearing.requests.clear()
    return hearing


def bare() -> Hearing:
    hearing = Hearing().send(b"p1 secret").wait(MIDDLE)
    hearing.requests.clear()
    return hearing


class PaddingTests(SynchronousTestCase):
    """After a NUL all is padding until a keyword stands at the start of something."""

    def test_pieces_of_earlier_requests(self) -> None:
        """With line feeds, and in as many segments as it likes."""
        tail = b"ccess\0cate\0\n\0ent1 pa\n\nse\0\x7fELF\0 available\0x\n\0"
        singles = [bytes([byte]) for byte in tail if byte not in b"l"]  # no word is whole, then
        for segments in ([tail], [tail[:20], tail[20:]], singles):
            hearing = packet().send(b"available\0", *segments)
            self.assertEqual(hearing.requests, [b"available"])
            self.assertEqual(
                hearing.wait(LONG).send(b"selection 2\0").requests[1:], [b"selection 2"]
            )

    def test_a_keyword_behind_a_NUL(self) -> None:
        """Records may come several in one segment, in any spelling."""
        hearing = packet().send(b"available\0\0\0junk\0SELECTION 2\0\0ccess\0quit\0")
        self.assertEqual(hearing.requests, [b"available", b"SELECTION 2", b"quit"])

    def test_a_keyword_at_the_start_of_a_segment(self) -> None:
        """The padding before it need not end in a NUL."""
        hearing = packet().send(b"junk", b"available\0junk", b"selection 2\0junk")
        self.assertEqual(hearing.requests, [b"available", b"selection 2"])

    def test_a_keyword_inside_of_padding_is_padding(self) -> None:
        """Or with something that is no end behind it."""
        hearing = packet().send(b"x available\0", b"availables\0", b"\nquit\0", b" quit\0")
        self.assertEqual(hearing.wait(LONG).requests, [])

    def test_every_keyword(self) -> None:
        """Alone, before a blank, a tab, a CR or an LF."""
        for keyword in KEYWORDS:
            for rest in (b"", b" 1", b"\t1", b"\r\n", b"\n"):
                text = keyword.encode() + rest
                self.assertEqual(packet().send(text + b"\0").requests[:1], [text.strip()])

    def test_a_keyword_over_segments(self) -> None:
        """Its beginning is kept in mind, wherever the padding has one as well."""
        for padding in (b"", b"a", b"av", b"se", b"sel", b"ca", b"canc"):
            for text in (b"available", b"selection 2", b"cancel 1"):
                singles = [bytes([byte]) for byte in text + b"\0"]
                hearing = packet().send(*(bytes([byte]) for byte in padding), *singles)
                self.assertEqual(hearing.requests, [text], (padding, text))
        self.assertEqual(packet().send(b"avail", b"able\0").requests, [b"available"])

    def test_a_beginning_that_does_not_go_on(self) -> None:
        """Is padding."""
        hearing = packet().send(b"avail", b"x\0", b"avail", b"\0able\0")
        self.assertEqual(hearing.wait(LONG).requests, [])

    def test_silence_in_padding_ends_nothing(self) -> None:
        """A beginning of a keyword is no request."""
        hearing = packet().send(b"junk avail")
        self.assertIsNone(hearing.listener.pause)
        self.assertEqual(hearing.send(b"qui").wait(LONG).requests, [])

    def test_what_follows_a_keyword_is_no_padding(self) -> None:
        """Until the next NUL: a line feed ends a request there."""
        hearing = packet().send(b"available\nselection 2\n\0junk\n\0")
        self.assertEqual(hearing.requests, [b"available", b"selection 2"])


class RecordTests(SynchronousTestCase):
    """Once a record of 100 bytes is known, one may begin every 100 bytes."""

    DIRTY = b"cate p1 secret\0ccess\n\x7fELF av" * 8

    def dirty(self, text: bytes) -> bytes:
        return (text + b"\0" + self.DIRTY)[:99] + b"x"

    def records(self) -> Hearing:
        """A client that has sent one record with its login, and was answered."""
        hearing = Hearing().send(self.dirty(LOGIN)).wait(MIDDLE)
        hearing.requests.clear()
        return hearing

    def test_joined(self) -> None:
        """What precedes a record need not end in a NUL; only where one may begin is looked."""
        texts = [b"available", b"selection 12", b"cancel 2"]
        joined = b"".join(self.dirty(text) for text in texts)
        self.assertEqual(self.records().send(joined).requests, texts)
        for cut in range(1, len(joined)):
            hearing = self.records().send(joined[:cut]).wait(SHORT).send(joined[cut:])
            self.assertEqual(hearing.requests, texts, cut)
        shifted = joined[:99] + b"available x" + joined[110:]
        self.assertEqual(self.records().send(shifted).requests, [texts[0], texts[2]])

    def test_a_byte_at_a_time(self) -> None:
        """The bytes are counted, not the segments."""
        joined = self.dirty(b"available") + self.dirty(b"quit")
        hearing = self.records().send(*(bytes([byte]) for byte in joined))
        self.assertEqual(hearing.requests, [b"available", b"quit"])

    def test_behind_rubbish(self) -> None:
        """What was dropped of the first record was counted, too."""
        first = self.dirty(b"\x01\x02\n" + LOGIN)
        hearing = Hearing().send(first).send(self.dirty(b"available") + self.dirty(b"quit"))
        self.assertEqual(hearing.requests, [LOGIN, b"available", b"quit"])

    def test_not_for_others(self) -> None:
        """Records of another size have no such places."""
        hearing = packet().send(self.dirty(b"available") + self.dirty(b"quit"))
        self.assertEqual(hearing.requests, [b"available"])

    def test_overfull(self) -> None:
        """Nothing is heard behind a message without an end."""
        hearing = self.records().send(b"quit " + b"x" * MESSAGE_BYTES + b"\0quit\0")
        self.assertEqual((hearing.requests, hearing.ending), ([], Overfull()))


class LoginAgainTests(SynchronousTestCase):
    """*bare* has no keyword for a login: two words are one until one was good."""

    def test_after_busy(self) -> None:
        """A client that was told to try again does so, as often as it likes."""
        hearing = Hearing().send(b"p1 secret\n")
        for _ in range(2):
            refused = hearing.listener.word(Refusal(code=Code.BUSY, text="not now"), None)
            self.assertEqual(refused, b"Invalid")
            hearing.requests.clear()
            hearing.send(b"p1 secret\n")
            self.assertEqual(hearing.requests, [b"authenticate p1 secret"])
        self.assertEqual(hearing.answer, b"Success")
        hearing.requests.clear()
        self.assertEqual(hearing.send(b"p1 secret\n").requests, [b"p1 secret"])

    def test_other_messages(self) -> None:
        """Neither a keyword nor one word alone is a login, answered or not."""
        hearing = Hearing().send(b"p1 secret\n", b"selection 2\navailable\nx\nx y z\n")
        self.assertEqual(hearing.requests[1:], [b"selection 2", b"available", b"x", b"x y z"])


class EndTests(SynchronousTestCase):
    """What ends a message."""

    def test_lf_nul_and_silence(self) -> None:
        """CR and blanks around it are not part of it; nothing is an empty request."""
        hearing = packet(b"").send(b" available \r\n\r\n\n \t\n")
        self.assertEqual(hearing.requests, [b"available"])
        hearing.send(b"selection 2").wait(SHORT)
        self.assertEqual(hearing.requests[1:], [])
        self.assertEqual(hearing.wait(MIDDLE).requests[1:], [b"selection 2"])
        self.assertEqual(hearing.send(b"quit\0").requests[2:], [b"quit"])

    def test_silence_ends_what_is_complete(self) -> None:
        """It has its words, and is no beginning of a keyword."""
        for text in (
            b"available",
            b"selection 2",
            b"authenticate a b",
            b"cancel 1",
            b"2",
            b"foo",
            b"av x",
        ):
            self.assertTrue(is_complete(text), text)
        for text in (
            b"",
            b" \r",
            b"avail",
            b"selection",
            b"selection ",
            b"authenticate a",
            b"cancel",
            b"q",
        ):
            self.assertFalse(is_complete(text), text)

    def test_an_incomplete_message_waits(self) -> None:
        """For its rest, however long."""
        hearing = packet(b"").send(b"sel").wait(LONG).send(b"ection").wait(LONG).send(b" 2")
        self.assertEqual(hearing.wait(MIDDLE).requests, [b"selection 2"])

    def test_single_bytes_get_more_time(self) -> None:
        """Each message anew: neither the one before nor the padding makes it fast."""
        hearing = packet().send(b"padding", b"padding\0")
        for text in (b"available", b"selection 2"):
            hearing.requests.clear()
            hearing.send(*(bytes([byte]) for byte in text))
            self.assertEqual(hearing.listener.pause, 0.5)
            self.assertEqual(hearing.wait(MIDDLE).requests, [])
            self.assertEqual(hearing.wait(LONG).requests, [text])

    def test_a_message_joined_with_the_one_before(self) -> None:
        """Did not come a byte at a time."""
        hearing = packet(b"").send(b"available\nselection 2")
        self.assertEqual((hearing.requests, hearing.listener.pause), ([b"available"], 0.15))

    def test_strange_blanks_are_none(self) -> None:
        """Vertical tabs and form feeds are bytes of a word."""
        self.assertEqual(split(b" a\x0bb\tc\x0c \r\n"), [b"a\x0bb", b"c\x0c"])
        for hearing in (packet(b""), bare()):
            self.assertEqual(hearing.send(b"\x0b\n\x0c\x0b\0").requests, [b"\x0b", b"\x0c\x0b"])

    def test_silence_with_nothing_to_end(self) -> None:
        """Ends nothing."""
        self.assertEqual(list(packet(b"").listener.silence()), [])
        self.assertEqual(list(Hearing().send(b"quit\n").listener.silence()), [])


class NulTests(SynchronousTestCase):
    """Answers end in a NUL once the client has sent one."""

    def test_from_the_first_one_on(self) -> None:
        """The answer to what it ends has it, also when an LF ends it before."""
        hearing = packet(b"")
        self.assertEqual(hearing.answer, b"success")
        self.assertEqual(hearing.send(b"available\0").answer, b"success\0")
        first = Hearing()
        for _ in first.listener.receive(LOGIN + b"\n\0"):
            self.assertEqual(first.answer, b"success\0")

    def test_bare_never(self) -> None:
        """They break on it."""
        self.assertEqual(Hearing().send(b"p1 secret\0").answer, b"Success")


class DigitsTests(SynchronousTestCase):
    """A single word of digits is a selection, for clients that say it no other way."""

    def test_a_selection(self) -> None:
        """By LF or silence; several digits, too."""
        for hearing in (packet(b""), bare()):
            hearing.send(b"2\n", b"12").wait(LONG)
            self.assertEqual(hearing.requests, [b"selection 2", b"selection 12"])

    def test_not_once_a_NUL_was_used(self) -> None:
        """Then it is padding, or the rest of something."""
        self.assertEqual(packet().send(b"2\0").wait(LONG).requests, [])
        self.assertEqual(packet(b"").send(b"2\0").requests, [b"2"])

    def test_not_once_selection_was_said(self) -> None:
        """In any spelling."""
        for hearing in (packet(b""), bare()):
            hearing.send(b"SELECTION 9\n2\n")
            self.assertEqual(hearing.requests, [b"SELECTION 9", b"2"])

    def test_other_words(self) -> None:
        """Only ASCII digits, and only one word."""
        for text in (b"2 3", b"-2", b"2x", "٢".encode(), b"0x2"):
            self.assertEqual(bare().send(text + b"\n").requests, [text])


class OverfullTests(SynchronousTestCase):
    """2,048 bytes without an end."""

    def test_without_an_end(self) -> None:
        """In one segment or in many, whether or not an end follows in the same."""
        for hearing in (packet(b""), bare()):
            self.assertIsNone(hearing.send(b"x" * (MESSAGE_BYTES - 1)).ending)
            self.assertEqual(hearing.send(b"x").ending, Overfull())
        for end in (b"", b"\n", b"\0", b"\nquit\n", b"\0quit\0"):
            hearing = packet(b"").send(b"x" * MESSAGE_BYTES + end)
            self.assertEqual((hearing.requests, hearing.ending), ([], Overfull()), end)

    def test_what_was_whole_before_is_heard(self) -> None:
        """Only the rest is dropped."""
        hearing = packet(b"").send(b"available\n" + b"x" * 3000)
        self.assertEqual((hearing.requests, hearing.ending), ([b"available"], Overfull()))

    def test_padding_is_no_message(self) -> None:
        """It may be as long as it likes, and is not kept."""
        hearing = packet().send(*[b"x" * 5000] * 20, b"\n" * 5000, b"\0" * 5000)
        self.assertIsNone(hearing.ending)
        self.assertEqual(hearing.send(b"quit\0").requests, [b"quit"])
