"""Tests of the messages between centers: round trips, strictness, and that all of them fit."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.ids import SlotName, parse_appointment_id
from medappt.model.records import Contact, Cursor, Held, Listing, Page, RecordState
from medappt.model.refusals import Code, Refusal
from medappt.wire.envelope import (
    DATAGRAM_BYTES,
    HIGHEST,
    PAYLOAD_BYTES,
    Envelope,
    Header,
    Incarnation,
    Kind,
)
from medappt.wire.federation import (
    AuditHead,
    Confirm,
    Done,
    Gone,
    Heads,
    Hold,
    KeptHead,
    List,
    ListPage,
    Lost,
    Move,
    Moving,
    RecordIs,
    Release,
    Reply,
    Request,
    RequestKey,
    Stale,
    Status,
    Unwait,
    Wait,
    answers,
    fill_page,
    format_reply,
    format_request,
    format_stale,
    parse_reply,
    parse_request,
    parse_stale,
)

RUN = Incarnation(boot=3, random=bytes(range(16)))
KEY = RequestKey(sender="MTL", incarnation=RUN, sequence=5)
LONGEST_RUN = Incarnation(boot=HIGHEST, random=b"\xff" * 16)
LONGEST_KEY = RequestKey(sender="MTL", incarnation=LONGEST_RUN, sequence=HIGHEST)
LONGEST_ID = f"MTL-{HIGHEST}-{'f' * 64}-{HIGHEST}"
RECORD = "MTL-3-00ff-5"
LAST_SECOND = 4_102_444_799  # of 2099

runs = st.builds(
    Incarnation, boot=st.integers(0, HIGHEST), random=st.binary(min_size=16, max_size=16)
)
counts = st.integers(0, HIGHEST)
codes = st.builds(
    lambda day, part: f"QUE{part}{day:%d%m%y}",
    st.dates(datetime(2000, 1, 1).date(), datetime(2099, 12, 31).date()),  # noqa: DTZ001
    st.sampled_from("MAE"),
)
ids = st.from_regex(r"[A-Z]{3}-[0-9]{1,19}-[0-9a-f]{2,64}-[0-9]{1,19}", fullmatch=True)
names = st.text(
    st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=16
)  # at most 64 bytes
instants = st.integers(0, LAST_SECOND).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
heads = st.builds(AuditHead, sequence=counts, mac=st.binary(min_size=32, max_size=32))
hosts = st.from_regex(r"[A-Za-z0-9._:%-]{1,255}", fullmatch=True)
contacts = st.builds(
    Contact,
    name=st.none() | names,
    host=st.none() | hosts,
    port=st.none() | st.integers(1, 65_535),
)
texts = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=50)


def appointment(code: str, type_: str = "Dental") -> SlotName:
    parsed = parse_appointment_id(code)
    assert parsed is not None
    return SlotName(code=parsed, type=type_)


slot_names = st.builds(appointment, codes, names)


def row(start: int, code: str = "QUEA100227", free: int = 1, type_: str = "Dental") -> Listing:
    return Listing(
        name=appointment(code, type_), start=datetime.fromtimestamp(start, UTC), free=free
    )


@st.composite
def rows(draw: st.DrawFn, most: int = 30) -> tuple[Listing, ...]:
    """Rows of one type in their order."""
    type_ = draw(names)
    keys = draw(st.sets(st.tuples(st.integers(0, LAST_SECOND), codes), max_size=most))
    return tuple(
        row(start, code, draw(st.integers(0, 9_999)), type_) for start, code in sorted(keys)
    )


requests: st.SearchStrategy[Request[Any]] = st.one_of(
    st.builds(
        Hold,
        id=ids,
        name=slot_names,
        patient=st.from_regex(r"[A-Z]{3}P[0-9]{4}", fullmatch=True),
        replaces=st.none() | ids,
    ),
    *(st.builds(kind, id=ids) for kind in (Confirm, Release, Wait, Unwait, Status)),
    st.builds(
        Move,
        id=ids,
        page=st.builds(
            Page, options=st.lists(codes, max_size=32).map(tuple), is_last=st.booleans()
        ),
    ),
    st.builds(List, type=names, after=st.none() | st.builds(Cursor, start=instants, code=codes)),
    st.builds(Heads, head=heads),
)
replies: st.SearchStrategy[Reply] = st.one_of(
    st.builds(Held, start=instants, contact=contacts),
    st.builds(Refusal, code=st.sampled_from(Code), text=texts),
    st.builds(RecordIs, state=st.none() | st.sampled_from(RecordState)),
    st.builds(Moving, refused=st.none() | codes),
    st.builds(ListPage, rows=rows(), more=st.booleans()),
    st.builds(KeptHead, head=st.none() | heads),
    st.sampled_from([Done(), Lost(), Gone()]),
)


def sealed_length(payload: bytes) -> int:
    header = Header(
        sender="MTL", receiver="QUE", incarnation=LONGEST_RUN, number=HIGHEST, kind=Kind.REPLY
    )
    return len(Envelope([bytes(32)]).seal(header, payload))


class RoundTripTests(SynchronousTestCase):
    """What is written is read as it was meant, in one form only."""

    @settings(deadline=None)
    @given(counts, requests)
    def test_requests(self, sequence: int, request: Request[Any]) -> None:
        """Every request arrives with its key."""
        payload = format_request(sequence, request)
        key = RequestKey(sender="MTL", incarnation=RUN, sequence=sequence)
        self.assertEqual(parse_request("MTL", RUN, payload), (key, request))
        self.assertLessEqual(len(payload), PAYLOAD_BYTES)

    @settings(deadline=None)
    @given(runs, counts, replies)
    def test_replies(self, run: Incarnation, sequence: int, reply: Reply) -> None:
        """Every reply arrives with the whole key of the request."""
        key = RequestKey(sender="MTL", incarnation=run, sequence=sequence)
        payload = format_reply(key, reply)
        self.assertEqual(parse_reply("MTL", payload), (key, reply))
        self.assertLessEqual(len(payload), PAYLOAD_BYTES)

    @settings(deadline=None)
    @given(runs, counts)
    def test_stale(self, run: Incarnation, highest: int) -> None:
        """A STALE names the run that was refused and the highest that was heard."""
        stale = Stale(refused=run, highest=highest)
        self.assertEqual(parse_stale(format_stale(stale)), stale)

    def test_forms(self) -> None:
        """The bytes on the wire are these."""
        hold = Hold(id=RECORD, name=appointment("QUEA100227"), patient="MTLP2345")
        self.assertEqual(
            format_request(7, hold),
            b'[7,"HOLD","MTL-3-00ff-5",["QUEA100227","Dental"],"MTLP2345",null]',
        )
        self.assertEqual(
            format_reply(KEY, Moving(refused=None)),
            b'[[3,"000102030405060708090a0b0c0d0e0f"],5,"MOVING",null]',
        )
        page = ListPage(rows=(row(1000), row(1060, "QUEE100227", 0)), more=True)
        self.assertTrue(
            format_reply(KEY, page).endswith(
                b'"ROWS",["Dental",1000,"QUEA100227",1,60,"QUEE100227",0],true]'
            )
        )

    def test_time_zones(self) -> None:
        """A start is an instant, in whatever time zone it is told."""
        west = datetime(2027, 2, 10, 8, tzinfo=timezone(timedelta(hours=-5)))
        held = Held(start=west, contact=Contact())
        self.assertEqual(parse_reply("MTL", format_reply(KEY, held)), (KEY, held))

    def test_text_for_people(self) -> None:
        """The text of a refusal is escaped and cut rather than lost."""
        for text, arrives in (("a\nb", "a\\nb"), ("é" * 150, "é" * 100), ("\udcff", "\\udcff")):
            payload = format_reply(KEY, Refusal(code=Code.FULL, text=text))
            self.assertEqual(
                parse_reply("MTL", payload), (KEY, Refusal(code=Code.FULL, text=arrives))
            )


class StrictnessTests(SynchronousTestCase):
    """Whatever is not in the canonical form is no message, and nothing else happens."""

    @settings(deadline=None)
    @given(st.binary(max_size=PAYLOAD_BYTES + 10))
    @example(b"[" * PAYLOAD_BYTES)
    @example(b"\xff")
    @example(b"[]" + b" " * PAYLOAD_BYTES)
    def test_any_bytes(self, payload: bytes) -> None:
        """Whatever bytes come, nothing is raised."""
        self.assertIsNone(parse_request("MTL", RUN, payload))
        self.assertIsNone(parse_reply("MTL", payload))
        self.assertIsNone(parse_stale(payload))

    json_values = st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=5)
        | st.sampled_from(
            ["HOLD", "MOVE", "LIST", "ROWS", "HELD", "NO", "full", RECORD, "00" * 16]
        ),
        lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=2),
        max_leaves=10,
    )

    @settings(deadline=None, max_examples=300)
    @given(json_values, st.sampled_from(["HOLD", "CONFIRM", "MOVE", "LIST", "HEADS"]))
    @example([5, "HOLD", RECORD], "HOLD")
    def test_any_values(self, value: Any, word: str) -> None:
        """Whatever JSON comes, it is read as the one message it is, or not at all."""
        for candidate in (
            value,
            [1, word, *value] if isinstance(value, list) else [1, word, value],
        ):
            payload = json.dumps(candidate, ensure_ascii=False).encode("utf-8", "surrogatepass")
            request = parse_request("MTL", RUN, payload)
            if request is not None:
                self.assertEqual(format_request(request[0].sequence, request[1]), payload)
            self.assertIsNone(parse_reply("MTL", payload))

    def test_other_forms(self) -> None:
        """Blanks, other spellings of a number or a text, more values or fewer: no message."""
        payload = format_request(7, Confirm(id=RECORD))
        self.assertIsNotNone(parse_request("MTL", RUN, payload))
        for other in (
            payload.replace(b",", b", "),
            payload + b" ",
            payload.replace(b"7", b"7.0"),
            payload.replace(b"7", b"true"),
            payload.replace(b"7", b"-7"),
            payload.replace(b"7", str(HIGHEST + 1).encode()),
            payload.replace(b"7", b'"7"'),
            payload.replace(b"CONFIRM", b"confirm"),
            payload.replace(b"CONFIRM", b"DONE"),
            payload.replace(b"CONFIRM", b"\\u0043ONFIRM"),
            payload.replace(b"]", b",null]"),
            b'[7,"CONFIRM"]',
            b'[7,["CONFIRM"]]',
            b'{"a":1}',
            b"7",
            b"",
        ):
            self.assertIsNone(parse_request("MTL", RUN, other), other)

    def request_values(self, word: str, *values: object) -> object:
        payload = json.dumps([1, word, *values], separators=(",", ":")).encode()
        return parse_request("MTL", RUN, payload)

    def reply_values(self, word: str, *values: object) -> object:
        run = [3, bytes(16).hex()]
        payload = json.dumps([run, 1, word, *values], separators=(",", ":")).encode()
        return parse_reply("MTL", payload)

    def test_wrong_values_in_requests(self) -> None:
        """IDs, names, patients and cursors are of their form, or the request is none."""
        slot = ["QUEA100227", "Dental"]
        cursor = [1, "QUEA100227"]
        mac = "00" * 32
        for word, *right in (
            ("HOLD", RECORD, slot, "MTLP2345", None),
            ("HOLD", RECORD, slot, "MTLP2345", RECORD),
            ("MOVE", RECORD, [[], True]),
            ("LIST", "Dental", None),
            ("LIST", "Dental", cursor),
            ("HEADS", [1, mac]),
        ):
            self.assertIsNotNone(self.request_values(word, *right), right)
        for word, *wrong in (
            ("HOLD", "MTL", slot, "MTLP2345", None),
            ("HOLD", 5, slot, "MTLP2345", None),
            ("HOLD", RECORD, ["QUEX100227", "Dental"], "MTLP2345", None),
            ("HOLD", RECORD, ["QUEM310227", "Dental"], "MTLP2345", None),
            ("HOLD", RECORD, ["QUEA100227", "Den tal"], "MTLP2345", None),
            ("HOLD", RECORD, ["QUEA100227", ""], "MTLP2345", None),
            ("HOLD", RECORD, ["QUEA100227", "é" * 33], "MTLP2345", None),
            ("HOLD", RECORD, ["QUEA100227", "a\u0007"], "MTLP2345", None),
            ("HOLD", RECORD, ["QUEA100227"], "MTLP2345", None),
            ("HOLD", RECORD, "QUEA100227", "MTLP2345", None),
            ("HOLD", RECORD, slot, "MTLA2345", None),
            ("HOLD", RECORD, slot, "bob", None),
            ("HOLD", RECORD, slot, "MTLP2345", "5"),
            ("HOLD", RECORD, slot, "MTLP2345"),
            ("MOVE", RECORD, [["QUEA100227"] * 33, True]),
            ("MOVE", RECORD, [["QUEX100227"], True]),
            ("MOVE", RECORD, [None, True]),
            ("MOVE", RECORD, [[], 1]),
            ("MOVE", RECORD, [[]]),
            ("MOVE", RECORD, None),
            ("LIST", None, None),
            ("LIST", "Dental", [-1, "QUEA100227"]),
            ("LIST", "Dental", [2**40, "QUEA100227"]),
            ("LIST", "Dental", [1, "QUE"]),
            ("LIST", "Dental", [1]),
            ("HEADS", None),
            ("HEADS", [1, mac[2:]]),
            ("HEADS", [1, "AB" * 32]),
            ("HEADS", [1, "x" * 64]),
            ("HEADS", [1, 5]),
        ):
            self.assertIsNone(self.request_values(word, *wrong), wrong)

    def test_wrong_values_in_replies(self) -> None:
        """Starts, contacts, codes and rows are of their form, or the reply is none."""
        nobody = [None, None, None]
        for word, *right in (
            ("HELD", 1, ["doc1", "127.0.0.1", 41000]),
            ("HELD", 1, nobody),
            ("NO", "full", ""),
            ("IS", None),
            ("IS", "ACTIVE"),
            ("ROWS", [], False),
            ("ROWS", ["Dental", 1, "QUEA100227", 9_999], False),
        ):
            self.assertIsNotNone(self.reply_values(word, *right), right)
        for word, *wrong in (
            ("HELD", None, nobody),
            ("HELD", 1.5, nobody),
            ("HELD", 1, ["doc1", "127.0.0.1"]),
            ("HELD", 1, ["doc 1", None, None]),
            ("HELD", 1, [None, "a b", None]),
            ("HELD", 1, [None, None, 0]),
            ("HELD", 1, [None, None, 65_536]),
            ("NO", "sold-out", ""),
            ("NO", ["full"], ""),
            ("NO", "full", None),
            ("NO", "full", "a\nb"),
            ("NO", "full", "x" * 201),
            ("IS", "GONE"),
            ("IS", 1),
            ("ROWS", ["Dental"], False),
            ("ROWS", ["Dental", 1], False),
            ("ROWS", ["Dental", 1, "QUEA100227", 10_000], False),
            ("ROWS", ["Dental", 1, "QUEA100227", 1, 0, "QUEA100227", 1], False),
            ("ROWS", ["Dental", 9, "QUEA100227", 1, -1, "QUEE100227", 1], False),
            ("ROWS", ["Dental", 2**33, "QUEA100227", 1, 1, "QUEE100227", 1], False),
            ("ROWS", [5, 1, "QUEA100227", 1], False),
            ("ROWS", None, False),
            ("DONE", None),
        ):
            self.assertIsNone(self.reply_values(word, *wrong), wrong)

    def test_wrong_keys(self) -> None:
        """A reply or a STALE without a run and a number is none."""
        for run in (None, [1], [1, "00"], [-1, "00" * 16], [1, "AA" * 16], [1, 5]):
            payload = json.dumps([run, 1, "DONE"], separators=(",", ":")).encode()
            self.assertIsNone(parse_reply("MTL", payload), run)
            payload = json.dumps([run, 1], separators=(",", ":")).encode()
            self.assertIsNone(parse_stale(payload), run)
        for other in (b"[1]", b"[]", b'[[1,"' + b"00" * 16 + b'"],-1]'):
            self.assertIsNone(parse_stale(other), other)
        spread = format_stale(Stale(refused=RUN, highest=4)).replace(b",", b", ")
        self.assertIsNone(parse_stale(spread))
        self.assertIsNone(parse_reply("MTL", format_reply(KEY, Done()) + b" "))

    def test_what_cannot_travel(self) -> None:
        """A value that the other side would not read is not sent."""
        for request in (
            Confirm(id="5"),
            Move(id=RECORD, page=Page(options=("QUEA100227",) * 33, is_last=True)),
            Hold(id=RECORD, name=appointment("QUEA100227", "a b"), patient="MTLP2345"),
            Hold(id=RECORD, name=appointment("QUEA100227"), patient="bob"),
            Heads(head=AuditHead(sequence=1, mac=b"")),
            List(type="Dental", after=Cursor(start=datetime(2027, 1, 1), code="QUEA100227")),  # noqa: DTZ001
        ):
            with self.assertRaises(ValueError):
                format_request(1, request)
        with self.assertRaises(ValueError):
            format_request(-1, Confirm(id=RECORD))
        fraction = datetime(2027, 1, 1, microsecond=1, tzinfo=UTC)
        with self.assertRaises(ValueError):
            format_reply(KEY, Held(start=fraction, contact=Contact()))

    def test_rows_in_another_order(self) -> None:
        """A page is by start, then ID, of one type, without doubles; else it is not sent."""
        for wrong in (
            (row(2), row(1)),
            (row(1), row(1)),
            (row(1, "QUEM100227"), row(1, "QUEA100227")),
            (row(1), row(2, type_="Surgeon")),
        ):
            with self.assertRaises(ValueError):
                format_reply(KEY, ListPage(rows=wrong, more=False))


class PairTests(SynchronousTestCase):
    """Requests have their replies."""

    def test_answers(self) -> None:
        """Only what a request can be answered with answers it."""
        self.assertTrue(answers(Confirm(id=RECORD), Lost()))
        self.assertTrue(answers(Release(id=RECORD), Done()))
        self.assertFalse(answers(Release(id=RECORD), Lost()))
        self.assertFalse(answers(Status(id=RECORD), Done()))

    @settings(deadline=None)
    @given(requests)
    def test_every_request_has_answers(self, request: Request[Any]) -> None:
        """No request is without an answer, and none takes all."""
        every: list[Reply] = [
            Held(start=datetime(2027, 1, 1, tzinfo=UTC), contact=Contact()),
            Refusal(code=Code.FULL, text=""),
            *(Done(), Lost(), Gone(), RecordIs(state=None), Moving(refused=None)),
            *(ListPage(rows=(), more=False), KeptHead(head=None)),
        ]
        self.assertIn(sum(answers(request, reply) for reply in every), (1, 2))


class LengthTests(SynchronousTestCase):
    """Everything fits a datagram of 1,200 bytes."""

    def test_longest_requests(self) -> None:
        """The longest request there can be fits."""
        mac = b"\xff" * 32
        name = appointment("QUEA100227", '"' * 64)
        for request in (
            Hold(id=LONGEST_ID, name=name, patient="MTLP2345", replaces=LONGEST_ID),
            Confirm(id=LONGEST_ID),
            Move(id=LONGEST_ID, page=Page(options=("QUEA100227",) * 32, is_last=False)),
            List(
                type='"' * 64,
                after=Cursor(start=datetime.fromtimestamp(2**33, UTC), code="QUEA100227"),
            ),
            Heads(head=AuditHead(sequence=HIGHEST, mac=mac)),
        ):
            length = sealed_length(format_request(HIGHEST, request))
            self.assertLessEqual(length, DATAGRAM_BYTES)

    def test_longest_replies(self) -> None:
        """The longest reply there can be fits."""
        contact = Contact(name="\\" * 64, host="h" * 255, port=65_535)
        for reply in (
            Held(start=datetime.fromtimestamp(2**33, UTC), contact=contact),
            Refusal(code=Code.UNKNOWN_COMMAND, text='"' * 500),
            KeptHead(head=AuditHead(sequence=HIGHEST, mac=b"\xff" * 32)),
            Moving(refused="QUEA100227"),
        ):
            self.assertLessEqual(sealed_length(format_reply(LONGEST_KEY, reply)), DATAGRAM_BYTES)

    def test_too_many_rows(self) -> None:
        """A page that is too long is not sent."""
        many = tuple(row(start) for start in range(100))
        with self.assertRaises(ValueError):
            format_reply(KEY, ListPage(rows=many, more=False))

    def test_pages(self) -> None:
        """A week of slots takes few pages; each is full and says that others follow."""
        starts = [1_800_000_000 + 18_000 * number for number in range(84)]
        left = [row(start, free=20) for start in starts]
        pages = []
        while left:
            page = fill_page(left)
            self.assertLessEqual(sealed_length(format_reply(LONGEST_KEY, page)), DATAGRAM_BYTES)
            pages.append(len(page.rows))
            left = left[len(page.rows) :]
            self.assertEqual(page.more, bool(left))
        self.assertEqual(sum(pages), 84)
        self.assertEqual(len(pages), 2)

    def test_rows_behind(self) -> None:
        """A page that holds all rows given says what it was told about those behind."""
        self.assertFalse(fill_page([row(1)]).more)
        self.assertTrue(fill_page([row(1)], more=True).more)
        self.assertEqual(fill_page([]), ListPage(rows=(), more=False))

    @settings(deadline=None)
    @given(rows(most=60))
    def test_any_rows(self, listings: tuple[Listing, ...]) -> None:
        """Whatever the rows, a page fits, is a beginning of them, and one row more would not."""
        page = fill_page(listings)
        self.assertLessEqual(sealed_length(format_reply(LONGEST_KEY, page)), DATAGRAM_BYTES)
        self.assertEqual(page.rows, listings[: len(page.rows)])
        self.assertEqual(page.more, len(page.rows) < len(listings))
        if page.more:
            self.assertGreater(len(page.rows), 0)
            with self.assertRaises(ValueError):
                one_more = ListPage(rows=listings[: len(page.rows) + 1], more=False)
                format_reply(LONGEST_KEY, one_more)
