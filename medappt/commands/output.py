"""What a command says: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
from collections.abc import Sequence

from medappt.commands.reports import Json, Report, noticed
from medappt.model.appointments import NoticeRow
from medappt.model.records import NoticeKind
from medappt.patient.tables import align, draw
from medappt.patient.terminal import CarefulStream
from medappt.wire.words import displayable


class Output:
    """Results are drawn as tables on a terminal, and aligned in columns without titles elsewhere.

    ``as_json`` they are one object, which ``finish`` writes on one line.
    """

    def __init__(self, out: CarefulStream, err: CarefulStream, *, as_json: bool = False) -> None:
        self._out = out
        self._err = err
        self._as_json = as_json
        self._data: dict[str, Json] = {}

    @property
    def is_broken(self) -> bool:
        """Whether something could not be written, and so nobody has read it."""
        return self._out.failure is not None or self._err.failure is not None

    def say(self, text: str) -> None:
        """One line about what is not the result."""
        self._err.line(f"medappt: {displayable(text)}")

    def report(self, report: Report) -> None:
        """Show what a request came to, and what is missing of it."""
        self._data |= report.data
        if not self._as_json:
            self._table(report.titles, report.rows)
        for complaint in report.complaints:
            self.say(complaint)

    def estimate(self, plan: str, amount: str) -> None:
        """What the doctor said a place will cost under an insurance plan."""
        self._data["estimate"] = {"plan": plan, "amount": amount}
        if self._as_json:
            return
        if self._out.isatty():
            draw(self._out, ("Plan", "Cost"), [(plan, amount)])
        else:
            align(self._out, [("estimate", plan, amount)])

    def notices(self, notices: Sequence[NoticeRow]) -> None:
        """What happened to the user's appointments without their asking."""
        self._data["notices"] = noticed(notices)
        if not self._as_json:
            for notice in notices:
                self.say(f"notice: {_sentence(notice)} ({notice.at.isoformat(timespec='seconds')})")

    def finish(self) -> None:
        """All was shown that there is."""
        if self._as_json:
            self._out.line(json.dumps(self._data))

    def _table(self, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        if self._out.isatty():
            draw(self._out, titles, rows)
        elif rows:
            align(self._out, rows)


def _sentence(notice: NoticeRow) -> str:
    appointment = f"{notice.code} {notice.type}"
    match notice.kind:
        case NoticeKind.MOVED:
            return f"{appointment} was removed; your appointment is now {notice.new_code}"
        case NoticeKind.WAITLISTED:
            return f"{appointment} was removed; you wait for another"
        case _:  # it expired
            return f"no other place was found for {appointment}; you no longer wait"
