"""A look at a center from outside of its federation's requests: does the key fit, and what does its
clock show (``medappt check``).

    prober → center    PROBE, sealed as of a run with the boot number 0, which no center ever has
    prober ← center    ECHO, sealed as all that the center sends

A prober runs beside the center of its own city, which may be up, and must not be taken for it. So
a PROBE is kind of its own: whoever receives it puts no run on record, takes no datagram number for
seen, and has no answer longer than the question, for it may have been replayed by anybody.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from medappt.wire import federation_fields as form
from medappt.wire.envelope import Incarnation

PROBE_BOOT = 0
"""Centers count from 1."""

PROBE = bytes(128)
"""The payload of a PROBE: room for the longest ECHO."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_HIGHEST = form.optional(form.COUNT)


@dataclass(frozen=True, kw_only=True, slots=True)
class Echo:
    """Answers the datagram ``number`` of the prober's ``run``: the ``instant`` at which (UTC, whole
    milliseconds), and the highest boot number of the prober's city on record, if any."""

    run: Incarnation
    number: int
    instant: datetime
    highest: int | None


def format_echo(echo: Echo) -> bytes:
    """The payload of an ECHO. Raises ``ValueError`` for values that cannot travel."""
    values = [
        form.RUN.write(echo.run),
        form.COUNT.write(echo.number),
        form.COUNT.write((echo.instant - _EPOCH) // _MILLISECOND),
        _HIGHEST.write(echo.highest),
    ]
    return json.dumps(values, separators=(",", ":")).encode("ascii")


def parse_echo(payload: bytes) -> Echo | None:
    """The ECHO in a datagram, or ``None``."""
    if len(payload) > len(PROBE):
        return None
    try:
        run, number, milliseconds, highest = json.loads(payload)
        echo = Echo(
            run=form.RUN.read(run),
            number=form.COUNT.read(number),
            instant=_EPOCH + form.COUNT.read(milliseconds) * _MILLISECOND,
            highest=_HIGHEST.read(highest),
        )
    except (ValueError, TypeError, OverflowError):
        return None
    return echo if format_echo(echo) == payload else None
