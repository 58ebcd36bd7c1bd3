"""The contract: requests that happen once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from medappt.model.refusals import Code, Refusal
from medappt.store.appointments import (
    TAKEN,
    Reservation,
    reserve,
)
from medappt.store.connection import Connection
from medappt.store.results import REUSED, Answered, Outcome, forget_expired, remember
from tests.store.contract import DAY, RESERVED, StoreContract, tagged, wish
from tests.store.doubles import DEED, NOW, PATIENT, slot


class TagsContract(StoreContract):
    """Section 4: the same tag, the same answer, one effect."""

    def test_a_tagged_request_happens_once(self) -> None:
        """The same tag with the same text gets the first answer again, without an effect."""
        [first] = self.reserve(wish(tag=tagged()))
        self.assertEqual(self.reserve(wish(tag=tagged())), [Outcome(answer=RESERVED)])
        self.assertEqual(first.changed, slot())

    def test_a_replay_answers_what_was_answered(self) -> None:
        """The first answer stands even where the world has moved on."""
        self.reserve(wish(tag=tagged()))
        self.cancel()
        self.reserve(wish("bob"))
        self.assertEqual(self.reserve(wish(tag=tagged())), [Outcome(answer=RESERVED)])
        self.assertEqual(self.attending(), ["bob"])

    def test_refusals_are_remembered(self) -> None:
        """A tagged wish that was refused stays refused, although the slot is free by now."""
        self.reserve(wish("bob"))
        self.assertEqual(self.reserve(wish(tag=tagged()))[0].answer, TAKEN)
        self.cancel("bob")
        self.assertEqual(self.reserve(wish(tag=tagged())), [Outcome(answer=TAKEN)])
        self.assertEqual(self.reserved(), [])

    def test_a_tag_with_another_text_is_refused(self) -> None:
        """A reused tag has no effect, and the first request can still be repeated."""
        self.reserve(wish(tag=tagged()))
        other = wish(of=slot(2, doctor="doc2"), tag=tagged(text="selection 2"))
        self.assertEqual(self.reserve(other), [Outcome(answer=REUSED)])
        self.assertEqual(REUSED, Refusal(code=Code.SYNTAX, text="tag reused"))
        self.assertEqual(self.reserved(), [slot()])
        self.assertEqual(self.reserve(wish(tag=tagged())), [Outcome(answer=RESERVED)])

    def test_a_tag_of_another_user_is_another_tag(self) -> None:
        """Tags of two users do not meet."""
        self.reserve(wish(tag=tagged()))
        other = slot(2, doctor="doc2")
        got = self.reserve(wish("bob", other, tagged(user="bob", text="selection 2")))
        self.assertEqual([each.changed for each in got], [other])

    def test_a_tag_twice_in_a_batch_joins_the_first(self) -> None:
        """The same request in one batch is done once; another text under its tag is refused."""
        other = wish(of=slot(2, doctor="doc2"), tag=tagged(text="selection 2"))
        got = self.reserve(wish(tag=tagged()), wish(tag=tagged()), other, wish("bob"))
        self.assertEqual(
            got,
            [
                Outcome(answer=RESERVED, changed=slot()),
                Outcome(answer=RESERVED),
                Outcome(answer=REUSED),
                Outcome(answer=TAKEN),
            ],
        )

    def test_a_tag_lives_for_a_day(self) -> None:
        """After 24 hours the same tag is a new request, whatever its text; not before."""
        self.reserve(wish(tag=tagged()))
        at_last = replace(wish(tag=tagged()), at=NOW + DAY)
        self.assertEqual(self.reserve(at_last), [Outcome(answer=RESERVED)])
        late = NOW + DAY + timedelta(seconds=1)
        far = slot(2, days=9)
        new = Reservation(
            patient="ann", slot=far, origin=PATIENT, at=late, tagged=tagged(text="selection 2")
        )
        self.assertEqual(self.reserve(new, new)[0], Outcome(answer=RESERVED, changed=far))
        self.assertEqual(self.reserve(new), [Outcome(answer=RESERVED)])

    def test_expired_answers_are_dropped(self) -> None:
        """Answers are kept for a day and then dropped, no earlier."""
        self.reserve(wish(tag=tagged("a")), replace(wish(tag=tagged("b")), at=NOW + DAY))
        at = NOW + DAY
        self.assertEqual(self.do(lambda connection: forget_expired(connection, at)), 0)
        later = at + timedelta(seconds=1)
        self.assertEqual(self.do(lambda connection: forget_expired(connection, later)), 1)

    def test_a_tagged_cancellation_happens_once(self) -> None:
        """Repeating a cancellation does not give away what was booked since."""
        self.reserve(wish())
        first = self.cancel(tag="c")
        self.reserve(wish())
        self.assertEqual(self.cancel(tag="c"), Outcome(answer=first.answer))
        self.assertEqual(self.attending(), ["ann"])

    def test_a_refusal_from_outside_is_remembered(self) -> None:
        """What was refused before it came here is refused again, and its tag is used up."""
        refusal = Refusal(code=Code.SYNTAX, text="expected: selection INDEX \udcff")
        odd = tagged(text="selection \udcff")
        for _ in range(2):
            got = self.do(lambda connection: remember(connection, DEED, odd, NOW, refusal))
            self.assertEqual(got.answer, refusal)
        self.assertEqual(self.reserve(wish(tag=tagged())), [Outcome(answer=REUSED)])
        other = Refusal(code=Code.SYNTAX, text="tag reused")
        got = self.do(lambda connection: remember(connection, DEED, tagged(), NOW, refusal))
        self.assertEqual(got, Answered(answer=other))

    def test_a_failed_transaction_remembers_nothing(self) -> None:
        """An answer is kept only with its effect: where that is undone the tag is unused."""

        def fails(connection: Connection) -> None:
            reserve(connection, [wish(tag=tagged())])
            raise RuntimeError("afterwards")

        failed = self.writer.submit(fails)
        self.clock.advance(0)
        self.failureResultOf(failed, RuntimeError)
        self.assertEqual(self.reserve(wish(tag=tagged()))[0].changed, slot())
