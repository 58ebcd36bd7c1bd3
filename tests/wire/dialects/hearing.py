"""A client's end of a ``Listener``: segments and pauses in, what was heard out."""

from __future__ import annotations

from medappt.wire.dialects import Heard, Listener, Message, SpeaksLine
from medappt.wire.replies import Success

SHORT = 0.1
"""A pause that ends nothing."""

MIDDLE = 0.3
"""A pause that ends what did not come a byte at a time."""

LONG = 0.6
"""A pause that ends all that is complete."""


class Hearing:
    """Feeds a listener as the server does, and keeps what it heard.

    Requests are in ``requests`` also when they are lines; ``ending`` is the last thing heard where
    that was the end.
    """

    def __init__(self) -> None:
        self.listener = Listener()
        self.requests: list[bytes] = []
        self.ending: Heard | None = None
        self.lines: bytes | None = None

    def send(self, *segments: bytes) -> Hearing:
        """Segments, with no pause between them."""
        for segment in segments:
            if self.lines is not None:
                self._lines(segment)
            elif self.ending is None:
                for heard in self.listener.receive(segment):
                    self._hear(heard)
        return self

    def wait(self, seconds: float) -> Hearing:
        """A pause: what the server hears in it, and time for it to answer."""
        if self.lines is not None or self.ending is not None:
            return self
        pause = self.listener.pause
        if pause is not None and pause <= seconds:
            for heard in self.listener.silence():
                self._hear(heard)
        if self.requests and seconds > 0:
            self.listener.word(Success(), None)
        return self

    def _hear(self, heard: Heard) -> None:
        if isinstance(heard, Message):
            self.requests.append(heard.line)
        elif isinstance(heard, SpeaksLine):
            self.lines = b""
            self._lines(heard.data)
        else:
            self.ending = heard

    def _lines(self, data: bytes) -> None:
        assert self.lines is not None
        *whole, self.lines = (self.lines + data).split(b"\n")
        self.requests += [line.removesuffix(b"\r") for line in whole if line.strip()]

    @property
    def answer(self) -> bytes:
        """How a good login is answered now: it tells the dialects apart."""
        return self.listener.word(Success(), None)
