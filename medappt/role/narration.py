"""The sentences that roles tell people (section 7): log events with a bound on their number."""

from __future__ import annotations

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

SENTENCES_A_SECOND = 50
"""Beyond it sentences are dropped and counted: people read them, and a text event costs more than
a booking."""


LONGEST_RUSH = 60.0
"""Seconds: whoever reads along need not wait for the end of a longer one to hear of it."""


class Narrator:
    """Logs sentences, at most ``SENTENCES_A_SECOND``; of a rush it says once how many it left out.

    ``clock`` tells the seconds and reports the end of a rush.
    """

    def __init__(self, log: Logger, clock: IReactorTime) -> None:
        self._log = log
        self._clock = clock
        self._second = float("-inf")
        self._told = 0
        self._dropped = 0
        self._dropped_before = 0
        self._rush_began = 0.0
        self._report: IDelayedCall | None = None

    def tell(self, sentence: str, **fields: object) -> None:
        """Log ``sentence``, a format string over ``fields``, exactly so."""
        if not self.leaves_out(1):
            self._told += 1
            self._log.info(sentence, **fields)

    def leaves_out(self, sentences: int) -> bool:
        """Whether none of that many sentences would be told now; they are counted as left out
        then, and need not be made."""
        now = self._clock.seconds()
        if not 0 <= now - self._second < 1.0:  # over, or the clock was set back
            self._second, self._told = now, 0
        if self._told < SENTENCES_A_SECOND:
            return False
        self._dropped += sentences
        if self._report is None:
            self._rush_began = now
            self._report = self._clock.callLater(1.0, self._look_again)
        return True

    def _look_again(self) -> None:
        goes_on = self._dropped > self._dropped_before
        if goes_on and self._clock.seconds() - self._rush_began < LONGEST_RUSH:
            self._dropped_before = self._dropped
            self._report = self._clock.callLater(1.0, self._look_again)
        else:
            self._say_dropped()

    def _say_dropped(self) -> None:
        self._log.warn(
            "{dropped} sentences were left out: more than {most} in a second.",
            dropped=self._dropped,
            most=SENTENCES_A_SECOND,
        )
        self._dropped = self._dropped_before = 0
        self._report = None

    def stop(self) -> None:
        """Say what was left out so far, and leave no timer behind."""
        if self._report is not None:
            self._report.cancel()
            self._say_dropped()
