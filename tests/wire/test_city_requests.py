"""Tests of the requests that only a center with a city serves (section 4)."""

from __future__ import annotations

from datetime import date

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.identity import Role
from medappt.model.ids import AppointmentId, Part, PersonId, SlotName
from medappt.model.limits import LINE_BYTES
from medappt.model.refusals import Code
from medappt.wire import words
from medappt.wire.city_requests import (
    MOST_CAPACITY,
    Add,
    Book,
    CancelId,
    CancelIndexFor,
    CityCommand,
    ListSlots,
    Notices,
    Remove,
    SlotPatients,
    Swap,
    parse_capacity,
)
from medappt.wire.requests import (
    CITY,
    EFFECTS,
    KEYWORDS,
    NUMBERED,
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

CODE = AppointmentId(city="MTL", part=Part.AFTERNOON, day=date(2027, 2, 10))
LATER = AppointmentId(city="QUE", part=Part.EVENING, day=date(2027, 2, 11))
DENTAL = SlotName(code=CODE, type="Dental")
SURGEON = SlotName(code=LATER, type="Surgeon")
PAT = PersonId(city="MTL", role=Role.PATIENT, number=2345)

OF_CITY: tuple[tuple[str, CityCommand], ...] = (
    ("list Dental", ListSlots(type="Dental")),
    ("book MTLA100227 Dental", Book(slot=DENTAL)),
    ("book MTLA100227 Dental MTLP2345", Book(slot=DENTAL, patient=PAT)),
    ("cancel MTLA100227", CancelId(code=CODE)),
    ("cancel MTLA100227 Dental", CancelId(code=CODE, type="Dental")),
    ("cancel MTLA100227 MTLP2345", CancelId(code=CODE, patient=PAT)),
    ("cancel MTLA100227 Dental MTLP2345", CancelId(code=CODE, type="Dental", patient=PAT)),
    ("cancel 3 MTLP2345", CancelIndexFor(index=3, patient=PAT)),
    ("swap MTLA100227 Dental QUEE110227 Surgeon", Swap(old=DENTAL, new=SURGEON)),
    (
        "swap MTLA100227 Dental QUEE110227 Surgeon MTLP2345",
        Swap(old=DENTAL, new=SURGEON, patient=PAT),
    ),
    ("patients MTLA100227 Dental", SlotPatients(slot=DENTAL)),
    ("add MTLA100227 Dental 12", Add(slot=DENTAL, capacity=12)),
    ("remove MTLA100227 Dental", Remove(slot=DENTAL)),
    ("remove MTLA100227 Dental preview", Remove(slot=DENTAL, preview=True)),
    ("notices", Notices()),
    ("notices 3", Notices(told=3)),
)
NUMBERED_TOO: tuple[tuple[str, Command], ...] = (
    ("authenticate MTLP2345 secret", Authenticate(user="MTLP2345", password="secret")),
    ("available", Available()),
    ("slots", Slots()),
    ("selection 3", Selection(index="3")),
    ("cancel 3", Cancel(index=3)),
    ("schedule", Schedule()),
    ("schedule MTLP2345", Schedule(patient="MTLP2345")),
    ("patients 3", Patients(index=3)),
    ("help", Help()),
    ("quit", Quit()),
)

BOOK_FORM = "book ID TYPE [PATIENT]"
CANCEL_FORM = "cancel ID [TYPE] [PATIENT] or cancel INDEX [PATIENT]"
SWAP_FORM = "swap OLDID OLDTYPE NEWID NEWTYPE [PATIENT]"
PATIENTS_FORM = "patients ID TYPE or patients INDEX"
ADD_FORM = "add ID TYPE CAPACITY, from 1 to 9999"
REMOVE_FORM = "remove ID TYPE [preview]"

NO_IDS = (
    *("", "MTLA10022", "MTLA1002277", "MTLA10022027"),  # of another length
    *("mtlA100227", "MT1A100227", "MTA100227", "\u00c9TLA100227"),  # of another city form
    *("MTLX100227", "MTLa100227", "MTLP100227"),  # of another letter
    *("MTLA300227", "MTLA290227", "MTLA001227", "MTLA101327", "MTLA000000"),  # no such day
    *("MTLA10022\u0667", "MTLA-10227", "MTLA100227\0", "MTLA100227\r", "MTLP2345"),
)
NO_PATIENTS = ("alice", "MTLP234", "MTLP23456", "MTLX2345", "mtlP2345", "MTLp2345", "MTLP234\u0665")
NO_CAPACITIES = (
    *("0", "0000", "-3", "+3", "10000", "1000000000", "00001", "1.5", "1e3", "x", "", "\u0663"),
    "9" * 400,
)

letters = st.text(st.characters(min_codepoint=0x41, max_codepoint=0x5A), min_size=3, max_size=3)
codes = st.builds(
    AppointmentId,
    city=letters,
    part=st.sampled_from(Part),
    day=st.dates(date(2000, 1, 1), date(2099, 12, 31)),
)
types = (
    st.binary(min_size=1, max_size=40)
    .map(lambda data: words.decode(data.translate(None, b" \t\r\n")))
    .filter(bool)
)
slots = st.builds(SlotName, code=codes, type=types)
people = st.builds(PersonId, city=letters, role=st.sampled_from(Role), number=st.integers(0, 9999))
patients = st.none() | people
city_commands = st.one_of(
    st.builds(ListSlots, type=types),
    st.builds(Book, slot=slots, patient=patients),
    st.builds(CancelId, code=codes, type=st.none() | types, patient=patients),
    st.builds(CancelIndexFor, index=st.integers(0, 999_999_999), patient=people),
    st.builds(Swap, old=slots, new=slots, patient=patients),
    st.builds(SlotPatients, slot=slots),
    st.builds(Add, slot=slots, capacity=st.integers(1, MOST_CAPACITY)),
    st.builds(Remove, slot=slots, preview=st.booleans()),
    st.builds(Notices, told=st.none() | st.integers(0, 999_999_999)),
)
tags = st.none() | st.from_regex(r"[!-~]{1,64}", fullmatch=True)


def asked_of(line: str) -> Request | Malformed:
    """What a center with a city makes of a line that is not empty."""
    asked = parse_request(words.encode(line), CITY)
    assert asked is not None, line
    return asked


class VocabularyTests(SynchronousTestCase):
    """What is served depends on whether the center has a city."""

    def test_city(self) -> None:
        """A center with a city serves slots by ID and type."""
        for line, command in OF_CITY:
            self.assertEqual(asked_of(line), Request(command=command), line)

    def test_numbered_too(self) -> None:
        """It serves the numbered slots of its settings as well."""
        for line, command in NUMBERED_TOO:
            self.assertEqual(asked_of(line), Request(command=command), line)

    def test_all_keywords(self) -> None:
        """Every word of the protocol is served by a center with a city, and one more."""
        self.assertEqual(set(CITY), KEYWORDS | {"notices"})
        self.assertLess(set(NUMBERED), KEYWORDS)

    def test_none_without_city(self) -> None:
        """In a center without a city none of these requests is one."""
        for line, command in OF_CITY:
            for asked in (parse_request(line.encode()), parse_request(line.encode(), NUMBERED)):
                assert isinstance(asked, Malformed)
                unknown = not isinstance(command, CancelId | CancelIndexFor | SlotPatients)
                self.assertIs(
                    asked.refusal.code, Code.UNKNOWN_COMMAND if unknown else Code.SYNTAX, line
                )

    def test_unknown(self) -> None:
        """What is no word of the protocol is unknown with a city too."""
        asked = asked_of("move MTLA100227 Dental")
        assert isinstance(asked, Malformed)
        self.assertIs(asked.refusal.code, Code.UNKNOWN_COMMAND)

    def test_case(self) -> None:
        """Keywords are case-insensitive, the last of ``remove`` too; values are not."""
        self.assertEqual(
            asked_of("@T REMOVE MTLA100227 dental PreView"),
            Request(command=Remove(slot=SlotName(code=CODE, type="dental"), preview=True), tag="T"),
        )


class FormTests(SynchronousTestCase):
    """A request of another form is refused with the form it should have."""

    def assert_form(self, line: str, form: str) -> None:
        asked = asked_of(line)
        assert isinstance(asked, Malformed), line
        self.assertIs(asked.refusal.code, Code.SYNTAX, line)
        self.assertEqual(asked.refusal.text, f"expected: {form}", line)
        self.assertEqual(asked.has_effect, line.split()[0] in EFFECTS)

    def test_number_of_words(self) -> None:
        """A request has the words it needs, no fewer and no more."""
        for lines, form in (
            (("list", "list Dental Surgeon"), "list TYPE"),
            (("book", "book MTLA100227", "book MTLA100227 Dental MTLP2345 x"), BOOK_FORM),
            (("cancel", "cancel MTLA100227 Dental Surgeon"), CANCEL_FORM),
            (("cancel MTLA100227 Dental Surgeon MTLP2345",), CANCEL_FORM),
            (("cancel 3 Dental MTLP2345", "cancel 3 Dental", "cancel 3 4"), CANCEL_FORM),
            (("cancel MTLP2345",), CANCEL_FORM),
            (("swap MTLA100227 Dental", "swap MTLA100227 Dental QUEE110227"), SWAP_FORM),
            (("swap MTLA100227 Dental QUEE110227 Surgeon MTLP2345 x",), SWAP_FORM),
            (("patients", "patients MTLA100227", "patients MTLA100227 Dental x"), PATIENTS_FORM),
            (("add MTLA100227 Dental", "add MTLA100227 Dental 1 2"), ADD_FORM),
            (("remove", "remove MTLA100227", "remove MTLA100227 Dental now"), REMOVE_FORM),
            (("remove MTLA100227 Dental preview preview",), REMOVE_FORM),
            (("schedule MTLP2345 MTLP2346",), "schedule [PATIENT]"),
            (("notices 1 2", "notices x", "notices -1"), "notices [NUMBER]"),
        ):
            for line in lines:
                self.assert_form(line, form)

    def test_ids(self) -> None:
        """An ID has the form of R9, and its day exists."""
        for word in NO_IDS:
            for line, form in (
                (f"book {word} Dental", BOOK_FORM),
                (f"cancel {word} Dental", CANCEL_FORM),
                (f"swap {word} Dental QUEE110227 Surgeon", SWAP_FORM),
                (f"swap MTLA100227 Dental {word} Surgeon", SWAP_FORM),
                (f"patients {word} Dental", PATIENTS_FORM),
                (f"add {word} Dental 1", ADD_FORM),
                (f"remove {word} Dental", REMOVE_FORM),
            ):
                self.assert_form(line, form)

    def test_days(self) -> None:
        """The 29th of February is a day in leap years only."""
        self.assertEqual(
            asked_of("cancel MTLM290228"),
            Request(
                command=CancelId(
                    code=AppointmentId(city="MTL", part=Part.MORNING, day=date(2028, 2, 29))
                )
            ),
        )
        self.assert_form("cancel MTLM290227", CANCEL_FORM)

    def test_patients(self) -> None:
        """A patient is named by the form of R9."""
        for word in NO_PATIENTS:
            self.assert_form(f"book MTLA100227 Dental {word}", BOOK_FORM)
            self.assert_form(f"cancel MTLA100227 Dental {word}", CANCEL_FORM)
            self.assert_form(f"cancel 3 {word}", CANCEL_FORM)
            self.assert_form(f"swap MTLA100227 Dental QUEE110227 Surgeon {word}", SWAP_FORM)
            self.assert_form(f"schedule {word}", "schedule [PATIENT]")

    def test_capacities(self) -> None:
        """A capacity is from 1 to 9999, in digits, and no peer can make us count for long."""
        for word in NO_CAPACITIES:
            self.assert_form(f"add MTLA100227 Dental {word}", ADD_FORM)
            self.assertIsNone(parse_capacity(word))
        for word, capacity in (("1", 1), ("9999", 9999), ("0010", 10)):
            self.assertEqual(
                asked_of(f"add MTLA100227 Dental {word}"),
                Request(command=Add(slot=DENTAL, capacity=capacity)),
            )

    def test_indices(self) -> None:
        """What is no index and no ID is neither a slot to cancel nor one to look into."""
        for word in ("x", "-1", "1.", "1\0", "1234567890", "\u0661"):
            self.assert_form(f"cancel {word}", CANCEL_FORM)
            self.assert_form(f"cancel {word} MTLP2345", CANCEL_FORM)
            self.assert_form(f"patients {word}", PATIENTS_FORM)

    def test_existence_is_no_form(self) -> None:
        """Whether a type or a patient exists is not a matter of syntax."""
        doctor = PersonId(city="XYZ", role=Role.ADMINISTRATOR, number=0)
        self.assertEqual(
            asked_of("book MTLA100227 \u00e9 XYZA0000"),
            Request(command=Book(slot=SlotName(code=CODE, type="\u00e9"), patient=doctor)),
        )


class CancelTests(SynchronousTestCase):
    """The last word of ``cancel`` may be a type or a patient."""

    def test_patient_last(self) -> None:
        """One of the form of a patient's ID is the patient, with or without a type before it."""
        self.assertEqual(
            asked_of("cancel MTLA100227 MTLP9999 MTLP2345"),
            Request(command=CancelId(code=CODE, type="MTLP9999", patient=PAT)),
        )

    def test_type_like_a_patient(self) -> None:
        """So a type of that form cannot be sent as the last word: it would be misread."""
        self.assertRaises(ValueError, format_request, CancelId(code=CODE, type="MTLP2345"))
        line = format_request(CancelId(code=CODE, type="MTLP9999", patient=PAT))
        self.assertEqual(line, b"cancel MTLA100227 MTLP9999 MTLP2345\n")


class FormatTests(SynchronousTestCase):
    """What a client sends."""

    def test_lines(self) -> None:
        """A command is one line, as people type it."""
        for line, command in (*OF_CITY, *NUMBERED_TOO):
            self.assertEqual(format_request(command), f"{line}\n".encode())

    def test_tag(self) -> None:
        """A tag precedes it."""
        line = format_request(Book(slot=DENTAL), "t1")
        self.assertEqual(line, b"@t1 book MTLA100227 Dental\n")

    def test_no_second_request(self) -> None:
        """No type smuggles in a word or a line, or makes the line too long."""
        for type_ in ("", "a b", "a\tb", "a\nquit", "a\r", "x" * LINE_BYTES):
            slot = SlotName(code=CODE, type=type_)
            for command in (
                ListSlots(type=type_),
                Book(slot=slot),
                CancelId(code=CODE, type=type_),
                Swap(old=DENTAL, new=slot),
                Remove(slot=slot),
            ):
                self.assertRaises(ValueError, format_request, command)

    @settings(deadline=None)
    @given(city_commands, tags)
    @example(CancelId(code=CODE, type="MTLP2345"), None)
    @example(Remove(slot=SlotName(code=CODE, type="preview")), "t")
    def test_round_trip(self, command: CityCommand, tag: str | None) -> None:
        """A center reads what the client meant."""
        try:
            line = format_request(command, tag)
        except ValueError:
            assert isinstance(command, CancelId), command
            self.assertIsNone(command.patient)
            return
        self.assertEqual(line.count(b"\n"), 1)
        self.assertEqual(parse_request(line[:-1], CITY), Request(command=command, tag=tag))


class AnyBytesTests(SynchronousTestCase):
    """Whatever peers send."""

    @settings(deadline=None, max_examples=300)
    @given(
        st.binary(max_size=LINE_BYTES)
        | st.lists(
            st.sampled_from(
                [
                    *sorted(word.encode() for word in KEYWORDS),
                    *(b"MTLA100227", b"QUEE310227", b"MTLP2345", b"Dental", b"preview", b"PREVIEW"),
                    *(b"@t", b"1", b"0", b"10000", b"\0", b"\xff", b"\r"),
                ]
            ),
            max_size=7,
        ).map(b" ".join)
    )
    def test_any_bytes(self, line: bytes) -> None:
        """A line asks for something, for nothing, or is refused; reading it never fails."""
        asked = parse_request(line, CITY)
        if asked is None:
            self.assertEqual(line.strip(b" \t"), b"")
        elif isinstance(asked, Malformed):
            self.assertIn(asked.refusal.code, (Code.SYNTAX, Code.UNKNOWN_COMMAND))
        else:
            assume(b"\r" not in line)
            again = format_request(asked.command, asked.tag)
            self.assertEqual(parse_request(again[:-1], CITY), asked)
