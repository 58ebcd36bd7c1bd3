"""Counting the datagrams that get no answer: each kind is told once, and in total at the end."""

from __future__ import annotations

from collections import Counter

from twisted.logger import Logger
from twisted.python.failure import Failure

from medappt.doctor.desk import Drop


class Drops:
    """What one doctor dropped. ``doctor`` is how the log calls them."""

    _log = Logger()

    def __init__(self, doctor: str) -> None:
        self._doctor = doctor
        self._counts: Counter[Drop] = Counter()
        self._errors: set[type[BaseException]] = set()

    def count(self, kind: Drop) -> None:
        """Count a datagram; the first of a kind is logged."""
        self._counts[kind] += 1
        if self._counts[kind] == 1:
            self._log.info(
                "{doctor} drops a datagram: {reason}. Further ones are only counted.",
                doctor=self._doctor,
                reason=kind.value,
            )

    def count_error(self, error: Exception) -> None:
        """Count a datagram that could not be handled because of ``error``; the first of a type is
        logged with its traceback: whoever can provoke it must not be able to fill the disk."""
        self._counts[Drop.FAILED] += 1
        if type(error) not in self._errors:
            self._errors.add(type(error))
            self._log.failure(
                "{doctor} could not handle a datagram.",
                failure=Failure(error, type(error), error.__traceback__),
                doctor=self._doctor,
            )

    def tell_totals(self) -> None:
        """Log how many there were of each kind, if any."""
        for kind, count in self._counts.items():
            self._log.info(
                "{doctor} dropped {count} in all: {reason}.",
                doctor=self._doctor,
                count=count,
                reason=kind.value,
            )
        self._counts.clear()
