"""The network of a history: datagrams and streams between machines, with its weather."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, TypeAlias

from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.protocol import DatagramProtocol

from tests.simulation.timeline import Timeline
from tests.simulation.weather import Weather

if TYPE_CHECKING:
    from tests.simulation.machine import Machine

Address: TypeAlias = tuple[str, int]

LATE = 50.0
"""How many times its usual delay a late datagram takes."""

REMEMBERED = 200
"""Datagrams that somebody has recorded, and may play back."""


class Network:
    """Datagrams are lost, doubled, late and out of order as the ``weather`` says. Where a pair of
    hosts (from, to) is ``cut`` nothing gets through; streams wait there. What arrives at a host
    that is paused arrives when it goes on.

    ``doubles`` counts, for each machine, the datagrams it got that it had got before.
    """

    def __init__(self, timeline: Timeline, dice: Random, weather: Weather) -> None:
        self.timeline = timeline
        self.dice = dice
        self.weather = weather
        self.cut: set[tuple[str, str]] = set()
        self.sockets: dict[Address, tuple[Machine, DatagramProtocol]] = {}
        self.doors: dict[Address, tuple[Machine, IProtocolFactory]] = {}
        self.recorded: list[tuple[Address, Address, bytes]] = []
        self.doubles: Counter[Machine] = Counter()
        self._paused: dict[str, float] = {}

    def pause(self, host: str, seconds: float) -> None:
        """Nothing happens at ``host`` for so long: the process is stopped, or swapped out. It goes
        on with what it believed before."""
        self._paused[host] = max(self._paused.get(host, 0.0), self.timeline.now + seconds)

    def wakes_in(self, host: str) -> float:
        """The seconds for which ``host`` is still paused; 0 or less where it is not."""
        return self._paused.get(host, 0.0) - self.timeline.now

    @property
    def awake_at(self) -> float:
        """When the last of all pauses ends, or ended."""
        return max(self._paused.values(), default=0.0)

    def when_awake(self, host: str, action: Callable[[], object]) -> None:
        """Do it now, or when ``host`` goes on."""
        rest = self.wakes_in(host)
        if rest > 0:
            self.timeline.call_later(rest, self.when_awake, host, action)
        else:
            action()

    def is_cut(self, source: str, to: str) -> bool:
        return (source, to) in self.cut

    def clear(self) -> None:
        """All ways are open again."""
        self.cut.clear()

    # datagrams

    def send_datagram(self, source: Address, to: Address, data: bytes) -> None:
        """On its way; the weather decides."""
        weather, dice = self.weather, self.dice
        self.timeline.note("datagram", source, to, data)
        if len(self.recorded) < REMEMBERED:
            self.recorded.append((source, to, data))
        else:
            self.recorded[dice.randrange(REMEMBERED)] = (source, to, data)
        copies = 2 if dice.random() < weather.doubled else 1
        for _ in range(copies):
            if dice.random() < weather.lost or self.is_cut(source[0], to[0]):
                continue
            delay = dice.expovariate(1 / weather.delay)
            if dice.random() < weather.late:
                delay *= LATE
            self.timeline.call_later(delay, self._arrive, source, to, data)

    def replay(self) -> None:
        """Somebody sends again what they have recorded."""
        if self.recorded:
            source, to, data = self.dice.choice(self.recorded)
            self._arrive(source, to, data)

    def _arrive(self, source: Address, to: Address, data: bytes) -> None:
        self.when_awake(to[0], lambda: self._deliver(source, to, data))

    def _deliver(self, source: Address, to: Address, data: bytes) -> None:
        found = self.sockets.get(to)
        if found is None or self.is_cut(source[0], to[0]):
            return
        machine, protocol = found
        self.timeline.note("received", source, to, data)
        if machine.has_got_before(data):
            self.doubles[machine] += 1
        protocol.datagramReceived(data, source)
