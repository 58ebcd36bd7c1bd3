"""Tests of the messages between centers: what is none."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.records import Contact, Cursor, Held, Page
from medappt.wire.envelope import (
    HIGHEST,
    PAYLOAD_BYTES,
)
from medappt.wire.federation import (
    AuditHead,
    Confirm,
    Done,
    Entries,
    Heads,
    Hold,
    List,
    ListPage,
    Move,
    Stale,
    format_reply,
    format_request,
    format_stale,
    parse_reply,
    parse_request,
    parse_stale,
)
from tests.wire.messages import (
    KEY,
    RECORD,
    RUN,
    appointment,
    entry,
    row,
)

ENTRY: list[Any] = [RECORD, "TAKEN", "QUEA100227", "Dental", 1, "MTLP2345"]


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

    def test_wrong_values_in_entries(self) -> None:
        """Entries and their values are of their form, or the reply is none."""
        unheard = [*ENTRY[:4], None, ENTRY[5]]
        for right in ([], [ENTRY], [unheard]):
            self.assertIsNotNone(self.reply_values("ENTRIES", right, True), right)
        for entries in ([ENTRY, ENTRY], [ENTRY[:5]], [None], None):
            self.assertIsNone(self.reply_values("ENTRIES", entries, False), entries)
        for place in range(len(ENTRY)):
            wrong = [*ENTRY[:place], 5.5, *ENTRY[place + 1 :]]
            self.assertIsNone(self.reply_values("ENTRIES", [wrong], False), wrong)

    def test_entries_in_another_order(self) -> None:
        """Entries are by ID, each once; else they are not sent."""
        first, second = entry("MTL-1-00-1"), entry("MTL-1-00-2")
        for wrong in ((second, first), (first, first)):
            with self.assertRaises(ValueError):
                format_reply(KEY, Entries(entries=wrong, more=False))

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
