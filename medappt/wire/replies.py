"""The replies of the health center protocol, *line* dialect (section 4), both ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, TypeVar

from medappt.model.appointments import (
    Added,
    Attendance,
    Booked,
    Cancelled,
    Reserved,
    Scheduled,
    State,
    Swapped,
)
from medappt.model.calendar import WeeklyTime, parse_hour, parse_weekday
from medappt.model.ids import parse_appointment_id
from medappt.model.refusals import Code, Refusal
from medappt.model.slots import FreeSlot, SlotState, parse_index
from medappt.wire import words
from medappt.wire.city_requests import ListSlots, Notices, Remove, SlotPatients, parse_capacity
from medappt.wire.requests import Available, Command, Help, Patients, Schedule, Slots


@dataclass(frozen=True, slots=True)
class Success:
    """The login was good."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The login was not good; the server closes behind it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """A reply of several lines; a line with a ``.`` ends it."""

    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotAvailable:
    """The selected slot is taken, by whomever."""


@dataclass(frozen=True, slots=True)
class Invalid:
    """What was selected is no index of this center."""


@dataclass(frozen=True, slots=True)
class Bye:
    """The answer to ``quit``; the server closes behind it."""


Reply: TypeAlias = (
    Success
    | Failure
    | Rows
    | Reserved
    | NotAvailable
    | Invalid
    | Booked
    | Swapped
    | Added
    | Cancelled
    | Refusal
    | Bye
)

_Place = TypeVar("_Place", Booked, Swapped)

END_OF_ROWS = "."
UNKNOWN = "-"
"""Stands for a doctor, a host or a port that nobody knows."""

_WORDED: dict[str, Reply] = {
    "success": Success(),
    "failure": Failure(),
    "notavailable": NotAvailable(),
    "invalid": Invalid(),
    "bye": Bye(),
}
_WORD_OF = {reply: word for word, reply in _WORDED.items()}


def _lines(reply: Reply) -> list[str]:
    match reply:
        case Rows():
            return [*reply.rows, END_OF_ROWS]
        case Reserved():
            return [f"{reply.doctor} {reply.port}"]
        case Booked() | Swapped():
            contact = (reply.doctor, reply.host, reply.port)
            known = " ".join(UNKNOWN if each is None else str(each) for each in contact)
            return [f"{type(reply).__name__.lower()} {reply.code} {reply.type} {known}"]
        case Added():
            return [f"added {reply.code} {reply.type} {reply.capacity}"]
        case Cancelled():
            return [f"cancelled {reply.code} {reply.type}"]
        case Refusal():
            return [f"error {reply.code.value} {reply.text}"]
        case _:
            return [_WORD_OF[reply]]


def format_reply(reply: Reply, tag: str | None = None) -> bytes:
    """The lines of a reply, each ended by LF; the first begins with the request's tag."""
    lines = _lines(reply)
    if tag is not None:
        lines[0] = f"@{tag} {lines[0]}"
    return words.encode("\n".join(lines) + "\n")


def available_rows(slots: Sequence[FreeSlot]) -> Rows:
    """``INDEX DAY TIME`` per slot."""
    return Rows(
        rows=tuple(f"{slot.index} {slot.time.day_label} {slot.time.time_label}" for slot in slots)
    )


def slots_rows(slots: Sequence[SlotState]) -> Rows:
    """``INDEX DAY TIME DOCTOR free`` or ``... taken`` per slot."""
    return Rows(
        rows=tuple(
            f"{slot.index} {slot.time.day_label} {slot.time.time_label} {slot.doctor}"
            f" {'free' if slot.free else 'taken'}"
            for slot in slots
        )
    )


def schedule_rows(appointments: Sequence[Scheduled]) -> Rows:
    """``ID TYPE STATE START`` per appointment, START in ISO 8601 with offset."""
    return Rows(
        rows=tuple(
            f"{each.code} {each.type} {each.state.value} {each.start.isoformat(timespec='seconds')}"
            for each in appointments
        )
    )


def patients_rows(attendances: Sequence[Attendance]) -> Rows:
    """``PATIENT STATE`` per appointment."""
    return Rows(rows=tuple(f"{each.patient} {each.state.value}" for each in attendances))


class UnexpectedReply(Exception):
    """A server said something that is no reply to what it was asked."""


_WITH_ROWS = (
    Available | Slots | Schedule | Patients | Help | ListSlots | SlotPatients | Remove | Notices
)


