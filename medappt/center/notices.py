"""Limits that were met: each is logged once, so that a flood does not fill the log as well."""

from __future__ import annotations

from twisted.logger import Logger


class LimitNotices:
    """Remembers which limits this process has met."""

    _log = Logger()

    def __init__(self) -> None:
        self._met: set[str] = set()

    def met(self, limit: str, value: float) -> None:
        """A limit (its name and value as in ``model.limits``) has just been applied to somebody."""
        if limit not in self._met:
            self._met.add(limit)
            self._log.warn(
                "The limit {limit} ({value}) was met for the first time.", limit=limit, value=value
            )
