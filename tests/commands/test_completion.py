"""What a word could be, by its place in the line."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from medappt.commands import reports
from medappt.commands.completion import Vocabulary
from medappt.model.appointments import Attendance, Cancelled, State


class CompletionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.vocabulary = Vocabulary(["Dental", "Surgeon"])
        self.vocabulary.learn(["MTLA100227", "QUEE110227", "MTLP2345", "nonsense"])

    def assert_candidates(self, line: str, *expected: str) -> None:
        """What completes the last word of ``line``."""
        *before, beginning = line.split(" ")
        self.assertEqual(self.vocabulary.candidates(before, beginning), list(expected), line)

    def test_requests(self) -> None:
        """The first word is a request."""
        self.assert_candidates("s", "schedule", "selection", "slots", "swap")
        self.assert_candidates("a", "add", "available")
        self.assert_candidates("x")
        self.assertEqual(len(self.vocabulary.candidates([], "")), 13)

    def test_places(self) -> None:
        """The others are what stands there: an ID, a type, a patient."""
        self.assert_candidates("book ", "MTLA100227", "QUEE110227")
        self.assert_candidates("BOOK Q", "QUEE110227")
        self.assert_candidates("book MTLA100227 ", "Dental", "Surgeon")
        self.assert_candidates("book MTLA100227 Dental M", "MTLP2345")
        self.assert_candidates("book MTLA100227 Dental MTLP2345 ")
        self.assert_candidates("swap MTLA100227 Dental Q", "QUEE110227")
        self.assert_candidates("list D", "Dental")
        self.assert_candidates("schedule ", "MTLP2345")

    def test_cancel(self) -> None:
        """The type may be left out before the patient."""
        self.assert_candidates("cancel MTLA100227 ", "Dental", "MTLP2345", "Surgeon")

    def test_words(self) -> None:
        """``preview`` is itself; a capacity or an index is anybody's guess."""
        self.assert_candidates("remove MTLA100227 Dental ", "preview")
        self.assert_candidates("add MTLA100227 Dental ")
        self.assert_candidates("selection ")
        self.assert_candidates("help ")
        self.assert_candidates("dance ")

    def test_learned_from_reports(self) -> None:
        """What was shown can be completed."""
        vocabulary = Vocabulary()
        vocabulary.learn_report(reports.cancelled(Cancelled(code="SHEM120227", type="Eyes")))
        vocabulary.learn_report(reports.cancelled(Cancelled(code="3", type="-")))
        attendance = Attendance(patient="QUEP0001", state=State.BOOKED)
        vocabulary.learn_report(reports.attended([attendance]))
        vocabulary.learn_report(reports.attended([]))
        self.assertEqual(vocabulary.candidates(["book"], ""), ["SHEM120227"])
        self.assertEqual(vocabulary.candidates(["list"], ""), ["Eyes"])
        self.assertEqual(vocabulary.candidates(["schedule"], ""), ["QUEP0001"])

    def test_learned_from_requests(self) -> None:
        """So can what was asked for, types where they stand."""
        vocabulary = Vocabulary()
        vocabulary.learn_request("swap", ["MTLA100227", "Eyes", "QUEE110227", "Ears"])
        vocabulary.learn_request("cancel", ["MTLA100227", "MTLP2345"])
        vocabulary.learn_request("dance", ["Feet"])
        self.assertEqual(vocabulary.candidates(["list"], ""), ["Ears", "Eyes"])
        self.assertEqual(vocabulary.candidates(["schedule"], ""), ["MTLP2345"])

    def test_bounded(self) -> None:
        """A list without end does not fill the memory."""
        vocabulary = Vocabulary()
        vocabulary.learn(f"MTLP{number:04d}" for number in range(10_000))
        vocabulary.learn(f"QUEP{number:04d}" for number in range(10_000))
        self.assertEqual(len(vocabulary.candidates(["schedule"], "")), 10_000)
