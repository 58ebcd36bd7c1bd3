"""The log of a history: what is an error in it, and whether the weather excuses it."""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogPublisher
from zope.interface import implementer

from medappt.store.failures import StoreBusy, StoreFailed

_EXCUSED_BY_DISK = ("The store cannot be written", "A password keeps its outdated hash")
_STALE = "store is older than"


@implementer(ILogObserver)
class Watch:
    """Observes the log from ``start`` to ``stop``. ``complaints`` are the errors that nothing
    excuses; ``on_stale`` is called with the city and the highest boot number that an operator
    reads there."""

    def __init__(self, on_stale: Callable[[str, int], None]) -> None:
        self.complaints: list[str] = []
        self.disk_fails = False
        self._on_stale = on_stale

    def start(self) -> None:
        globalLogPublisher.addObserver(self)

    def stop(self) -> None:
        globalLogPublisher.removeObserver(self)

    def __call__(self, event: LogEvent) -> None:
        level = event.get("log_level")
        failure = event.get("log_failure")
        if failure is None and level not in (LogLevel.error, LogLevel.critical):
            return
        if failure is not None and failure.check(StoreFailed, StoreBusy) and self.disk_fails:
            return
        words = formatEvent(event)
        if self.disk_fails and words.startswith(_EXCUSED_BY_DISK):
            return
        if _STALE in words and "highest" in event:
            if level is LogLevel.critical:  # the link has said the same before
                self._on_stale(event["city"], event["highest"])
            return
        if failure is not None:
            words += "\n" + failure.getTraceback()
        self.complaints.append(words)
