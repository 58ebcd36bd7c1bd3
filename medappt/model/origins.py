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
