"""Which store, and which time zone, a center's settings name."""

from __future__ import annotations

from datetime import tzinfo
from pathlib import Path

from medappt.center.options import machine_zone, store_of, to_zone
from medappt.role.startup import CannotStart
from medappt.store.location import Location, parse_location
from medappt.wire.settings import CenterSettings


def location_of(settings: CenterSettings, config: Path) -> Location:
    """Where a center of the settings in ``config`` keeps its record. Raises ``CannotStart``."""
    try:
        return store_of(settings, config.parent)
    except ValueError as error:
        raise CannotStart(f"{config}: center.store: {error}") from None


def named_location(url: str) -> Location:
    """The store that was named on the command line. Raises ``CannotStart``."""
    try:
        return parse_location(url)
    except ValueError as error:
        raise CannotStart(f"--store: {error}") from None


def zone_of(settings: CenterSettings, config: Path) -> tzinfo:
    """The center's time zone. Raises ``CannotStart``."""
    if settings.timezone is None:
        return machine_zone()
    try:
        return to_zone(settings.timezone)
    except ValueError as error:
        raise CannotStart(f"{config}: center.timezone: {error}") from None
