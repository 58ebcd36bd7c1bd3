"""Which dialect a connection speaks: the rules from the top, and their borders."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from medappt.model.appointments import Reserved
from medappt.wire.dialects import Listener, Overlong, SpeaksLine, Stranger
from medappt.wire.replies import Rows
from tests.wire.dialects.hearing import LONG, MIDDLE, SHORT, Hearing

LOGIN = b"authenticate p1 secret"
ROWS = Rows(rows=("1 Tue 01pm",))


def record(text: bytes, size: int = 100, filling: bytes = b"\0") -> bytes:
    return text + filling * (size - len(text))


class RubbishTests(SynchronousTestCase):
    """Rule 1: ``authenticate`` behind memory that nobody had cleared."""

    def test_what_precedes_a_login_is_dropped(self) -> None:
        """Whatever bytes it has, NULs and line feeds as well."""
        for rubbish in (
            b"x",
            b"\0",
            b"\xff\n\x01",
            b"ab cd\0",
            b"\x0b\n",
            b"\0\0\0\n\n",
            b"a\nb\n",
        ):
            hearing = Hearing().send(rubbish + LOGIN + b"\0")
            self.assertEqual(hearing.requests, [LOGIN], rubbish)
            self.assertEqual(hearing.answer, b"success\0")

    def test_it_begins_within_sixteen_bytes(self) -> None:
        """15 bytes before it are dropped, 16 are not."""
        self.assertEqual(Hearing().send(b"\x01" * 15 + LOGIN + b"\0").requests, [LOGIN])
        hearing = Hearing().send(b"\x01" * 16 + LOGIN + b"\0")
        self.assertEqual((hearing.requests, hearing.ending), ([], Stranger(b"")))

    def test_in_segments(self) -> None:
        """The rubbish may come alone, or cut, or byte by byte."""
        for segments in (
            (b"\x01\0", LOGIN + b"\0"),
            (b"\x01\0", b"\x02\n", LOGIN[:5], LOGIN[5:] + b"\0"),
            tuple(bytes([byte]) for byte in b"\x01\0\n\x02" + LOGIN + b"\0"),
        ):
            self.assertEqual(Hearing().send(*segments).requests, [LOGIN])

    def test_behind_it_every_dialect(self) -> None:
        """Rubbish is no dialect."""
        for text, answer in (
            (b"Authenticate p1 secret\0", b"SUCCESS\0"),
            (b"Authenticate p1 secret\n", b"SUCCESS"),
            (b"authenticate p1 secret\n", b"success\n"),
            (b"authenticate p1 secret\n\0", b"success\0"),
        ):
            self.assertEqual(Hearing().send(b"\x01\x02\n" + text).answer, answer)
        self.assertEqual(Hearing().send(b"\x01" + LOGIN).wait(MIDDLE).answer, b"success")

    def test_a_tag_is_no_rubbish(self) -> None:
        """Nor is a request of *line* that stands before the login in one segment."""
        tagged = b"@tag authenticate p1 secret"
        self.assertEqual(Hearing().send(tagged + b"\n").requests, [tagged])
        both = Hearing().send(b"help\r\n" + LOGIN + b"\n")
        self.assertEqual(both.requests, [b"help", LOGIN])
        self.assertEqual(both.answer, b"success\n")

    def test_nor_is_a_tagged_request(self) -> None:
        """It may stand before a login in one segment, and the login may have a tag as well."""
        for first in (b"@t help", b"@t help x\r", b"HELP\r"):
            for login in (LOGIN, b"@u " + LOGIN):
                hearing = Hearing().send(first + b"\n" + login + b"\n")
                self.assertEqual(hearing.requests, [first.removesuffix(b"\r"), login])
                self.assertEqual(hearing.answer, b"success\n")

    def test_memory_with_a_keyword_is(self) -> None:
        """A line has an LF before any NUL, and no NUL behind it."""
        for rubbish in (b"quit\n\0", b"quit\0\n", b"@t\n", b"@t \n", b"@t x\n", b"quit"):
            hearing = Hearing().send(rubbish + LOGIN + b"\0")
            self.assertEqual(hearing.requests, [LOGIN], rubbish)

    def test_what_only_begins_like_a_tag_is(self) -> None:
        """Memory may begin with any byte."""
        for rubbish in (b"@\xf0\x7f\0", b"@", b"@x\n"):
            hearing = Hearing().send(rubbish + LOGIN + b"\0")
            self.assertEqual(hearing.requests, [LOGIN], rubbish)


class LoginTests(SynchronousTestCase):
    """Rules 2 to 4: a login that begins with the keyword."""

    def assert_speaks(self, hearing: Hearing, answer: bytes) -> None:
        self.assertEqual(hearing.answer, answer)
        self.assertEqual([each.lower() for each in hearing.requests], [LOGIN])

    def test_capital_whatever_ends_it(self) -> None:
        """The word is spelled exactly so."""
        for end, answer in ((b"\n", b"SUCCESS"), (b"\0", b"SUCCESS\0"), (b"\n\0", b"SUCCESS\0")):
            hearing = Hearing().send(b"Authenticate p1 secret" + end)
            self.assert_speaks(hearing, answer)
        self.assert_speaks(Hearing().send(b"Authenticate p1 secret").wait(MIDDLE), b"SUCCESS")
        self.assert_speaks(Hearing().send(b"AuThenticate p1 secret\n"), b"success\n")

    def test_line(self) -> None:
        """Any other spelling, LF, and no NUL behind it."""
        for text in (LOGIN + b"\n", LOGIN.upper() + b"\r\n", b"\n\r\n \n" + LOGIN + b"\n"):
            self.assert_speaks(Hearing().send(text), b"success\n")
        self.assertEqual(Hearing().send(b"quit\n").answer, b"success\n")
        self.assertEqual(Hearing().send(b"@x\n").requests, [b"@x"])
        self.assertEqual(Hearing().send(b"@\xff whatever\n").answer, b"success\n")

    def test_line_is_not_for_a_NUL_before_the_LF(self) -> None:
        """``authenticate`` is *packet* then, and a keyword waits."""
        self.assert_speaks(Hearing().send(LOGIN + b"\0\n"), b"success\0")
        hearing = Hearing().send(b"help\0\n").wait(LONG)
        self.assertEqual(
            (hearing.requests, hearing.ending, hearing.listener.pause), ([], None, None)
        )

    def test_packet(self) -> None:
        """Ended by NUL, by LF and NUL, or by silence."""
        self.assert_speaks(Hearing().send(LOGIN + b"\0"), b"success\0")
        self.assert_speaks(Hearing().send(LOGIN + b"\n\0"), b"success\0")
        self.assert_speaks(Hearing().send(LOGIN + b"\r\n\0\0"), b"success\0")
        self.assert_speaks(Hearing().send(LOGIN).wait(MIDDLE), b"success")

    def test_lf_and_nul_in_two_segments(self) -> None:
        """As long as nothing was answered, the LF was not the end of a line."""
        self.assert_speaks(Hearing().send(LOGIN + b"\n", b"\0"), b"success\0")
        self.assert_speaks(Hearing().send(LOGIN, b"\n", b"\0ccess\0cate\0\n"), b"success\0")
        late = Hearing().send(LOGIN + b"\n").wait(SHORT).send(b"\0")
        self.assertEqual((late.requests, late.lines), ([LOGIN], b"\0"))

    def test_pipelined_lines_are_lines(self) -> None:
        """In one segment or behind it."""
        for segments in (
            (LOGIN + b"\nquit\n",),
            (LOGIN + b"\n", b"quit\n"),
            (LOGIN + b"\nqu", b"it\n"),
        ):
            hearing = Hearing().send(*segments)
            self.assertEqual((hearing.requests, hearing.answer), ([LOGIN, b"quit"], b"success\n"))

    def test_record(self) -> None:
        """The segment that ended the login had exactly 100 bytes, and a NUL."""
        for size, end in ((100, b" "), (99, b"\n"), (101, b"\n"), (1024, b"\n")):
            hearing = Hearing().send(record(LOGIN, size))
            self.assertEqual(hearing.listener.word(ROWS, None), b"1 Tue 01pm" + end + b"\0", size)
        in_two = Hearing().send(record(LOGIN)[:10], record(LOGIN)[10:])
        self.assertEqual(in_two.listener.word(ROWS, None), b"1 Tue 01pm\n\0")
        with_lf = Hearing().send(record(LOGIN + b"\n"))
        self.assertEqual(with_lf.listener.word(ROWS, None), b"1 Tue 01pm \0")
        behind_rubbish = Hearing().send(record(b"\x01\x02" + LOGIN))
        self.assertEqual(behind_rubbish.listener.word(ROWS, None), b"1 Tue 01pm \0")

    def test_a_hundred_bytes_without_a_NUL_are_none(self) -> None:
        """Nor is a capital one."""
        hearing = Hearing().send(record(LOGIN, filling=b"x")).wait(MIDDLE)
        self.assertEqual(hearing.listener.word(ROWS, None), b"1 Tue 01pm\n")
        hearing = Hearing().send(record(b"Authenticate p1 secret"))
        self.assertEqual(hearing.listener.word(ROWS, None), b"1 Tue 01pm\n\0")

    def test_silence_ends_only_three_words(self) -> None:
        """Fewer wait for more, and more are no login."""
        for text in (
            b"authenticate",
            b"authenticate p1",
            b"authenticate p1 ",
            b"authenticate a b c",
        ):
            hearing = Hearing().send(text)
            self.assertIsNone(hearing.listener.pause, text)
            self.assertEqual(list(hearing.listener.silence()), [])
            self.assertEqual(hearing.requests, [])

    def test_how_long_silence_is(self) -> None:
        """150 ms, and 500 ms where every byte came by itself."""
        listener = Listener()
        list(listener.receive(LOGIN))
        self.assertEqual(listener.pause, 0.15)
        slow = Hearing().send(*(LOGIN[at : at + 1] for at in range(len(LOGIN))))
        self.assertEqual(slow.listener.pause, 0.5)
        self.assertEqual(slow.wait(MIDDLE).requests, [])
        self.assertEqual(slow.wait(LONG).requests, [LOGIN])
        mixed = Hearing().send(LOGIN[:2], LOGIN[2:3], LOGIN[3:])
        self.assertEqual(mixed.listener.pause, 0.15)


class BareTests(SynchronousTestCase):
    """Rule 5: two words, the first no keyword."""

    def test_ended_by_anything(self) -> None:
        """LF, CR and LF, NUL, silence."""
        for end in (b"\n", b"\r\n", b"\0", b"\0ccess\0cate\0"):
            hearing = Hearing().send(b"p1 secret" + end)
            self.assertEqual(hearing.requests, [b"authenticate p1 secret"])
            self.assertEqual(hearing.answer, b"Success")
        hearing = Hearing().send(b"p1 secret").wait(MIDDLE)
        self.assertEqual(hearing.requests, [b"authenticate p1 secret"])
        self.assertEqual(hearing.listener.word(Reserved(doctor="d", port=42000), None), b"42000 ")

    def test_a_keyword_is_no_user(self) -> None:
        """However it is spelled: it waits for its LF."""
        for text in (b"selection 2", b"QUIT now"):
            hearing = Hearing().send(text).wait(LONG)
            self.assertEqual((hearing.requests, hearing.ending), ([], None))
            self.assertEqual(hearing.send(b"\n").requests, [text])
            self.assertEqual(hearing.answer, b"success\n")

    def test_a_tag_is_no_user(self) -> None:
        """It waits for its LF, too."""
        for text in (b"@t help", b"@t available"):
            hearing = Hearing().send(text)
            self.assertIsNone(hearing.listener.pause)
            self.assertEqual(hearing.wait(LONG).send(b"\n").requests, [text])
            self.assertEqual(hearing.answer, b"success\n")
        for text in (b"@t help\0", b"@t help\n\0", b"@t x y\0"):
            hearing = Hearing().send(text).wait(LONG)
            self.assertEqual((hearing.requests, hearing.ending), ([], None), text)

    def test_other_numbers_of_words(self) -> None:
        """One waits for its end, and then gets ``Failure``, as three do."""
        self.assertIsNone(Hearing().send(b"p1").listener.pause)
        self.assertEqual(Hearing().send(b"p1\n").wait(MIDDLE).ending, Stranger(b"Failure"))
        self.assertEqual(
            Hearing().send(b"p1 two secrets\n").wait(MIDDLE).ending, Stranger(b"Failure")
        )

    def test_two_words_that_are_no_text(self) -> None:
        """Nobody types a control character."""
        self.assertEqual(Hearing().send(b"p1 \x01secret\n").wait(MIDDLE).ending, Stranger(b""))
        self.assertEqual(Hearing().send(b"p1 \x01secret").wait(MIDDLE).ending, Stranger(b""))

    def test_too_long_a_login(self) -> None:
        """512 bytes are the limit of every first message that is text."""
        self.assertEqual(len(Hearing().send(b"p1 " + b"x" * 509 + b"\n").requests), 1)
        self.assertEqual(Hearing().send(b"p1 " + b"x" * 510 + b"\n").ending, Overlong())


class StrangerTests(SynchronousTestCase):
    """Rule 6: what is none of all this."""

    def test_other_text_gets_failure(self) -> None:
        """HTTP, for one; at once, for no login can stand behind so much."""
        http = b"GET / HTTP/1.1\r\nHost: example\r\n\r\n"
        self.assertEqual(Hearing().send(http).ending, Stranger(b"Failure"))

    def test_a_short_one_waits_for_silence(self) -> None:
        """A login may stand behind it."""
        hearing = Hearing().send(b"hello\n")
        self.assertEqual((hearing.ending, hearing.listener.pause), (None, 0.15))
        self.assertEqual(hearing.wait(MIDDLE).ending, Stranger(b"Failure"))
        self.assertEqual(Hearing().send(b"hello\n", LOGIN + b"\0").requests, [LOGIN])

    def test_other_bytes_get_a_close(self) -> None:
        """A TLS hello; rubbish that ends, and rubbish that does not."""
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200))
        self.assertEqual(Hearing().send(hello).ending, Stranger(b""))
        self.assertEqual(Hearing().send(b"\0").wait(LONG).ending, Stranger(b""))
        self.assertEqual(Hearing().send(b"\x01" * 2047).ending, None)
        self.assertEqual(Hearing().send(b"\x01" * 2048).ending, Stranger(b""))

    def test_text_longer_than_a_line(self) -> None:
        """As soon as it is; a CR at its end does not count."""
        self.assertIsNone(Hearing().send(b"@t " + b"x" * 509 + b"\r").ending)
        self.assertEqual(Hearing().send(b"@t " + b"x" * 509, b"\r", b"\n").requests[0][:3], b"@t ")
        self.assertEqual(Hearing().send(b"@t " + b"x" * 510).ending, Overlong())
        self.assertEqual(Hearing().send(b"x" * 512, b"x").ending, Overlong())

    def test_too_long_however_it_is_cut(self) -> None:
        """A login may be as long as a record; of other text the first 513 bytes tell."""
        long = b"x" * 600
        for text, ending in (
            (LOGIN + b"x" * 600 + b"\0", None),
            (LOGIN + b"x" * 600 + b"\n\0", None),
            (b"A" + LOGIN[1:] + b"x" * 600 + b"\n", None),
            (b"\x01\x02" + LOGIN + b"x" * 2000 + b"\0", None),
            (b"available " + long + b"\0", Overlong()),
            (b"@t " + long + b"\0", Overlong()),
            (b"p1 " + long + b"\0", Overlong()),
            (b"p1 " + long + b"\n", Overlong()),
            (long + b"\x01\0", Overlong()),
            (b"x" * 512 + "é".encode() * 40 + b"\0", Overlong()),
            (b"x" * 512 + b"\r" + long + b"\0", Overlong()),
            (b"\x01" + long + b"\0", Stranger(b"")),
        ):
            for size in (1, 7, 512, 513, 5000):
                hearing = Hearing()
                for at in range(0, len(text), size):
                    hearing.send(text[at : at + size]).wait(SHORT)
                self.assertEqual(hearing.ending, ending, (text[:20], size))
                self.assertEqual(len(hearing.requests), int(ending is None), (text[:20], size))

    def test_a_long_line_is_refused_however_it_is_cut(self) -> None:
        """As a line where its end is there, else before."""
        for text in (b"available " + b"x" * 600, b"@t " + b"x" * 600):
            self.assertEqual(Hearing().send(text[:520], text[520:] + b"\n").ending, Overlong())
            self.assertEqual(list(Listener().receive(text + b"\n")), [SpeaksLine(text + b"\n")])

    def test_a_keyword_and_a_NUL_wait(self) -> None:
        """For ever, but not for ever more bytes."""
        hearing = Hearing().send(b"available\0").wait(LONG)
        self.assertEqual((hearing.requests, hearing.ending), ([], None))
        self.assertIsNone(hearing.send(b"\0" * 2037).ending)
        self.assertEqual(hearing.send(b"\0").ending, Stranger(b""))

    def test_blank_lines_are_not_kept(self) -> None:
        """However many come."""
        hearing = Hearing()
        for _ in range(100):
            hearing.send(b" \r\n\t" * 10_000)
        recognition = hearing.listener._recognition
        assert recognition is not None
        self.assertEqual(len(recognition._seen), 0)
        self.assertEqual(hearing.send(LOGIN + b"\n").requests, [LOGIN])

    def test_silence_before_anything(self) -> None:
        """Tells nothing."""
        listener = Listener()
        self.assertIsNone(listener.pause)
        self.assertEqual(list(listener.silence()), [])