class ReplyReader:
    """Collects the lines that answer one request, for a client (sans-IO)."""

    def __init__(self, command: Command, tag: str | None = None) -> None:
        self._has_rows = isinstance(command, _WITH_ROWS)
        self._prefix = None if tag is None else f"@{tag} "
        self._rows: list[str] = []
        self._is_first = True

    def feed(self, line: bytes) -> Reply | None:
        """Take one line (without its end): the reply once it is whole, ``None`` before.

        Raises ``UnexpectedReply`` when this cannot be the answer.
        """
        text = words.decode(line)
        is_first, self._is_first = self._is_first, False
        if is_first and self._prefix is not None:
            if not text.startswith(self._prefix):
                raise UnexpectedReply("the reply has not the tag of its request")
            text = text[len(self._prefix) :]
        if is_first and text.startswith("error "):
            return _parse_refusal(text)
        if self._has_rows:
            if text == END_OF_ROWS:
                return Rows(rows=tuple(self._rows))
            self._rows.append(text)
            return None
        return _parse_line(text)


def _parse_refusal(text: str) -> Refusal:
    _, _, rest = text.partition(" ")
    code, _, reason = rest.partition(" ")
    try:
        return Refusal(code=Code(code), text=reason)
    except ValueError:
        raise UnexpectedReply("an error with a code of no known meaning") from None


def _parse_line(text: str) -> Reply:
    if text in _WORDED:
        return _WORDED[text]
    reply = _parse_words(words.split(text))
    if reply is None:
        raise UnexpectedReply("a line that is no reply of the protocol")
    return reply


def _parse_words(parts: list[str]) -> Reply | None:
    match parts:
        case [doctor, word]:
            port = _parse_port(word)
            return None if port is None else Reserved(doctor=doctor, port=port)
        case ["cancelled", code, type_]:
            return Cancelled(code=code, type=type_)
        case ["added", code, type_, word]:
            capacity = parse_capacity(word)
            if capacity is None or parse_appointment_id(code) is None:
                return None
            return Added(code=code, type=type_, capacity=capacity)
        case ["booked", *others]:
            return _parse_place(Booked, others)
        case ["swapped", *others]:
            return _parse_place(Swapped, others)
        case _:
            return None


def _parse_place(kind: type[_Place], parts: list[str]) -> _Place | None:
    if len(parts) != 5 or parse_appointment_id(parts[0]) is None:
        return None
    code, type_, *contact = parts
    doctor, host, word = (None if each == UNKNOWN else each for each in contact)
    port = None if word is None else _parse_port(word)
    if port is None and word is not None:
        return None
    return kind(code=code, type=type_, doctor=doctor, host=host, port=port)


def _parse_port(word: str) -> int | None:
    port = parse_index(word)
    return port if port is not None and 0 < port < 65536 else None


def parse_available(rows: Rows) -> list[FreeSlot]:
    """The rows of ``available``; ``UnexpectedReply`` if they are others."""
    parsed = []
    for row in rows.rows:
        index, time = _index_and_time(words.split(row), 3)
        parsed.append(FreeSlot(index=index, time=time))
    return parsed


def parse_slots(rows: Rows) -> list[SlotState]:
    """The rows of ``slots``; ``UnexpectedReply`` if they are others."""
    parsed = []
    for row in rows.rows:
        parts = words.split(row)
        index, time = _index_and_time(parts, 5)
        if parts[4] not in ("free", "taken"):
            raise UnexpectedReply("a slot that is neither free nor taken")
        state = SlotState(index=index, time=time, doctor=parts[3], free=parts[4] == "free")
        parsed.append(state)
    return parsed


def _index_and_time(parts: list[str], arity: int) -> tuple[int, WeeklyTime]:
    index = parse_index(parts[0]) if len(parts) == arity else None
    if index is None:
        raise UnexpectedReply("a row that is no slot")
    try:
        time = WeeklyTime(weekday=parse_weekday(parts[1]), hour=parse_hour(parts[2]))
    except ValueError:
        raise UnexpectedReply("a row with no day and hour") from None
    return index, time


def parse_schedule(rows: Rows) -> list[Scheduled]:
    """The rows of ``schedule``; ``UnexpectedReply`` if they are others."""
    parsed = []
    for row in rows.rows:
        try:
            code, type_, state, start = words.split(row)
            instant = datetime.fromisoformat(start)
            if instant.tzinfo is None:
                raise UnexpectedReply("an appointment without the offset of its center")
            parsed.append(Scheduled(code=code, type=type_, state=State(state), start=instant))
        except ValueError:
            raise UnexpectedReply("a row that is no appointment") from None
    return parsed


def parse_patients(rows: Rows) -> list[Attendance]:
    """The rows of ``patients``; ``UnexpectedReply`` if they are others."""
    parsed = []
    for row in rows.rows:
        try:
            patient, state = words.split(row)
            parsed.append(Attendance(patient=patient, state=State(state)))
        except ValueError:
            raise UnexpectedReply("a row that is no patient's place") from None
    return parsed
