"""Tests of the requests of the health center protocol (section 4)."""

from __future__ import annotations

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.limits import LINE_BYTES
from medappt.model.refusals import Code
from medappt.wire import words
from medappt.wire.requests import (
    EFFECTS,
    KEYWORDS,
    Authenticate,
    Available,
    Cancel,
    Command,
    Help,
    Malformed,
    Patients,
    Quit,
    Request,
    Schedule,
    Selection,
    Slots,
    format_request,
    parse_request,
)

SERVED: tuple[tuple[str, Command], ...] = (
    ("authenticate alice secret", Authenticate(user="alice", password="secret")),
    ("available", Available()),
    ("slots", Slots()),
    ("selection 3", Selection(index="3")),
    ("cancel 3", Cancel(index=3)),
    ("schedule", Schedule()),
    ("schedule alice", Schedule(patient="alice")),
    ("patients 3", Patients(index=3)),
    ("help", Help()),
    ("quit", Quit()),
)

tags = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=64)
word = (
    st.binary(min_size=1, max_size=80)
    .map(lambda data: words.decode(data.translate(None, b" \t\r\n")))
    .filter(bool)
)
indices = st.integers(0, 999_999_999)
commands = st.one_of(
    st.builds(Authenticate, user=word, password=word),
    st.sampled_from([Available(), Slots(), Help(), Quit()]),
    st.builds(Selection, index=word),
    st.builds(Cancel, index=indices),
    st.builds(Schedule, patient=st.none() | word),
    st.builds(Patients, index=indices),
)


def request_of(line: bytes) -> Request:
    asked = parse_request(line)
    assert isinstance(asked, Request), asked
    return asked


def malformed_of(line: bytes) -> Malformed:
    asked = parse_request(line)
    assert isinstance(asked, Malformed), asked
    return asked


class KeywordTests(SynchronousTestCase):
    """The first word says what is asked for."""

    def test_served(self) -> None:
        """Each request is a command of its own."""
        for line, command in SERVED:
            self.assertEqual(request_of(line.encode()), Request(command=command), line)

    def test_case(self) -> None:
        """Keywords are case-insensitive, values are not."""
        self.assertEqual(
            request_of(b"AuthentiCATE Alice SECRET").command,
            Authenticate(user="Alice", password="SECRET"),
        )
        self.assertEqual(request_of(b"SLOTS").command, Slots())

    def test_case_of_ascii_only(self) -> None:
        """A letter of another script is none of a keyword's, even if its lower case is."""
        line = "boo\N{KELVIN SIGN} x".encode()
        self.assertEqual(malformed_of(line).text, "boo\N{KELVIN SIGN} x")
        self.assertFalse(malformed_of(line).has_effect)

    def test_unknown(self) -> None:
        """Any other word is an unknown command."""
        for line in (
            b"hello",
            b"availabl",
            b"available\0",
            b"\xff\xfe",
            b".",
            b"-1",
            b"availableX",
        ):
            self.assertIs(malformed_of(line).refusal.code, Code.UNKNOWN_COMMAND)

    def test_not_served(self) -> None:
        """The words about IDs and types are unknown commands in a center without a city."""
        for line in (b"list Dental", b"book MTLA100227 Dental", b"swap a b c d", b"add a b 1"):
            self.assertIs(malformed_of(line).refusal.code, Code.UNKNOWN_COMMAND)
        self.assertIs(malformed_of(b"remove MTLA100227 Dental").refusal.code, Code.UNKNOWN_COMMAND)

    def test_keywords(self) -> None:
        """Every word that some center serves is a keyword, and every effect is one."""
        self.assertLessEqual({line.split()[0] for line, _ in SERVED}, KEYWORDS)
        self.assertLess(EFFECTS, KEYWORDS)
        self.assertEqual(len(KEYWORDS), 14)

    def test_empty(self) -> None:
        """A line of nothing but blanks asks for nothing."""
        for line in (b"", b" ", b" \t  "):
            self.assertIsNone(parse_request(line))


