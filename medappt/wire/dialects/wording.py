"""How each dialect words its answers."""

from __future__ import annotations

from dataclasses import dataclass

from medappt.model.appointments import Added, Booked, Cancelled, Reserved, Swapped
from medappt.wire import words
from medappt.wire.replies import (
    Bye,
    Failure,
    Invalid,
    NotAvailable,
    Reply,
    Rows,
    Success,
    format_reply,
)

LIST_BYTES = 98
"""Of a list, in whole rows: their clients read it into 99 bytes and one NUL."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """The words of a dialect that is not *line*."""

    success: str = "success"
    failure: str = "failure"
    taken: str = "notavailable"
    invalid: str = "notavailable"
    other: str = "notavailable"
    empty: str = "notavailable"
    after_row: str = "\n"
    names_doctor: bool = True
    list_bytes: int | None = LIST_BYTES

    def of(self, reply: Reply) -> bytes:
        """The text of a reply, without what ends it."""
        match reply:
            case Success():
                text = self.success
            case Failure():
                text = self.failure
            case Rows():
                text = self._list(reply.rows) or self.empty
            case Reserved():
                text = f"{reply.doctor} {reply.port}" if self.names_doctor else f"{reply.port} "
            case Cancelled() | Booked() | Swapped() | Added() | Bye():
                return format_reply(reply).removesuffix(b"\n")
            case NotAvailable():
                text = self.taken
            case Invalid():
                text = self.invalid
            case _:
                text = self.other
        return words.encode(text)

    def _list(self, rows: tuple[str, ...]) -> str:
        text = ""
        for row in rows:
            longer = f"{text}{row}{self.after_row}"
            if self.list_bytes is not None and len(words.encode(longer)) > self.list_bytes:
                break
            text = longer
        return text


PACKET = Wording()
RECORD = Wording(after_row=" ")
CAPITAL = Wording(
    success="SUCCESS",
    failure="FAILURE",
    taken="Not available",
    invalid="Not available",
    other="Not available",
    empty="Not available",
)
BARE = Wording(
    success="Success",
    failure="Failure",
    invalid="Invalid",
    other="Invalid",
    names_doctor=False,
    list_bytes=None,
)
