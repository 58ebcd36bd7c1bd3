"""Passwords: argon2id, and what it takes that an unknown user costs what a wrong password does."""

from __future__ import annotations

from functools import cached_property
from typing import Protocol

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import Argon2Error, InvalidHashError


class Hasher(Protocol):
    """How passwords are kept. Its calls take long: they belong in a worker."""

    @property
    def decoy(self) -> str:
        """A hash that nobody's password has: what an unknown user's is compared with."""

    def hash(self, password: bytes) -> str:
        """What is kept of a password."""

    def verify(self, encoded: str, password: bytes) -> bool:
        """Whether ``encoded`` is of this password."""

    def is_outdated(self, encoded: str) -> bool:
        """Whether a password with this hash should be hashed anew, with today's parameters."""


class Argon2Hasher:
    """argon2id at 19 MiB, two passes, one lane (OWASP's recommendation): about 28 ms."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)

    @cached_property
    def decoy(self) -> str:
        return self._hasher.hash(b"")

    def hash(self, password: bytes) -> str:
        return self._hasher.hash(password)

    def verify(self, encoded: str, password: bytes) -> bool:
        try:
            return self._hasher.verify(encoded, password)
        except (Argon2Error, InvalidHashError):
            return False

    def is_outdated(self, encoded: str) -> bool:
        return self._hasher.check_needs_rehash(encoded)


def is_argon2_hash(text: str) -> bool:
    """Whether ``text`` is a hash that ``Argon2Hasher`` can verify."""
    try:
        extract_parameters(text)
    except (Argon2Error, InvalidHashError, ValueError):
        return False
    return True
