"""What commands take from the machine they run on."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from random import SystemRandom

randomness = os.urandom
"""So many random bytes."""

jitter = SystemRandom().random
"""A number from 0 up to 1."""


def now() -> datetime:
    """The instant, in UTC."""
    return datetime.now(UTC)
