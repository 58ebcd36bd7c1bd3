"""Messages out of segments, for the dialects whose messages end in LF, NUL or silence."""

from __future__ import annotations

import re
from collections.abc import Iterator

from medappt.wire import words
from medappt.wire.requests import KEYWORDS

SILENCE_SECONDS = 0.15
"""Without a byte: then a complete message is over. Their clients send a message in one piece and
wait for the answer."""

SLOW_SILENCE_SECONDS = 0.5
"""The same while a message arrives one byte at a time."""

MESSAGE_BYTES = 2_048
"""Without an end, and nobody goes on reading: the largest record of any of them is half of it."""

BLANKS = b" \t\r\n"
"""Between words, in every dialect."""

_KEYWORDS = frozenset(keyword.encode("ascii") for keyword in KEYWORDS)
_ARITY = {b"authenticate": 3, b"selection": 2, b"cancel": 2, b"patients": 2}
# the words a request needs; the parser cannot tell, for what it refuses must end, too
_WORD = re.compile(rb"[^ \t\r\n]+")


class Messages:
    """Splits what a client sends into messages.

    A message ends at LF, at NUL, or when the client falls silent and it is complete. After a NUL
    all is padding (uninitialised memory: old requests, line feeds) until a keyword stands at the
    start of what follows a NUL, or at the start of a segment.
    """

    def __init__(self) -> None:
        self.has_nul = False
        self._text = bytearray()
        self._is_padding = False
        self._beginnings: list[bytes] = []  # padding that may go on as a keyword
        self._is_slow = True

    @property
    def is_overfull(self) -> bool:
        """Whether a message has become longer than any client's; it is the last one, then."""
        return len(self._text) >= MESSAGE_BYTES

    @property
    def pause(self) -> float | None:
        """The seconds of silence after which ``silence`` would have a message; ``None`` if it
        would have none."""
        if self._is_padding or not is_complete(bytes(self._text)):
            return None
        return SLOW_SILENCE_SECONDS if self._is_slow else SILENCE_SECONDS

    def receive(self, segment: bytes) -> Iterator[bytes]:
        """The messages that a segment completes, without their ends."""
        self.has_nul = self.has_nul or b"\0" in segment
        *ended, rest = segment.split(b"\0")
        for number, piece in enumerate(ended):
            yield from self._take(piece, at_start=number == 0)
            if self.is_overfull:
                return
            yield from self._end_at_nul()
        yield from self._take(rest, at_start=not ended)
        self._is_slow = not self._text or (self._is_slow and len(segment) == 1)

    def silence(self) -> Iterator[bytes]:
        """The message that is over because nothing has come for ``pause``."""
        if self.pause is not None:
            yield self._cut()

    def _take(self, piece: bytes, *, at_start: bool) -> Iterator[bytes]:
        if self._is_padding:
            piece = self._leave_padding(piece, at_start=at_start)
        *lines, rest = piece.split(b"\n")
        for line in lines:
            self._text += line
            if self.is_overfull:
                return
            yield self._cut()
        self._text += rest

    def _leave_padding(self, piece: bytes, *, at_start: bool) -> bytes:
        """What of a piece is no padding. Beginnings of keywords are kept in mind: in the next
        segment they may go on."""
        longer = [beginning + piece for beginning in self._beginnings] if at_start else []
        candidates = [*longer, piece]
        self._beginnings = [each for each in candidates if _may_become_keyword(each)]
        for candidate in candidates:
            if _begins_with_keyword(candidate):
                self._is_padding = False
                return candidate
        return b""

    def _end_at_nul(self) -> Iterator[bytes]:
        if not self._is_padding:
            yield self._cut()
        self._is_padding = True
        self._beginnings = []

    def _cut(self) -> bytes:
        text = bytes(self._text)
        self._text.clear()
        self._is_slow = True
        return text


def split(text: bytes) -> list[bytes]:
    """The words of a message. (``bytes.split`` takes vertical tabs and form feeds for blanks.)"""
    return _WORD.findall(text)


def is_keyword(word: bytes) -> bool:
    """Whether a word, in whatever spelling, is one of the protocol's."""
    return word.lower() in _KEYWORDS


def is_complete(text: bytes) -> bool:
    """Whether silence may end a message: it has the words that it needs, and is no beginning of
    a keyword."""
    parts = split(text)
    if not parts:
        return False
    if is_keyword(parts[0]):
        return len(parts) >= _ARITY.get(parts[0].lower(), 1)
    return len(parts) > 1 or not _may_become_keyword(parts[0])


def _begins_with_keyword(text: bytes) -> bool:
    lowered = text.lower()
    return any(
        lowered.startswith(keyword)
        and (len(lowered) == len(keyword) or lowered[len(keyword)] in BLANKS)
        for keyword in _KEYWORDS
    )


def _may_become_keyword(text: bytes) -> bool:
    lowered = text.lower()
    return bool(lowered) and any(keyword.startswith(lowered) for keyword in _KEYWORDS)


def is_text(message: bytes) -> bool:
    """Whether a message is something a person could have typed."""
    text = words.decode(message).rstrip("\r").replace("\t", " ")
    return bool(text) and words.is_storable(text)
