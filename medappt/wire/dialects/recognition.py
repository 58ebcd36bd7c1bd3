"""Which dialect a connection speaks, told by its first bytes (section 4, "Recognition")."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TypeAlias

from medappt.model.limits import LINE_BYTES
from medappt.wire.dialects.messages import (
    BLANKS,
    MESSAGE_BYTES,
    SILENCE_SECONDS,
    SLOW_SILENCE_SECONDS,
    is_keyword,
    is_text,
    split,
)
from medappt.wire.dialects.spoken import RECORD_BYTES, Bare, Line, Packet

RUBBISH_BYTES = 16
"""``authenticate `` may begin so late: what precedes it is memory nobody had cleared."""

_LOGIN = b"authenticate "
_TAG = re.compile(rb"@[!-~]*[ \t]+")


@dataclass(frozen=True, slots=True)
class Recognised:
    """A dialect, and the bytes that are for it: all that came but blank lines and rubbish."""

    dialect: Line | Packet | Bare
    data: bytes


@dataclass(frozen=True, slots=True)
class Unknown:
    """No dialect of ours. ``answer`` is sent, if anything, before the close."""

    answer: bytes


@dataclass(frozen=True, slots=True)
class TooLong:
    """Text that is longer than any line, and no login."""


Verdict: TypeAlias = Recognised | Unknown | TooLong


class Recognition:
    """Collects the first bytes of a connection until they tell its dialect."""

    def __init__(self) -> None:
        self._seen = bytearray()
        self._segment_bytes = 0
        self._is_slow = True
        self.pause: float | None = None
        """The seconds of silence that would tell something; ``None``: only more bytes would."""

    def receive(self, segment: bytes) -> Verdict | None:
        """What a segment tells; ``None`` while more must come."""
        self._seen = (self._seen + segment).lstrip(BLANKS)  # blank lines
        self._segment_bytes = len(segment)
        self._is_slow = self._is_slow and len(segment) == 1
        return self._look(is_silent=False)

    def silence(self) -> Verdict | None:
        """What it tells that nothing has come for ``pause`` seconds."""
        return self._look(is_silent=True)

    def _look(self, *, is_silent: bool) -> Verdict | None:
        self.pause = None
        data = _without_rubbish(bytes(self._seen))
        end = min((at for at in (data.find(b"\n"), data.find(b"\0")) if at >= 0), default=-1)
        message = data if end < 0 else data[:end]
        parts = split(message)
        if end < 0:
            if _is_too_long(message, parts):
                return TooLong()
            if len(data) >= MESSAGE_BYTES:
                return Unknown(b"")
            if not _is_whole_login(parts):
                return None
            if not is_silent:
                self._wait_for_silence()
                return None
        return self._tell(data, end, parts, is_silent=is_silent)

    def _tell(
        self, data: bytes, end: int, parts: list[bytes], *, is_silent: bool
    ) -> Verdict | None:
        first = parts[0] if parts else b""
        is_of_line = is_keyword(first) or first.startswith(b"@")
        is_line = data[end : end + 1] == b"\n" and data[end + 1 : end + 2] != b"\0"
        if first == b"Authenticate":
            return Recognised(Packet(capital=True), data)
        if is_line and is_of_line:
            return Recognised(Line(), data)
        if first.lower() == b"authenticate":
            is_record = self._segment_bytes == RECORD_BYTES and b"\0" in self._seen
            return Recognised(Packet(record=is_record), data)
        message = data[:end] if end >= 0 else data
        if _is_too_long(message, parts):
            return TooLong()
        if is_of_line:
            return None if len(data) < MESSAGE_BYTES else Unknown(b"")
        if len(parts) == 2 and is_text(message):
            return Recognised(Bare(), data)
        if len(self._seen) < RUBBISH_BYTES + len(_LOGIN) and not is_silent:
            self._wait_for_silence()  # a login may stand behind it
            return None
        return Unknown(b"Failure" if is_text(message) else b"")

    def _wait_for_silence(self) -> None:
        self.pause = SLOW_SILENCE_SECONDS if self._is_slow else SILENCE_SECONDS


def _without_rubbish(data: bytes) -> bytes:
    """Drop what precedes a login that begins late, unless a client of *line* could mean it."""
    at = data[: RUBBISH_BYTES + len(_LOGIN) - 1].lower().find(_LOGIN)
    before = data[:at]
    return data if at <= 0 or _TAG.fullmatch(before) or _begins_with_request(before) else data[at:]


def _begins_with_request(before: bytes) -> bool:
    """Whether a line with a keyword, or with a tag and a keyword, is the first of these bytes."""
    line, lf, behind = before.partition(b"\n")
    if not lf or b"\0" in line or behind.startswith(b"\0"):
        return False
    tag = _TAG.match(line)
    parts = split(line if tag is None else line[tag.end() :])
    return bool(parts) and is_keyword(parts[0])


def _is_too_long(message: bytes, parts: list[bytes]) -> bool:
    """Whether a first message is text beyond the length of a line, and no login: that may be a
    record. Its first bytes tell, so that it is the same whatever has come of it."""
    if len(message.removesuffix(b"\r")) <= LINE_BYTES:
        return False
    if parts[0].lower() == b"authenticate":
        return False
    start = message[: LINE_BYTES + 1]
    _, whole = codecs.utf_8_decode(start, "surrogateescape", False)  # no torn character
    return is_text(start[:whole])


def _is_whole_login(parts: list[bytes]) -> bool:
    """Whether silence may end a first message: a login that has all its words."""
    if not parts:
        return False
    if parts[0].lower() == b"authenticate":
        return len(parts) == 3
    return len(parts) == 2 and not (is_keyword(parts[0]) or parts[0].startswith(b"@"))
