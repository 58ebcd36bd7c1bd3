"""Tests of the bound on sentences."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.logger import Logger, LogLevel
from twisted.trial.unittest import SynchronousTestCase

from medappt.role.narration import SENTENCES_A_SECOND, Narrator
from tests.role.logs import Told


class NarratorTests(SynchronousTestCase):
    """``Narrator`` tells people what they can read, and how much it left out."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_000)
        self.told = Told()
        self.narrator = Narrator(Logger(namespace="role", observer=self.told), self.clock)

    def tell(self, count: int) -> None:
        for number in range(count):
            self.narrator.tell("sentence {number}", number=number)

    def warnings(self) -> list[str]:
        return self.told.texts(LogLevel.warn)

    def test_exact_words(self) -> None:
        """A sentence is told as it stands, whatever signs its values have."""
        self.narrator.tell("Phase1: {user} said hello", user="{evil} %s")
        self.assertEqual(self.told.texts(), ["Phase1: {evil} %s said hello"])

    def test_a_full_second_is_told(self) -> None:
        """Fifty sentences in a second are told, and nothing is said to be missing."""
        self.tell(SENTENCES_A_SECOND)
        self.clock.advance(5)
        self.assertEqual(len(self.told.texts()), 50)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_beyond_it_they_are_dropped_and_counted(self) -> None:
        """What is beyond fifty in a second is left out, and its number is said once."""
        self.tell(SENTENCES_A_SECOND + 7)
        self.assertEqual(len(self.told.texts()), 50)
        self.clock.pump([1.0, 1.0, 1.0, 1.0])
        self.assertEqual(self.warnings(), ["7 sentences were left out: more than 50 in a second."])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_the_next_second_is_told_again(self) -> None:
        """The bound is one of each second."""
        self.tell(60)
        self.clock.advance(0.999)
        self.tell(1)
        self.assertEqual(len(self.told.texts(LogLevel.info)), 50)
        self.clock.advance(0.001)
        self.tell(1)
        self.assertEqual(len(self.told.texts(LogLevel.info)), 51)

    def test_a_long_rush_is_told_of_at_its_end(self) -> None:
        """A rush of several seconds is one event, after the last of them."""
        for _ in range(4):
            self.tell(SENTENCES_A_SECOND + 1)
            self.assertEqual(self.warnings(), [])
            self.clock.advance(1.0)
        self.clock.pump([1.0, 1.0])
        self.assertEqual(self.warnings(), ["4 sentences were left out: more than 50 in a second."])

    def test_a_rush_without_an_end_is_told_of_meanwhile(self) -> None:
        """Once a minute, so that whoever reads along knows of the gaps."""
        for _ in range(65):
            self.tell(SENTENCES_A_SECOND + 1)
            self.clock.advance(1.0)
        self.assertEqual(len(self.warnings()), 1)
        self.clock.pump([1.0, 1.0])
        self.assertEqual(len(self.warnings()), 2)

    def test_a_second_rush_is_counted_from_nothing(self) -> None:
        """Each rush has its own number."""
        for dropped in (3, 2):
            self.tell(SENTENCES_A_SECOND + dropped)
            self.clock.pump([1.0, 1.0, 1.0])
        self.assertEqual([text.split()[0] for text in self.warnings()], ["3", "2"])

    def test_a_rush_that_ends_with_the_process(self) -> None:
        """``stop`` says what was left out, and leaves no timer behind."""
        self.tell(SENTENCES_A_SECOND + 2)
        self.narrator.stop()
        self.assertEqual([text.split()[0] for text in self.warnings()], ["2"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stopping_in_peace(self) -> None:
        """``stop`` says nothing where nothing was left out."""
        self.tell(1)
        self.narrator.stop()
        self.assertEqual(self.warnings(), [])

    def test_sentences_that_need_not_be_made(self) -> None:
        """Who asks before making sentences is told so, and they are counted."""
        self.assertFalse(self.narrator.leaves_out(3))
        self.tell(SENTENCES_A_SECOND)
        self.assertTrue(self.narrator.leaves_out(3))
        self.narrator.stop()
        self.assertEqual([text.split()[0] for text in self.warnings()], ["3"])

    def test_a_clock_that_is_set_back(self) -> None:
        """A clock that is set back an hour silences nobody for that hour."""
        self.tell(SENTENCES_A_SECOND)
        self.clock.rightNow -= 3_600
        self.tell(1)
        self.assertEqual(len(self.told.texts()), 51)
