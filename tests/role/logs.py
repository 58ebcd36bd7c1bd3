"""Reading what a test's subject logs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogPublisher
from zope.interface import implementer


@implementer(ILogObserver)
class Told:
    """The events that were logged meanwhile, as people see them."""

    def __init__(self) -> None:
        self.events: list[LogEvent] = []

    def __call__(self, event: LogEvent) -> None:
        self.events.append(event)

    def texts(self, *levels: LogLevel) -> list[str]:
        """The texts, in their order; of every level where none is named."""
        return [
            formatEvent(event)
            for event in self.events
            if not levels or event["log_level"] in levels
        ]


@contextmanager
def listening_to_the_log() -> Iterator[Told]:
    told = Told()
    globalLogPublisher.addObserver(told)
    try:
        yield told
    finally:
        globalLogPublisher.removeObserver(told)
