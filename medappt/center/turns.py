"""Replies in the order of the requests, on one connection (section 4: pipelining)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from medappt.center.footprints import ALONE, ORDERED, Footprint, footprint
from medappt.wire.replies import Reply
from medappt.wire.requests import Malformed, Request


@dataclass(frozen=True, slots=True)
class Overlong:
    """A line that was too long stands here; nothing is read behind it."""


@dataclass(frozen=True, slots=True)
class EndOfInput:
    """The peer will send nothing more."""


Asked: TypeAlias = Request | Malformed | Overlong | EndOfInput


class Turn:
    """One request and the place of its reply."""

    __slots__ = ("asked", "footprint", "reply")

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.footprint = _footprint(asked)
        self.reply: bytes | None = None

    @property
    def tag(self) -> str | None:
        return self.asked.tag if isinstance(self.asked, Request | Malformed) else None


def _footprint(asked: Asked) -> Footprint:
    if isinstance(asked, Request):
        return footprint(asked.command)
    return ORDERED if isinstance(asked, Malformed) else ALONE


class Turns:
    """The unanswered requests of a connection.

    ``start`` is called with each turn when it is its time, and ``answer`` is to be called for it
    once, then or later; ``word`` makes a reply (and its tag) bytes, in the dialect of the
    connection, and ``send`` gets them in order.
    """

    def __init__(
        self,
        start: Callable[[Turn], None],
        word: Callable[[Reply, str | None], bytes],
        send: Callable[[bytes], None],
    ) -> None:
        self._start = start
        self._word = word
        self._send = send
        self._turns: deque[Turn] = deque()
        self._started = 0  # so many from the left
        self._unordered = 0  # of them, those the store does not keep in order
        self._is_advancing = False
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._turns)

    def add(self, asked: Asked) -> None:
        """Queue a request; ignored after ``close``."""
        if not self._is_closed:
            self._turns.append(Turn(asked))
            self._advance()

    def answer(self, turn: Turn, reply: Reply) -> None:
        """The reply to a turn that was started; dropped after ``close``."""
        self.complete(turn, self._word(reply, turn.tag))

    def complete(self, turn: Turn, data: bytes = b"") -> None:
        """A turn is over with these bytes, or without a word."""
        turn.reply = data
        self._advance()

    def answer_last(self, turn: Turn, reply: Reply) -> None:
        """The reply to a turn that does not overlap, and then nothing more: ``close``."""
        self.close()
        self._send(self._word(reply, turn.tag))

    def close(self) -> None:
        """Forget what was not answered yet: nothing is started or sent any more."""
        self._is_closed = True
        self._turns.clear()
        self._started = self._unordered = 0

    def _advance(self) -> None:
        if self._is_advancing:  # an answer came from within a start: the loop below goes on
            return
        self._is_advancing = True
        try:
            while self._send_answered() or self._start_next():
                pass
        finally:
            self._is_advancing = False

    def _send_answered(self) -> bool:
        out = []
        while self._turns and self._turns[0].reply is not None:
            turn = self._turns.popleft()
            out.append(turn.reply or b"")
            self._started -= 1
            self._unordered -= not turn.footprint.is_ordered
        if any(out):
            self._send(b"".join(out))
        return bool(out)

    def _start_next(self) -> bool:
        if self._started == len(self._turns):
            return False
        turn = self._turns[self._started]
        if self._must_wait(turn.footprint):
            return False
        self._started += 1
        self._unordered += not turn.footprint.is_ordered
        self._start(turn)
        return True

    def _must_wait(self, wanted: Footprint) -> bool:
        if wanted is ORDERED and not self._unordered:
            return False  # the usual pipeline, without looking at each
        return any(
            turn.reply is None and wanted.must_wait_for(turn.footprint)
            for turn in islice(self._turns, self._started)
        )
