"""Answering the probes of peers (``wire.probes``), so many a second."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime

from twisted.internet.interfaces import IReactorTime

from medappt.federation.drops import Drop
from medappt.wire.envelope import Incarnation, Opened
from medappt.wire.probes import PROBE, Echo, format_echo

PROBES_A_SECOND = 10
"""Of one peer that are answered: a prober sends few, and anybody may replay them."""


class Echoing:
    """The probes of one peer. ``now`` tells the instant (aware, UTC)."""

    def __init__(self, clock: IReactorTime, now: Callable[[], datetime]) -> None:
        self._clock = clock
        self._now = now
        self._answered: deque[float] = deque(maxlen=PROBES_A_SECOND)

    def answer(self, probe: Opened, on_record: Incarnation | None) -> bytes | Drop:
        """The payload of the ECHO, or why there is none; ``on_record`` is the highest run of the
        peer."""
        if probe.payload != PROBE:
            return Drop.UNREADABLE
        seconds, answered = self._clock.seconds(), self._answered
        if len(answered) == PROBES_A_SECOND and seconds - answered[0] < 1.0:
            return Drop.CROWDED
        answered.append(seconds)
        return format_echo(
            Echo(
                run=probe.header.incarnation,
                number=probe.header.number,
                instant=self._now(),
                highest=None if on_record is None else on_record.boot,
            )
        )
