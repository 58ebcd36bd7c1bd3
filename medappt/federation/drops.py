"""Counting the datagrams that had no effect: the first of a kind is told, all of them in total."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import Enum

from twisted.logger import Logger
from twisted.python.failure import Failure

from medappt.model.refusals import Refused
from medappt.store.failures import StoreBusy, StoreFailed


class Drop(Enum):
    """Why a datagram had no effect; the value says it to a person."""

    MALFORMED = "no sealed datagram of at most 1,200 bytes"
    MISDIRECTED = "for another center"
    STRANGER = "from a center that is no peer of ours"
    UNOPENED = "not sealed with a key of ours"
    STALE = "of an earlier run of its sender"
    REPEATED = "seen before, or overtaken by a thousand others"
    UNREADABLE = "without a message we know"
    UNMATCHED = "a reply that nobody waits for"
    OTHER_RUN = "about another run of this center"
    CROWDED = "over the requests of one peer handled at once"
    UNRECORDED = "of a run of its sender that is not on record yet"
    STOPPED = "after the federation was stopped"
    UNSENT = "not taken by the network"
    WITHHELD = "not answered on purpose: not to be asked, or the store cannot do it now"
    FAILED = "not handled because of an error of this program"


class NoAnswer(Exception):
    """This center does not answer that question."""


_ON_PURPOSE = (NoAnswer, Refused, StoreBusy, StoreFailed)
"""How a handler says that it gives no answer. The writer tells of a failing store itself, and a
peer that asks for what is another's must not fill the log."""


class Drops:
    """What one center dropped. ``city`` is how the log calls it."""

    _log = Logger()

    def __init__(self, city: str) -> None:
        self._city = city
        self._counts: Counter[Drop] = Counter()
        self._errors: set[type[BaseException]] = set()

    @property
    def counts(self) -> Mapping[Drop, int]:
        """How many there were of each kind, since the start."""
        return dict(self._counts)

    def count(self, kind: Drop, source: tuple[str, int]) -> None:
        """Count a datagram from, or to, the address ``source``; the first of a kind is logged."""
        self._counts[kind] += 1
        # not each one: whoever can send datagrams must not be able to fill the disk
        if self._counts[kind] == 1:
            self._log.debug(
                "{city}: a datagram has no effect: {reason} ({host}:{port}). "
                "Further ones are only counted.",
                city=self._city,
                reason=kind.value,
                host=source[0],
                port=source[1],
            )

    def count_error(self, error: Exception, source: tuple[str, int]) -> None:
        """Count a datagram from the address ``source`` that was not handled because of ``error``:
        ``WITHHELD`` if that says so on purpose. Else the first of a type is logged with its
        traceback, for it is a defect."""
        if isinstance(error, _ON_PURPOSE):
            self.count(Drop.WITHHELD, source)
            return
        self._counts[Drop.FAILED] += 1
        if type(error) not in self._errors:
            self._errors.add(type(error))
            self._log.failure(
                "{city}: a datagram could not be handled.",
                failure=Failure(error, type(error), error.__traceback__),
                city=self._city,
            )

    def tell_totals(self) -> None:
        """Log how many there were of each kind, if any."""
        for kind, count in self._counts.items():
            self._log.info(
                "{city}: {count} datagrams in all had no effect: {reason}.",
                city=self._city,
                count=count,
                reason=kind.value,
            )
