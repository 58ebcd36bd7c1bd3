"""Tests of the messages between centers: round trips, and what answers what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import given, settings
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.records import Contact, Held
from medappt.model.refusals import Code, Refusal
from medappt.wire.envelope import (
    PAYLOAD_BYTES,
    Incarnation,
)
from medappt.wire.federation import (
    Confirm,
    Done,
    Entries,
    Gone,
    Hold,
    KeptHead,
    ListPage,
    Lost,
    Moving,
    RecordIs,
    Release,
    Reply,
    Request,
    RequestKey,
    Stale,
    Status,
    answers,
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
    counts,
    replies,
    requests,
    row,
    runs,
)


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
            *(ListPage(rows=(), more=False), KeptHead(head=None), Entries(entries=(), more=False)),
        ]
        self.assertIn(sum(answers(request, reply) for reply in every), (1, 2))
