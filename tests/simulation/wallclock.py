"""The clock on the wall of one host: it may be wrong, and be set."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.simulation.timeline import Timeline


class WallClock:
    """``latest`` is the latest instant anybody may have read off it."""

    def __init__(self, timeline: Timeline, begins: datetime) -> None:
        self._timeline = timeline
        self._begins = begins
        self._offset = timedelta()
        self._latest = begins

    def now(self) -> datetime:
        """The instant it shows, in UTC."""
        return self._begins + self._offset + timedelta(seconds=self._timeline.now)

    @property
    def latest(self) -> datetime:
        return max(self._latest, self.now())

    def jump(self, seconds: float) -> None:
        """Somebody sets it, forwards or back."""
        self._latest = self.latest
        self._offset += timedelta(seconds=seconds)
