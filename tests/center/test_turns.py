"""Turns: replies in the order of requests, whatever the order of their making."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from medappt.center.footprints import ALONE
from medappt.center.turns import EndOfInput, Overlong, Turn, Turns
from medappt.wire.replies import Invalid, format_reply
from medappt.wire.requests import Available, Cancel, Help, Request, Selection

STORE = Request(command=Cancel(index=1))
READ = Request(command=Available())


class TurnsTests(SynchronousTestCase):
    """Who starts when, and who is answered when."""

    def setUp(self) -> None:
        self.started: list[Turn] = []
        self.sent: list[bytes] = []
        self.turns = Turns(self.started.append, format_reply, self.sent.append)

    def test_what_the_store_answers_overlaps(self) -> None:
        """Reads wait for it, and it waits for reads."""
        for asked in (STORE, STORE, READ, STORE, STORE):
            self.turns.add(asked)
        self.assertEqual(len(self.started), 2)
        self.turns.complete(self.started[1], b"b")
        self.assertEqual((len(self.started), self.sent), (2, []))
        self.turns.complete(self.started[0], b"a")
        self.assertEqual((len(self.started), self.sent), (3, [b"ab"]))
        self.turns.complete(self.started[2], b"c")
        self.assertEqual(len(self.started), 5)
        self.assertEqual(len(self.turns), 2)

    def test_nothing_happens_after_the_last_answer(self) -> None:
        """What waits is forgotten, late answers are dropped, nothing is taken any more."""
        self.turns.add(READ)
        self.turns.add(STORE)
        self.turns.answer_last(self.started[0], Invalid())
        self.turns.add(STORE)
        self.turns.answer(self.started[0], Invalid())
        self.assertEqual(self.sent, [b"invalid\n"])
        self.assertEqual((len(self.started), len(self.turns)), (1, 0))

    def test_ends_have_no_tag(self) -> None:
        """They are no requests."""
        self.assertIsNone(Turn(EndOfInput()).tag)
        self.assertIsNone(Turn(Overlong()).tag)
        self.assertIs(Turn(EndOfInput()).footprint, ALONE)

    @given(
        kinds=st.lists(st.sampled_from([Available(), Help(), Selection(index="1")]), max_size=30),
        data=st.data(),
    )
    def test_any_order_of_answers(self, kinds: list[object], data: st.DataObject) -> None:
        """Replies leave in the order of the requests, each once."""
        started: list[Turn] = []
        sent: list[bytes] = []
        turns = Turns(started.append, format_reply, sent.append)
        numbers: dict[int, int] = {}
        for number, kind in enumerate(kinds):
            request = Request(command=kind, tag=str(number))  # type: ignore[arg-type]
            numbers[id(request)] = number
            turns.add(request)
        while len(turns):
            waiting = [turn for turn in started if turn.reply is None]
            turn = data.draw(st.sampled_from(waiting))
            turns.complete(turn, f"{turn.tag} ".encode())
        self.assertEqual(b"".join(sent).split(), [b"%d" % n for n in range(len(kinds))])
        self.assertEqual([turn.tag for turn in started], [str(n) for n in range(len(kinds))])
