"""Tests of what a doctor answers to which datagram."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from medappt.doctor.desk import HOLD_SECONDS, Answer, Desk, Drop, Sender
from medappt.doctor.rate import RateLimit
from medappt.model.prices import PriceList

BOB = ("192.0.2.1", 5000)
ANN = ("192.0.2.2", 6000)
PRICES = PriceList({"gold": "30", "silver": "30.50"})


def make_desk(*, rate: int = 0, senders: int = 100) -> Desk:
    return Desk(PRICES, RateLimit(rate), senders)


class DeskTests(SynchronousTestCase):
    """``Desk`` with one hook: the words of an answer, to compare."""

    def setUp(self) -> None:
        self.desk = make_desk()

    def ask(self, datagram: bytes, now: float = 10.0, sender: Sender = BOB) -> bytes | Drop | None:
        """The reply, which goes to ``sender``, or what else happened."""
        outcome = self.desk.receive(datagram, sender, now)
        if not isinstance(outcome, Answer):
            return outcome
        self.assertEqual(outcome.to, sender)
        return outcome.reply

    def answer(self, datagram: bytes, now: float = 10.0) -> Answer:
        outcome = self.desk.receive(datagram, BOB, now)
        assert isinstance(outcome, Answer)
        return outcome


class SingleDatagramTests(DeskTests):
    """A request in one datagram is answered at once."""

    def test_plan(self) -> None:
        """A plan gets its amount, as the price list writes it."""
        self.assertEqual(self.ask(b"gold"), b"30")
        self.assertEqual(self.ask(b"silver"), b"30.50")

    def test_ends(self) -> None:
        """Line ends and blanks around the text change nothing; a NUL is answered with one."""
        for datagram in (b"gold\n", b"gold\r\n", b" gold \t", b"\ngold"):
            self.assertEqual(self.ask(datagram), b"30")
        for datagram in (
            b"gold\0",
            b"gold\n\0",
            b"gold\0\0",
            b" gold\0rubbish silver",
            b"gold\r\n\0",
        ):
            self.assertEqual(self.ask(datagram), b"30\0")

    def test_name_and_plan(self) -> None:
        """The name is told with the answer."""
        expected = Answer(b"30\0", BOB, "gold", "Bob B.", "30")
        self.assertEqual(self.answer(b"Bob B. gold\0"), expected)

    def test_name_and_no_plan(self) -> None:
        """``unknown`` for a plan without a price, at once."""
        self.assertEqual(self.answer(b"bob lead"), Answer(b"unknown", BOB, "lead", "bob", None))
        self.assertEqual(self.ask(b"bob lead\0"), b"unknown\0")
        self.assertIsNone(self.desk.next_deadline)

    def test_a_plan_is_no_name(self) -> None:
        """The plan is the last word, even where the first is one too."""
        self.assertEqual(self.ask(b"gold silver"), b"30.50")
        self.assertEqual(self.ask(b"gold lead"), b"unknown")

    def test_case(self) -> None:
        """Values are what they are: a plan in other letters is another plan."""
        self.assertEqual(self.ask(b"bob Gold"), b"unknown")

    def test_unreadable(self) -> None:
        """Empty and overlong datagrams get no answer and are not held."""
        long_text, long_datagram = b"x" * 257, b"gold".ljust(2_049, b"\0")
        for datagram in (b"", b"\0gold", b"\r\n ", long_text, long_datagram):
            self.assertIs(self.ask(datagram), Drop.UNREADABLE)
        self.assertEqual(len(self.desk), 0)

    def test_rate(self) -> None:
        """Requests over the limit are dropped, whatever they are; unreadable ones do not count,
        nor does the port of the sender."""
        self.desk = make_desk(rate=3)
        self.assertIs(self.ask(b""), Drop.UNREADABLE)
        self.assertEqual(self.ask(b"gold"), b"30")
        self.assertEqual(self.ask(b"gold", sender=("192.0.2.1", 5001)), b"30")
        self.assertEqual(self.ask(b"bob gold"), b"30")
        self.assertIs(self.ask(b"gold"), Drop.RATE)
        self.assertIs(self.ask(b"bob gold"), Drop.RATE)
        self.assertEqual(self.ask(b"gold", sender=ANN), b"30")
        self.assertEqual(self.ask(b"gold", now=11.0), b"30")

    def test_new_prices(self) -> None:
        """A new list is in force from the next datagram on, and the old one is gone."""
        self.assertEqual(self.ask(b"gold"), b"30")
        self.desk.use(PriceList({"gold": "31"}))
        self.assertEqual(self.ask(b"gold"), b"31")
        self.assertEqual(self.ask(b"bob gold\0"), b"31\0")
        self.assertEqual(self.ask(b"bob silver"), b"unknown")

    def test_plans_no_datagram_can_ask_for(self) -> None:
        """A plan of the list that no text can name is never answered for another."""
        long_plan = "x" * 300
        self.desk.use(PriceList({long_plan: "1", "gold\0silver": "2", "lead\0x": "3", "gold": "4"}))
        self.assertIs(self.ask(long_plan.encode()), Drop.UNREADABLE)
        self.assertEqual(self.ask(b"gold\0silver"), b"4\0")
        self.assertIsNone(self.ask(b"lead\0x", sender=ANN))


class TwoDatagramTests(DeskTests):
    """Older clients send a name and then a plan."""

    def unknown(self, text: str, reply: bytes = b"unknown") -> Answer:
        return Answer(reply, BOB, text, None, None)

    def test_pair(self) -> None:
        """A name waits, and the plan behind it gets the one reply."""
        self.assertIsNone(self.ask(b"bob"))
        self.assertEqual(self.answer(b"gold", 10.299), Answer(b"30", BOB, "gold", "bob", "30"))
        self.assertEqual(self.desk.expire(20.0), [])
        self.assertIsNone(self.desk.next_deadline)

    def test_the_name_is_used_up(self) -> None:
        """A second plan comes without a name."""
        self.ask(b"bob")
        self.ask(b"gold", 10.1)
        self.assertEqual(self.answer(b"silver", 10.2).name, None)

    def test_nul_of_the_answered_one(self) -> None:
        """The datagram that is answered decides the NUL of the reply."""
        for name, plan, reply in ((b"bob\0", b"gold", b"30"), (b"bob", b"gold\0", b"30\0")):
            self.assertIsNone(self.ask(name))
            self.assertEqual(self.ask(plan, 10.1), reply)

    def test_no_plan_in_time(self) -> None:
        """A word that no plan follows is unknown after 300 ms, and not before."""
        self.ask(b"lead\0")
        self.assertEqual(self.desk.next_deadline, 10.0 + HOLD_SECONDS)
        self.assertEqual(self.desk.expire(10.299), [])
        self.assertEqual(self.desk.expire(10.3), [self.unknown("lead", b"unknown\0")])
        self.assertEqual(self.desk.expire(10.4), [])

    def test_late_plan(self) -> None:
        """A plan behind its released name is a request of its own."""
        self.ask(b"bob")
        self.desk.expire(10.3)
        self.assertEqual(self.answer(b"gold", 10.31).name, None)

    def test_a_plan_read_late(self) -> None:
        """A plan that was read after the deadline, but before the word was released, uses it up:
        one request gets one reply."""
        self.ask(b"bob")
        self.assertEqual(self.answer(b"gold", 10.5).name, "bob")
        self.assertEqual(self.desk.expire(10.5), [])

    def test_second_word(self) -> None:
        """A second word releases the first, and waits in its turn."""
        self.assertIsNone(self.ask(b"bob\0", 10.0))
        self.assertEqual(self.answer(b"lead", 10.2), self.unknown("bob", b"unknown\0"))
        self.assertEqual(self.desk.next_deadline, 10.2 + HOLD_SECONDS)
        self.assertEqual(self.answer(b"gold", 10.4).name, "lead")

    def test_each_sender(self) -> None:
        """Words are held per address and port: nobody gets another's name or answer."""
        others = (("192.0.2.1", 5001), ("192.0.2.2", 5000))
        self.ask(b"bob")
        for sender in others:
            outcome = self.desk.receive(b"gold", sender, 10.1)
            self.assertEqual(outcome, Answer(b"30", sender, "gold", None, "30"))
        self.assertEqual(self.answer(b"gold", 10.2).name, "bob")

    def test_order_of_release(self) -> None:
        """Words are released in the order in which they came."""
        senders = [("192.0.2.1", port) for port in (3, 1, 2)]
        for number, sender in enumerate(senders):
            self.ask(b"word", 10.0 + number / 10, sender)
        self.assertEqual([answer.to for answer in self.desk.expire(10.41)], senders[:2])
        self.assertEqual([answer.to for answer in self.desk.expire(10.51)], senders[2:])

    def test_name_and_plan_meanwhile(self) -> None:
        """A whole request leaves a held word alone: it has a name."""
        self.ask(b"bob")
        self.assertEqual(self.answer(b"ann gold", 10.1).name, "ann")
        self.assertEqual(self.desk.expire(10.3), [self.unknown("bob")])

    def test_reversed_pair(self) -> None:
        """A name behind the plan it belongs to gets no answer of its own."""
        self.assertEqual(self.ask(b"gold", 10.0), b"30")
        self.assertIs(self.ask(b"bob", 10.299), Drop.REVERSED)
        self.assertIsNone(self.desk.next_deadline)

    def test_reversed_once(self) -> None:
        """A plan excuses one name: the next word is held as usual."""
        self.ask(b"gold", 10.0)
        self.ask(b"bob", 10.1)
        self.assertIsNone(self.ask(b"lead", 10.2))
        self.assertEqual(self.desk.expire(10.5), [self.unknown("lead")])

    def test_reversed_too_late(self) -> None:
        """A word 300 ms behind a plan is a request of its own."""
        self.ask(b"gold", 10.0)
        self.assertIsNone(self.ask(b"lead", 10.3))

    def test_reversed_of_another_sender(self) -> None:
        """A plan excuses no other sender's name."""
        self.ask(b"gold", 10.0)
        self.assertIsNone(self.ask(b"lead", 10.1, ("192.0.2.1", 5001)))

    def test_what_came_with_a_name_excuses_none(self) -> None:
        """A plan that came with its name, in one datagram or two, was not alone."""
        self.ask(b"bob gold", 10.0)
        self.assertIsNone(self.ask(b"lead", 10.1))
        self.ask(b"gold", 10.2)
        self.assertIsNone(self.ask(b"lead", 10.3))

    def test_the_latest_plan_counts(self) -> None:
        """The 300 ms begin with the last plan, however many were asked before."""
        for now in (10.0, 10.25, 10.5, 10.75):
            self.ask(b"gold", now)
        self.assertIs(self.ask(b"bob", 10.9), Drop.REVERSED)

    def test_clock_set_back(self) -> None:
        """After the clock was set back held words are released, and old plans excuse nobody."""
        self.ask(b"gold", 5_000.0)
        self.assertIsNone(self.ask(b"bob", 1_000.0))
        self.ask(b"word", 5_000.0, ANN)
        self.assertEqual(len(self.desk.expire(1_000.3)), 2)


