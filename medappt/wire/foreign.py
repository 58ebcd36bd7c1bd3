"""What to say to servers that speak earlier forms of the protocol, and how to read their answers
(section 4, "Our patient at their servers").

Nothing frames what they send: an answer may be a record with memory behind its NUL, or end
nowhere. Sans-IO: ``Answer`` tells how long a silence would end it, its owner has the clock.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Protocol

from medappt.model.appointments import Reserved
from medappt.model.calendar import WeeklyTime, parse_hour, parse_weekday
from medappt.model.refusals import Code, Refused
from medappt.model.slots import FreeSlot, parse_index
from medappt.wire import words
from medappt.wire.replies import UnexpectedReply
from medappt.wire.requests import Authenticate, Available, Command, Selection, format_request

GREETING_SECONDS = 0.3
"""After connecting: what a server says in that time is a greeting, and answers nothing."""

SILENCE_SECONDS = 0.3
"""After the last byte an answer is over, with a NUL or without. The shortest that is safe: TCP
sends a lost segment again after 200 ms or more, and neither must half an answer be taken for a
whole one, nor the memory behind a NUL for the next answer."""

EMPTY_SECONDS = 5.0
"""After the last byte an answer of nothing but NULs is over. They may be what is left of the record
before, and the answer wait for a disk or a slow password check; a record that says nothing is
rare."""

ANSWER_BYTES = 64 * 1024
"""Of one answer, with all that follows its NUL: thousands of rows, where theirs have dozens."""

_TOLD_CHARACTERS = 80
"""Of an answer nobody foresaw, as much as a person needs to recognise it."""

_SUCCESS = re.compile(r"success", re.IGNORECASE | re.ASCII)
_TAKEN = re.compile(r"not ?available", re.IGNORECASE | re.ASCII)
_ROW = re.compile(r"(\d+) (\w{3}) (\d\d[ap]m)", re.ASCII)
_PORT = re.compile(r"\d{5}", re.ASCII)
_PRICE = re.compile(r"\d{1,9}", re.ASCII)


class Dialect(Enum):
    """How a server speaks; its value is the word a person chooses it by."""

    LINE = "line"
    PACKET = "packet"
    BARE = "bare"


class Phrases(Protocol):
    """What a foreign server is told. ``ValueError`` is raised for what cannot be said in words."""

    def login(self, user: str, password: str) -> bytes:
        """The first message."""

    def available(self) -> bytes:
        """Ask for the free slots."""

    def selection(self, index: str) -> bytes:
        """Ask for one of them."""

    def estimate(self, plan: str, name: str) -> tuple[bytes, ...]:
        """The datagrams that ask a doctor for a price, in their order."""


class PacketPhrases:
    """*packet*: every message is its text and one NUL."""

    def login(self, user: str, password: str) -> bytes:
        return _packet(Authenticate(user=user, password=password))

    def available(self) -> bytes:
        return _packet(Available())

    def selection(self, index: str) -> bytes:
        return _packet(Selection(index=index))

    def estimate(self, plan: str, name: str) -> tuple[bytes, ...]:
        return (words.encode(plan) + b"\0",)


class BarePhrases(PacketPhrases):
    """*bare*: a login is two words and LF, and a doctor is told the name in a datagram of its
    own."""

    def login(self, user: str, password: str) -> bytes:
        _, _, login = _text(Authenticate(user=user, password=password)).partition(b" ")
        return login + b"\n"

    def estimate(self, plan: str, name: str) -> tuple[bytes, ...]:
        return words.encode(name), words.encode(plan) + b"\n"


def _text(command: Command) -> bytes:
    text = format_request(command).removesuffix(b"\n")
    if b"\0" in text:
        raise ValueError("a NUL ends a message: no value has one")
    return text


def _packet(command: Command) -> bytes:
    return _text(command) + b"\0"


class Answer:
    """Collects one answer: the text before its first NUL. NULs before any text are what is left
    of a record that came before."""

    def __init__(self) -> None:
        self._text = bytearray()
        self._received = 0
        self._has_nul = False

    def feed(self, data: bytes) -> None:
        """Take what came. Raises ``UnexpectedReply`` when it is more than any answer."""
        self._received += len(data)
        if self._received > ANSWER_BYTES:
            raise UnexpectedReply("an answer without an end")
        if not self._has_nul:
            text, nul, _ = (data if self._text else data.lstrip(b"\0")).partition(b"\0")
            self._text += text
            self._has_nul = bool(nul)

    @property
    def pause(self) -> float | None:
        """The seconds of silence after which it is over; ``None`` as long as nothing came."""
        if not self._received:
            return None
        return SILENCE_SECONDS if self._text else EMPTY_SECONDS

    @property
    def text(self) -> str:
        """What it says, stripped."""
        return words.decode(bytes(self._text)).strip()


def read_login(text: str) -> bool:
    """Whether the login was good."""
    return _SUCCESS.match(text) is not None


def read_free_slots(text: str) -> list[FreeSlot]:
    """The rows of a list, in the server's order; none where it says so or says nothing.

    What has the form of a row but names no day and hour is none. Anything else is ``Refused``.
    """
    slots = [slot for match in _ROW.finditer(text) if (slot := _slot(match)) is not None]
    if not slots and text and not _TAKEN.search(text):
        raise Refused(Code.SYNTAX, _answered(text))
    return slots


def _slot(row: re.Match[str]) -> FreeSlot | None:
    index = parse_index(row[1])
    try:
        time = WeeklyTime(weekday=parse_weekday(row[2].capitalize()), hour=parse_hour(row[3]))
    except ValueError:
        return None
    return None if index is None else FreeSlot(index=index, time=time)


def read_reservation(text: str) -> Reserved:
    """The doctor who will see the patient: the port is the first five digits, the name the one
    word before it, else empty.

    Refused: ``full`` for a slot that is taken, ``unknown-slot`` for anything else: these servers
    let their clients ask again.
    """
    if _TAKEN.search(text):
        raise Refused(Code.FULL, "this slot is taken")
    port = _PORT.search(text)
    if port is None:
        raise Refused(Code.UNKNOWN_SLOT, _answered(text))
    before = text[: port.start()].split()
    return Reserved(doctor=before[0] if len(before) == 1 else "", port=int(port[0]))


def _answered(text: str) -> str:
    return f"the answer was {text[:_TOLD_CHARACTERS]!r}"


def read_price(datagram: bytes) -> str | None:
    """The price in a doctor's answer; ``None`` unless it is digits and nothing else, up to the
    first NUL."""
    text = words.decode(datagram.partition(b"\0")[0]).strip()
    return text if _PRICE.fullmatch(text) else None
