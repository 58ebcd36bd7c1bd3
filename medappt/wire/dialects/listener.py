"""What a connection's bytes and silences come to: the dialects' door to the server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from medappt.model.limits import LINE_BYTES
from medappt.wire.dialects.recognition import Recognised, Recognition, TooLong, Unknown, Verdict
from medappt.wire.dialects.spoken import Bare, Line, Packet
from medappt.wire.replies import Reply


@dataclass(frozen=True, slots=True)
class Message:
    """A request, as a line of the *line* dialect without its end."""

    line: bytes


@dataclass(frozen=True, slots=True)
class SpeaksLine:
    """From here on the connection is lines, and none of our business; ``data`` belongs to it."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Stranger:
    """This speaks no dialect: send ``answer``, if it is anything, and close."""

    answer: bytes


@dataclass(frozen=True, slots=True)
class Overfull:
    """A message had no end for too long: close."""


@dataclass(frozen=True, slots=True)
class Overlong:
    """The first line was longer than a line may be: refuse it, read nothing more and close."""


Heard: TypeAlias = Message | SpeaksLine | Stranger | Overfull | Overlong


class Listener:
    """Recognises the dialect of a connection and turns what it sends into requests.

    Feed it what comes (``receive``), and ``silence`` when nothing has come for ``pause`` seconds
    (``None``: however long). Once it has said ``SpeaksLine``, ``Stranger``, ``Overfull`` or
    ``Overlong`` it is to be fed no more. ``word`` gives the bytes of a reply in the dialect of the
    connection.
    """

    def __init__(self) -> None:
        self._recognition: Recognition | None = Recognition()
        self._dialect: Line | Packet | Bare = Line()
        self._has_spoken = False

    @property
    def pause(self) -> float | None:
        """The seconds of silence that would mean something now."""
        if self._recognition is not None:
            return self._recognition.pause
        return None if isinstance(self._dialect, Line) else self._dialect.pause

    def receive(self, segment: bytes) -> Iterator[Heard]:
        """What a segment comes to."""
        if self._recognition is not None:
            yield from self._decide(self._recognition.receive(segment), is_silent=False)
        elif not isinstance(self._dialect, Line):
            yield from self._messages(self._dialect, self._dialect.receive(segment))
        elif segment.startswith(b"\0") and not self._has_spoken:
            # the LF of the login was no end of a line: its NUL came in a segment of its own
            self._dialect = Packet()
            yield from self._messages(self._dialect, self._dialect.receive(segment))
        else:
            yield SpeaksLine(segment)

    def silence(self) -> Iterator[Heard]:
        """What a silence comes to, or the end of what the client sends."""
        if self._recognition is not None:
            yield from self._decide(self._recognition.silence(), is_silent=True)
        elif not isinstance(self._dialect, Line):
            yield from self._messages(self._dialect, self._dialect.silence())

    def word(self, reply: Reply, tag: str | None) -> bytes:
        """The bytes of a reply."""
        self._has_spoken = True
        return self._dialect.word(reply, tag)

    def _decide(self, verdict: Verdict | None, *, is_silent: bool) -> Iterator[Heard]:
        match verdict:
            case Recognised():
                self._recognition = None
                self._dialect = verdict.dialect
                yield from self._first(verdict.dialect, verdict.data, is_silent=is_silent)
            case Unknown():
                yield Stranger(verdict.answer)
            case TooLong():
                yield Overlong()

    def _first(
        self, dialect: Line | Packet | Bare, data: bytes, *, is_silent: bool
    ) -> Iterator[Heard]:
        if isinstance(dialect, Line):
            if data.find(b"\n") == len(data) - 1 <= LINE_BYTES:
                yield Message(data[:-1].removesuffix(b"\r"))  # a NUL may still come behind it
            else:
                yield SpeaksLine(data)
            return
        yield from self._messages(dialect, dialect.receive(data))
        if is_silent:
            yield from self._messages(dialect, dialect.silence())

    def _messages(self, dialect: Packet | Bare, requests: Iterable[bytes]) -> Iterator[Heard]:
        for request in requests:
            yield Message(request)
        if dialect.is_overfull:
            yield Overfull()
