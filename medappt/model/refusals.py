"""Why a request was refused: the codes of the health center protocol, for every door."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Code(Enum):
    """The reason of a refusal; its value is the word the protocol says (section 4)."""

    SYNTAX = "syntax"
    UNKNOWN_COMMAND = "unknown-command"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    UNKNOWN_TYPE = "unknown-type"
    UNKNOWN_PATIENT = "unknown-patient"
    PAST = "past"
    NOT_BOOKED = "not-booked"
    AMBIGUOUS = "ambiguous"
    ALREADY_BOOKED = "already-booked"
    SAME_DAY = "same-day"
    WEEKLY_LIMIT = "weekly-limit"
    UNKNOWN_SLOT = "unknown-slot"
    EXISTS = "exists"
    FULL = "full"
    UNREACHABLE = "unreachable"
    TOO_LONG = "too-long"
    BUSY = "busy"


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A request was not done, and why.

    ``text`` is one line for a person; it says no more than the user may know.
    """

    code: Code
    text: str


class Refused(Exception):
    """Raised by an operation that was refused; it had no effect."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(f"{code.value}: {text}")
        self.refusal = Refusal(code=code, text=text)
