"""The screen of a visit: sentences, tables, and the question for an index."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred

from medappt.model.slots import FreeSlot, SlotState
from medappt.patient.sentences import Sentences
from medappt.patient.tables import align, draw
from medappt.patient.terminal import CarefulStream, Keyboard
from medappt.patient.visit import VisitResult
from medappt.wire.words import displayable


class TextScreen(Sentences):
    """A ``visit.Screen`` of text: tables drawn on a terminal, and in columns elsewhere, where
    programs read them."""

    def __init__(self, number: int, keyboard: Keyboard, out: CarefulStream) -> None:
        super().__init__(number)
        self._keyboard = keyboard
        self._out = out

    def all_slots(self, slots: Sequence[SlotState]) -> None:
        rows = [
            [
                str(slot.index),
                slot.time.day_label,
                slot.time.time_label,
                slot.doctor,
                "free" if slot.free else "taken",
            ]
            for slot in slots
        ]
        self._table(["Index", "Day", "Time", "Doctor", "State"], rows)

    def free_slots(self, user: str, slots: Sequence[FreeSlot]) -> None:
        self.introduce_free_slots(user)
        rows = [[str(slot.index), slot.time.day_label, slot.time.time_label] for slot in slots]
        self._table(["Index", "Day", "Time"], rows)

    def ask_index(self) -> Deferred[str]:
        self.prompt()
        return self._keyboard.read_line()

    def estimate_received(self, result: VisitResult) -> None:
        self.tell_amount(result.amount, result.doctor_port)
        cells = {
            "Doctor": result.doctor,
            "Doctors port number": str(result.doctor_port),
            "Patient": result.user,
            "Insurance": result.insurance,
            "Cost": result.amount,
        }
        known = {title: cell for title, cell in cells.items() if cell is not None}
        if self._out.isatty():
            draw(self._out, list(known), [list(known.values())])
        else:
            align(self._out, [list(known), list(known.values())])
        self.end()

    def _table(self, titles: list[str], rows: list[list[str]]) -> None:
        if self._out.isatty():
            draw(self._out, titles, rows)
        else:
            for row in rows:
                self._out.line(" ".join(displayable(cell) for cell in row))
