"""Virtual time: a heap of calls, each at its own instant."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable
from random import Random
from typing import Any

from twisted.internet.base import DelayedCall

DIGEST_BYTES = 8


class Timeline:
    """The clock of one history, and what is to happen. Seconds begin at 0.

    ``task.Clock`` sorts all its calls at each new one and jumps to the end of an ``advance``; this
    one stops at every event. Calls of the same instant come in an order drawn from ``dice``, so
    that seeds differ in it.

    ``trace`` digests everything that was noted: two runs that have the same are the same.
    """

    def __init__(self, dice: Random) -> None:
        self._dice = dice
        self._heap: list[tuple[float, float, int, DelayedCall]] = []
        self._pushed = 0
        self._trace = hashlib.blake2b(digest_size=DIGEST_BYTES)
        self.now = 0.0
        self.events = 0
        self.on_note: Callable[[float, str, tuple[object, ...]], None] | None = None

    def call_later(
        self, delay: float, function: Callable[..., object], *args: Any, **named: Any
    ) -> DelayedCall:
        """Have ``function`` called ``delay`` seconds from now."""
        call = DelayedCall(
            self.now + delay, function, args, named, _nothing, self._push, self._seconds
        )
        self._push(call)
        return call

    def _seconds(self) -> float:
        return self.now

    def _push(self, call: DelayedCall) -> None:
        """Also of a call that was brought forward: its old entry is stale then."""
        self._pushed += 1
        heapq.heappush(self._heap, (call.getTime(), self._dice.random(), self._pushed, call))

    def postpone(self, call: DelayedCall, delay: float) -> None:
        """Have a call that has just come up come again, as if it had not: it can be cancelled."""
        call.called = 0
        call.time, call.delayed_time = self.now + delay, 0.0
        self._push(call)

    def pending(self) -> list[DelayedCall]:
        """Everything that is still to happen."""
        return [call for _, _, _, call in self._heap if call.active()]

    def run_until(self, end: float, after_each: Callable[[], None]) -> None:
        """Let everything happen that is due by ``end``."""
        heap = self._heap
        while heap and heap[0][0] <= end:
            due, _, _, call = heapq.heappop(heap)
            if call.cancelled or call.called or call.getTime() < due:
                continue
            if call.getTime() > due:  # it was put off
                self._push(call)
                continue
            self.now = max(self.now, due)
            self.events += 1
            call.called = 1
            call.func(*call.args, **call.kw)
            after_each()
        self.now = max(self.now, end)

    def note(self, kind: str, *what: object) -> None:
        """Put something that happened into the trace."""
        self._trace.update(repr((round(self.now, 6), kind, what)).encode())
        if self.on_note is not None:
            self.on_note(self.now, kind, what)

    @property
    def trace(self) -> str:
        return self._trace.hexdigest()


def _nothing(call: DelayedCall) -> None:
    """A cancelled call stays in the heap until its time."""
