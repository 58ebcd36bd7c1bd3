"""Who asked for something, and from where: what the audit says of every effect (section 9)."""

from __future__ import annotations

from dataclasses import dataclass

from medappt.model.identity import Role


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """``actor`` is a user's name, or what acted by itself; it has no ``role`` then. ``source`` is
    the address a request came from, ``federation CITY`` or ``import``."""

    actor: str
    role: Role | None
    source: str


CENTER = Origin(actor="center", role=None, source="center")
"""The center itself: what follows from an effect, from the time, or from a start."""

IMPORT = Origin(actor="center", role=None, source="import")
"""The center, by what its files say."""


def of_peer(city: str) -> Origin:
    """The center of another city, by a message of the federation."""
    return Origin(actor=city, role=None, source=f"federation {city}")
