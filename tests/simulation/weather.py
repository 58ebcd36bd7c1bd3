"""How bad the weather of a history is: which faults there are, and how often."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

NEMESIS = (
    "kill",
    "cut",
    "one-way cut",
    "isolation",
    "pause",
    "broken streams",
    "clock jump",
    "disk full",
    "disk error",
    "replay",
    "restore",
)
"""What is done to the centers from time to time; each history has its own part of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Weather:
    """Shares are probabilities: of each datagram to be lost, doubled or very late; of each commit
    that the process dies right before or right after it; of each piece of a stream that the
    connection breaks in its midst. Delays are means in seconds.

    ``storms`` are the faults of ``NEMESIS`` this history has, ``pause`` the mean time between two.
    """

    lost: float = 0.0
    doubled: float = 0.0
    delay: float = 0.005
    late: float = 0.0
    dies_before_commit: float = 0.0
    dies_after_commit: float = 0.0
    stream_delay: float = 0.001
    stream_pieces: float = 0.0
    stream_breaks: float = 0.0
    worker_delay: float = 0.0
    storms: tuple[str, ...] = ()
    pause: float = 8.0

    def calm(self) -> Weather:
        """The same world once the weather has cleared."""
        return replace(
            self,
            lost=0.0,
            doubled=0.0,
            late=0.0,
            delay=min(self.delay, 0.01),
            dies_before_commit=0.0,
            dies_after_commit=0.0,
            stream_breaks=0.0,
            storms=(),
        )


def draw_weather(dice: Random) -> Weather:
    """Each seed has its own subset of faults (swarm testing): a history with all of them at once
    hardly gets anything done, and finds less."""
    return Weather(
        lost=dice.choice([0.0, 0.05, 0.3]),
        doubled=dice.choice([0.0, 0.1, 0.5]),
        delay=dice.choice([0.002, 0.02, 0.2]),
        late=dice.choice([0.0, 0.0, 0.03]),
        dies_before_commit=dice.choice([0.0, 0.0, 0.002, 0.01]),
        dies_after_commit=dice.choice([0.0, 0.0, 0.002, 0.01]),
        stream_pieces=dice.choice([0.0, 0.0, 0.3]),
        stream_breaks=dice.choice([0.0, 0.0, 0.02]),
        worker_delay=dice.choice([0.0, 0.0, 0.003, 0.05]),
        storms=tuple(each for each in NEMESIS if dice.random() < 0.35),
        pause=dice.choice([4.0, 8.0]),
    )
