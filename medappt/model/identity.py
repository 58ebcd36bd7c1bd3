"""Who acts: users and their roles (R9, the part of centers without a city)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Role(Enum):
    """What a user is to the center."""

    PATIENT = "patient"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """Somebody who has logged in."""

    name: str
    role: Role = Role.PATIENT

    @property
    def is_administrator(self) -> bool:
        return self.role is Role.ADMINISTRATOR
