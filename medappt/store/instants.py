"""Instants as the tables keep them: whole seconds of UTC since 1970."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


def to_seconds(instant: datetime) -> int:
    """The second in which an aware ``instant`` lies. Starts are whole seconds: one is after an
    instant exactly if it is after this."""
    return (instant - _EPOCH) // _SECOND


def from_seconds(seconds: int) -> datetime:
    """The instant, aware, in UTC."""
    return _EPOCH + timedelta(seconds=seconds)