class HostileTests(DeskTests):
    """Memory is bounded, and every request still has its one answer."""

    def test_held_words(self) -> None:
        """When the table is full a word is unknown at once; those it holds keep their place."""
        self.desk = make_desk(senders=3)
        for port in (1, 2, 3):
            self.assertIsNone(self.ask(b"bob", 10.0, ("192.0.2.1", port)))
        self.assertEqual(self.ask(b"lead\0", 10.1, ("192.0.2.1", 4)), b"unknown\0")
        self.assertEqual(self.ask(b"bob", 10.1, ("192.0.2.1", 2)), b"unknown")
        self.assertEqual(len(self.desk.expire(10.4)), 3)
        self.assertIsNone(self.ask(b"bob", 10.5, ("192.0.2.1", 4)))

    def test_forged_plans(self) -> None:
        """Plans of however many senders are remembered in a bounded table, the latest of them."""
        self.desk = make_desk(senders=100)
        for port in range(1, 5_000):
            self.assertEqual(self.ask(b"gold", 10.0, ("192.0.2.1", port)), b"30")
            self.assertLessEqual(len(self.desk), 200)
        self.assertIs(self.ask(b"bob", 10.0, ("192.0.2.1", 4_900)), Drop.REVERSED)

    def test_forged_everything(self) -> None:
        """A flood of words and plans leaves a bounded memory behind."""
        self.desk = make_desk(senders=50)
        for number in range(5_000):
            sender = (f"192.0.2.{number % 250}", number)
            self.desk.receive(b"gold" if number % 3 else b"lead", sender, number / 1_000)
        self.assertLessEqual(len(self.desk), 150)

    texts = st.sampled_from([b"gold", b"silver\0", b"bob", b"lead\0", b"bob gold", b"x y\n", b""])
    senders = st.sampled_from([BOB, ANN, ("::1", 5000)])

    @settings(deadline=None)
    @given(st.lists(st.tuples(texts, senders, st.floats(0, 0.4)), max_size=30))
    def test_one_reply_each(self, datagrams: list[tuple[bytes, Sender, float]]) -> None:
        """Every datagram gets exactly one reply, to its sender, but for the dropped ones and the
        names that a plan used up."""
        desk = make_desk()
        now = 10.0
        asked: Counter[Sender] = Counter()
        answered: Counter[Sender] = Counter()
        for datagram, sender, pause in datagrams:
            now += pause
            answered.update(answer.to for answer in desk.expire(now))
            outcome = desk.receive(datagram, sender, now)
            if isinstance(outcome, Drop):
                continue
            asked[sender] += 1
            if outcome is not None:
                self.assertEqual(outcome.to, sender)
                answered[sender] += 1
                if outcome.name is not None and b" " not in datagram:
                    asked[sender] -= 1  # that of the name, which the plan used up
        answered.update(answer.to for answer in desk.expire(now + HOLD_SECONDS))
        self.assertEqual(answered, asked)
        self.assertIsNone(desk.next_deadline)

    @settings(deadline=None)
    @given(st.binary(max_size=300), st.sampled_from([b"", b"gold", b"bob gold", b"bob"]))
    def test_any_bytes(self, junk: bytes, text: bytes) -> None:
        """Whatever comes is answered in at most 16 bytes, held or dropped."""
        desk = make_desk()
        outcome = desk.receive(text + junk, BOB, 10.0)
        answers = [outcome] if isinstance(outcome, Answer) else desk.expire(10.3)
        self.assertEqual(len(answers), 0 if isinstance(outcome, Drop) else 1)
        for answer in answers:
            self.assertTrue(2 <= len(answer.reply) <= 16)