class WordTests(SynchronousTestCase):
    """Words are separated by blanks, and are bytes of any kind."""

    def test_blanks(self) -> None:
        """Any number of spaces and tabs separates words."""
        self.assertEqual(request_of(b" \tselection\t \t3  ").command, Selection(index="3"))

    def test_no_ascii(self) -> None:
        """Names and passwords may hold any bytes."""
        self.assertEqual(
            request_of(b"authenticate \xc3\xa9l\xc3\xa9 \xff\xfe").command,
            Authenticate(user="\u00e9l\u00e9", password="\udcff\udcfe"),
        )

    def test_nul(self) -> None:
        """A NUL is part of its word: it cuts nothing off."""
        command = request_of(b"authenticate alice pass\0word").command
        self.assertEqual(command, Authenticate(user="alice", password="pass\0word"))

    def test_carriage_return_within(self) -> None:
        """A CR that ends no line is part of its word too."""
        self.assertEqual(request_of(b"selection 1\r2").command, Selection(index="1\r2"))
        self.assertIs(malformed_of(b"available\ravailable").refusal.code, Code.UNKNOWN_COMMAND)

    def test_password_is_not_shown(self) -> None:
        """A login does not tell its password to a log."""
        self.assertNotIn("secret", repr(request_of(b"authenticate alice secret")))
        self.assertNotIn("secret", repr(malformed_of(b"authenticate alice se secret")))


class ArityTests(SynchronousTestCase):
    """A request has the words it needs, no fewer and no more."""

    def test_wrong_number(self) -> None:
        """Else it is a syntax error that shows the form."""
        for line, form in (
            (b"authenticate", "authenticate USER PASSWORD"),
            (b"authenticate alice", "authenticate USER PASSWORD"),
            (b"authenticate alice my secret", "authenticate USER PASSWORD"),
            (b"available 1", "available"),
            (b"slots all", "slots"),
            (b"selection", "selection INDEX"),
            (b"selection 1 2", "selection INDEX"),
            (b"cancel", "cancel INDEX"),
            (b"cancel 1 2", "cancel INDEX"),
            (b"schedule alice bob", "schedule [PATIENT]"),
            (b"patients", "patients INDEX"),
            (b"patients 1 2", "patients INDEX"),
            (b"help me", "help"),
            (b"quit now", "quit"),
        ):
            refusal = malformed_of(line).refusal
            self.assertIs(refusal.code, Code.SYNTAX, line)
            self.assertEqual(refusal.text, f"expected: {form}")

    def test_selection_takes_any_word(self) -> None:
        """Whether a word is an index of this center is not a matter of syntax."""
        for index in ("0", "-1", "x", "99999999999", "@1"):
            self.assertEqual(
                request_of(f"selection {index}".encode()).command, Selection(index=index)
            )

    def test_indices(self) -> None:
        """``cancel`` and ``patients`` take digits only."""
        for index in (b"x", b"-1", b"1.", b"1\r", b"1\0", b"1234567890", "\u0661".encode()):
            self.assertIs(malformed_of(b"cancel " + index).refusal.code, Code.SYNTAX)
            self.assertIs(malformed_of(b"patients " + index).refusal.code, Code.SYNTAX)
        self.assertEqual(request_of(b"cancel 007").command, Cancel(index=7))

    def test_refusals_repeat_nothing(self) -> None:
        """What was asked is not told back: it may be a password."""
        for line in (b"authenticate alice my secret", b"secret", b"cancel secret", b"@secret"):
            self.assertNotIn("secret", malformed_of(line).refusal.text)


class TagTests(SynchronousTestCase):
    """A tag may stand before a request."""

    def test_tag(self) -> None:
        """The tag is what follows ``@``, in its own case."""
        self.assertEqual(
            request_of(b"@Tag-1 SELECTION 3"), Request(command=Selection(index="3"), tag="Tag-1")
        )

    def test_printable(self) -> None:
        """Any printable character will do, another ``@`` too."""
        self.assertEqual(request_of(b"@@@!~ help").tag, "@@!~")

    def test_length(self) -> None:
        """64 characters are a tag, 65 are none."""
        self.assertEqual(request_of(b"@" + b"t" * 64 + b" help").tag, "t" * 64)
        malformed = malformed_of(b"@" + b"t" * 65 + b" help")
        self.assertEqual((malformed.refusal.code, malformed.tag), (Code.SYNTAX, None))

    def test_no_tag(self) -> None:
        """Nothing behind ``@``, or something unprintable, is no tag, and none is echoed."""
        for line in (b"@", b"@ help", b"@\x7f help", b"@\xc3\xa9 help", b"@a\0 help", b"@a\r help"):
            malformed = malformed_of(line)
            self.assertEqual((malformed.refusal.code, malformed.tag), (Code.SYNTAX, None))

    def test_tag_alone(self) -> None:
        """A tag alone asks for nothing, but is echoed."""
        malformed = malformed_of(b"@t1 ")
        self.assertEqual((malformed.refusal.code, malformed.tag), (Code.SYNTAX, "t1"))

    def test_second_tag(self) -> None:
        """Only the first word is a tag."""
        malformed = malformed_of(b"@t1 @t2 help")
        self.assertEqual((malformed.refusal.code, malformed.tag), (Code.UNKNOWN_COMMAND, "t1"))

    def test_of_malformed(self) -> None:
        """What is malformed is answered with its tag too."""
        self.assertEqual(malformed_of(b"@t1 cancel x").tag, "t1")
        self.assertEqual(malformed_of(b"@t1 hello").tag, "t1")


