"""What a terminal shows, and what a program reads instead."""

from __future__ import annotations

from io import StringIO
from typing import cast

from twisted.internet.interfaces import IReactorFDSet

from medappt.model.calendar import WeeklyTime
from medappt.model.slots import FreeSlot, SlotState
from medappt.patient.screen import TextScreen
from medappt.patient.terminal import CarefulStream, Keyboard
from medappt.patient.visit import Screen, VisitResult
from tests.patient.fakes import FakeDescriptors, PatientCase

TUESDAY = WeeklyTime(weekday=1, hour=13)
FREE = [FreeSlot(index=1, time=TUESDAY), FreeSlot(index=12, time=TUESDAY)]


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


class ScreenCase(PatientCase):
    def screen(self, stream: StringIO) -> TextScreen:
        self.stream = stream
        descriptors = FakeDescriptors()
        keyboard = Keyboard(cast(IReactorFDSet, descriptors), self.clock, None)
        return TextScreen(1, keyboard, CarefulStream(stream))

    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()

    def result(self, doctor: str | None) -> VisitResult:
        return VisitResult(
            doctor=doctor,
            doctor_port=41000,
            user="patient1",
            insurance="insurance1",
            amount="30",
        )


class PlainTests(ScreenCase):
    """Standard output is no terminal."""

    def setUp(self) -> None:
        super().setUp()
        self.plain = self.screen(StringIO())

    def test_is_a_screen(self) -> None:
        """A visit can use it."""
        screen: Screen = self.plain
        self.assertIs(screen, self.plain)

    def test_rows(self) -> None:
        """Rows are as the protocol has them, behind their sentence."""
        self.plain.free_slots("patient1", FREE)
        self.assertEqual(self.lines(), ["1 Tue 01pm", "12 Tue 01pm"])
        self.assertEqual(len(self.texts("info")), 1)

    def test_no_rows(self) -> None:
        """Nothing free is no row."""
        self.plain.free_slots("patient1", [])
        self.assertEqual(self.lines(), [])

    def test_all_slots(self) -> None:
        """Whatever a doctor is called, a row is a line."""
        slots = [
            SlotState(index=1, time=TUESDAY, doctor="doc\x1b[2J", free=True),
            SlotState(index=2, time=TUESDAY, doctor="doc2", free=False),
        ]
        self.plain.all_slots(slots)
        self.assertEqual(self.lines(), ["1 Tue 01pm doc\\x1b[2J free", "2 Tue 01pm doc2 taken"])

    def test_result(self) -> None:
        """The result is in columns, between the amount and the end."""
        self.plain.estimate_received(self.result("doc1"))
        self.assertEqual(
            self.lines(),
            [
                "Doctor  Doctors port number  Patient   Insurance   Cost",
                "doc1    41000                patient1  insurance1  30",
            ],
        )
        self.assertEqual(len(self.texts("info")), 2)

    def test_no_doctor(self) -> None:
        """A doctor whom the server did not name has no column."""
        self.plain.estimate_received(self.result(None))
        self.assertTrue(self.lines()[0].startswith("Doctors port number"))

    def test_prompt(self) -> None:
        """The question is asked before the answer is read."""
        asked = self.plain.ask_index()
        self.assertEqual(len(self.texts("info")), 1)
        self.assertNoResult(asked)


class TerminalTests(ScreenCase):
    """Standard output is a terminal."""

    def setUp(self) -> None:
        super().setUp()
        self.drawn = self.screen(Terminal())

    def test_table(self) -> None:
        """Tables have titles and all their cells."""
        self.drawn.free_slots("patient1", FREE)
        text = self.stream.getvalue()
        for word in ("Index", "Day", "Time", "12", "Tue", "01pm"):
            self.assertIn(word, text)

    def test_nothing_is_markup(self) -> None:
        """What a server says is text, whatever rich would make of it."""
        slot = SlotState(index=1, time=TUESDAY, doctor="[red]doc[/red]\x1b[2J", free=True)
        self.drawn.all_slots([slot])
        self.assertIn("[red]doc[/red]\\x1b[2J", self.stream.getvalue())

    def test_result(self) -> None:
        """The result is a table."""
        self.drawn.estimate_received(self.result("doc1"))
        text = self.stream.getvalue()
        for word in ("Doctor", "Doctors port number", "Patient", "Insurance", "Cost", "doc1", "30"):
            self.assertIn(word, text)
