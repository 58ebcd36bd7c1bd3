"""What commands take from the machine they run on."""

from __future__ import annotations

import os
from datetime import UTC, datetime

randomness = os.urandom
"""So many random bytes."""


def now() -> datetime:
    """The instant, in UTC."""
    return datetime.now(UTC)