class CanonicalTextTests(SynchronousTestCase):
    """What a tag stands for, when the request is refused for its form."""

    def test_text(self) -> None:
        """However a request was typed it is the same text, and another value another one."""
        for line in (b"cancel One TWO", b"@t \tCANCEL  One\tTWO ", b"Cancel One TWO"):
            self.assertEqual(malformed_of(line).text, "cancel One TWO")
        self.assertNotEqual(malformed_of(b"cancel one TWO").text, "cancel One TWO")

    def test_effect(self) -> None:
        """Refusals of requests with an effect are remembered, served here or not."""
        for keyword in EFFECTS:
            self.assertTrue(malformed_of(f"{keyword} a b c d e f".upper().encode()).has_effect)

    def test_no_effect(self) -> None:
        """Others are not."""
        for keyword in [*sorted(KEYWORDS - EFFECTS), "hello", "@t"]:
            self.assertFalse(malformed_of(f"{keyword} a b c d e f".encode()).has_effect)


class FormatTests(SynchronousTestCase):
    """What a client sends."""

    def test_served(self) -> None:
        """A command is one line, as people type it."""
        for line, command in SERVED:
            self.assertEqual(format_request(command), f"{line}\n".encode())

    def test_tag(self) -> None:
        """A tag precedes it."""
        self.assertEqual(format_request(Selection(index="3"), "t1"), b"@t1 selection 3\n")

    def test_bad_tags(self) -> None:
        """What is no tag is not sent as one."""
        for tag in ("", "a b", "t" * 65, "\u00e9", "a\n", "a\0"):
            self.assertRaises(ValueError, format_request, Help(), tag)

    def test_no_second_request(self) -> None:
        """No value smuggles in a word or a line."""
        for value in ("", "a b", "a\tb", " a", "a\n", "a\nquit", "a\r", "\r"):
            self.assertRaises(ValueError, format_request, Selection(index=value))
            self.assertRaises(ValueError, format_request, Schedule(patient=value))
            login = Authenticate(user="alice", password=value)
            self.assertRaises(ValueError, format_request, login)

    def test_length(self) -> None:
        """A line of 512 bytes is sent, a longer one would be refused by any center."""
        longest = LINE_BYTES - len("selection ")
        line = format_request(Selection(index="x" * longest))
        self.assertEqual(len(line), LINE_BYTES + 1)
        self.assertRaises(ValueError, format_request, Selection(index="x" * (longest + 1)))
        self.assertRaises(ValueError, format_request, Selection(index="\u00e9" * longest))

    @settings(deadline=None)
    @given(commands, st.none() | tags)
    def test_round_trip(self, command: Command, tag: str | None) -> None:
        """A center reads what the client meant."""
        line = format_request(command, tag)
        self.assertEqual(line.count(b"\n"), 1)
        self.assertEqual(parse_request(line[:-1]), Request(command=command, tag=tag))


class AnyBytesTests(SynchronousTestCase):
    """Whatever peers send."""

    @settings(deadline=None)
    @given(
        st.binary(max_size=LINE_BYTES)
        | st.lists(
            st.sampled_from(sorted(word.encode() for word in KEYWORDS))
            | st.sampled_from([b"@t", b"@", b" ", b"\t", b"1", b"\0", b"\r", b"\xff"]),
            max_size=8,
        ).map(b" ".join)
    )
    @example(b"@")
    @example(b"\0")
    def test_any_bytes(self, line: bytes) -> None:
        """A line asks for something, for nothing, or is refused; reading it never fails."""
        asked = parse_request(line)
        if asked is None:
            self.assertEqual(line.strip(b" \t"), b"")
        elif isinstance(asked, Malformed):
            self.assertIn(asked.refusal.code, (Code.SYNTAX, Code.UNKNOWN_COMMAND))
            self.assertEqual(asked.text, " ".join(words.split(asked.text)))
        else:
            assume(b"\r" not in line)
            again = format_request(asked.command, asked.tag)
            self.assertEqual(parse_request(again[:-1]), asked)
