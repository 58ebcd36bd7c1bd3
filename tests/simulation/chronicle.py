"""All versions of all stores of a history, and when each was durable."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Sequence

from tests.simulation.snapshots import Answer, Snapshot


class Broken(AssertionError):
    """A promise of the design was not kept."""


def require(condition: object, *what: object) -> None:
    """Raise ``Broken`` unless ``condition``."""
    if not condition:
        raise Broken(" ".join(map(str, what)))


class Chronicle:
    """``moment`` counts the commits of all centers. ``answers`` are those on record under each
    user and tag, with the moment when they first were."""

    def __init__(self) -> None:
        self.moment = 0
        self.answers: dict[tuple[str, str], tuple[int, Answer]] = {}
        self._moments: dict[str, list[int]] = {}
        self._versions: dict[str, list[Snapshot]] = {}
        self._passing: dict[str, list[Snapshot]] = {}

    def record(self, city: str, raw: sqlite3.Connection) -> tuple[Snapshot | None, Snapshot]:
        """A version is durable: the one before, and it. Those that ``pass_by`` has noted since
        were true in between."""
        versions = self._versions.setdefault(city, [])
        before = versions[-1] if versions else None
        passing = self._passing.pop(city, [])
        now = Snapshot(raw, before)
        self.moment += 1
        for version in (*passing, now):
            versions.append(version)
            self._moments.setdefault(city, []).append(self.moment)
        if "answers" in now.changed:
            for answer in now.answers:
                first, _ = self.answers.get((answer.user, answer.tag), (self.moment, answer))
                self.answers[answer.user, answer.tag] = first, answer
        return before, now

    def pass_by(self, city: str, raw: sqlite3.Connection) -> None:
        """A transaction of a batch is done; what comes behind it in the batch sees it."""
        passing = self._passing.setdefault(city, [])
        passing.append(Snapshot(raw, passing[-1] if passing else self.latest(city)))

    def forget_passing(self, city: str) -> None:
        """The batch came to nothing."""
        self._passing.pop(city, None)

    def latest(self, city: str) -> Snapshot:
        """How the store of a center stands."""
        return self._versions[city][-1]

    def during(self, city: str, since: int, until: int) -> Sequence[Snapshot]:
        """The versions that were the latest at some time from one moment to another."""
        moments = self._moments[city]
        first = max(0, bisect_right(moments, since) - 1)
        return self._versions[city][first : max(first + 1, bisect_right(moments, until))]
