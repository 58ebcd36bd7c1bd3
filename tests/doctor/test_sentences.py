"""Tests of the doctor's words on the screen."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from medappt.doctor.desk import Answer
from medappt.doctor.sentences import Sentences, price_table
from medappt.model.prices import PriceList
from tests.role.logs import listening_to_the_log

PRICES = PriceList({"gold": "30", "platinum": "30.50"})


class PriceTableTests(SynchronousTestCase):
    """The price list is a small table of text."""

    def test_columns(self) -> None:
        """A row for each plan, under a heading."""
        expected = "PLAN     AMOUNT\ngold     30\nplatinum 30.50"
        self.assertEqual(price_table(PRICES), expected)

    def test_empty(self) -> None:
        """A list without plans is a heading."""
        self.assertEqual(price_table(PriceList()), "PLAN AMOUNT")

    def test_long(self) -> None:
        """Of a long list one screen is told, and how many rows are missing."""
        prices = PriceList({f"plan{number}": "1" for number in range(250)})
        lines = price_table(prices).split("\n")
        self.assertEqual(len(lines), 102)
        self.assertEqual(lines[-2:], ["plan99 1", "(150 more)"])

    def test_signs_that_move_a_terminal(self) -> None:
        """What could move a cursor is shown escaped."""
        self.assertEqual(price_table(PriceList({"a\x1b[2J": "1"})).split("\n")[1], "a\\x1b[2J 1")


class SentencesTests(SynchronousTestCase):
    """``Sentences`` says exactly what section 7 says."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.sentences = Sentences("2", PRICES, self.clock)

    def told(self, *answers: Answer) -> list[str]:
        with listening_to_the_log() as told:
            for answer in answers:
                self.sentences.answered(answer)
        return told.texts()

    def test_listening(self) -> None:
        """The port is told at the start."""
        with listening_to_the_log() as told:
            self.sentences.listening("::1", 42000)
        expected = "Phase3: Doctor2 has a static UDP port 42000 and IP Address ::1"
        self.assertEqual(told.texts(), [expected])

    def test_with_a_name(self) -> None:
        """Request, price list and answer are three events."""
        answer = Answer(b"30", ("192.0.2.1", 5000), "gold", "bob", "30")
        self.assertEqual(
            self.told(answer),
            [
                "Phase3: Doctor2 receives the request from the patient with port number 5000 and"
                " name bob with the insurance plan gold",
                price_table(PRICES),
                "Phase3: Doctor2 has sent estimated price $ 30 to patient with port number 5000",
            ],
        )

    def test_without_a_name(self) -> None:
        """Where no name came none is told."""
        answer = Answer(b"30.50", ("192.0.2.1", 5000), "platinum", None, "30.50")
        self.assertEqual(
            self.told(answer)[0],
            "Phase3: Doctor2 receives the request from the patient with port number 5000 with the"
            " insurance plan platinum",
        )

    def test_unknown(self) -> None:
        """A plan without a price is told as it was answered."""
        answer = Answer(b"unknown", ("192.0.2.1", 5000), "lead", "bob", None)
        self.assertEqual(
            self.told(answer)[2],
            "Phase3: Doctor2 has sent estimated price $ unknown to patient with port number 5000",
        )

    def test_words_from_outside(self) -> None:
        """Nobody outside can move the cursor, forge a line or fill in a format."""
        answer = Answer(b"30", ("192.0.2.1", 5000), "\x1b[2J\udcff", "{port}\r%s", None)
        first = self.told(answer)[0]
        self.assertIn(" and name {port}\\r%s with the insurance plan \\x1b[2J\\udcff", first)

    def test_new_prices(self) -> None:
        """The list that is told is the one in force."""
        self.sentences.use(PriceList({"gold": "31"}))
        answer = Answer(b"31", ("192.0.2.1", 5000), "gold", None, "31")
        self.assertEqual(self.told(answer)[1], "PLAN AMOUNT\ngold 31")

    def test_rush(self) -> None:
        """Beyond fifty sentences a second they are counted only, and that is said once."""
        answer = Answer(b"30", ("192.0.2.1", 5000), "gold", None, "30")
        self.assertEqual(len(self.told(*[answer] * 100)), 50)
        with listening_to_the_log() as told:
            self.sentences.stop()
        self.assertEqual(told.texts(), ["250 sentences were left out: more than 50 in a second."])
        self.assertEqual(self.clock.getDelayedCalls(), [])
