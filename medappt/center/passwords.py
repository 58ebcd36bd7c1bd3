"""Passwords: argon2id, and what it takes that an unknown user costs what a wrong password does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from argon2 import Parameters, PasswordHasher, extract_parameters
from argon2.exceptions import Argon2Error, InvalidHashError


class Hasher(Protocol):
    """How passwords are kept. Its calls take long, but for the last two: they belong in a
    worker."""

    def hash(self, password: bytes) -> str:
        """What is kept of a password."""

    def verify(self, encoded: str, password: bytes) -> bool:
        """Whether ``encoded`` is of this password."""

    def decoys(self, hashes: Iterable[str]) -> Mapping[str, str]:
        """A hash that nobody's password has, for today's parameters and for each other set that
        one of ``hashes`` has, by their ``parameters``."""

    def parameters(self, encoded: str) -> str:
        """What tells the cost of comparing a password with ``encoded``."""

    def is_outdated(self, encoded: str) -> bool:
        """Whether a password with this hash should be hashed anew, with today's parameters."""


class Argon2Hasher:
    """argon2id at 19 MiB, two passes, one lane (OWASP's recommendation)."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)

    def hash(self, password: bytes) -> str:
        return self._hasher.hash(password)

    def verify(self, encoded: str, password: bytes) -> bool:
        try:
            return self._hasher.verify(encoded, password)
        except (Argon2Error, InvalidHashError):
            return False

    def decoys(self, hashes: Iterable[str]) -> Mapping[str, str]:
        today = self._hasher.hash(b"")
        examples = {self.parameters(each): each for each in (*hashes, today)}
        return {
            parameters: _hasher_with(extract_parameters(example)).hash(b"")
            for parameters, example in examples.items()
        }

    def parameters(self, encoded: str) -> str:
        return encoded.rpartition("$")[0].rpartition("$")[0]  # without salt and digest

    def is_outdated(self, encoded: str) -> bool:
        return self._hasher.check_needs_rehash(encoded)


def _hasher_with(parameters: Parameters) -> PasswordHasher:
    return PasswordHasher(
        time_cost=parameters.time_cost,
        memory_cost=parameters.memory_cost,
        parallelism=parameters.parallelism,
        hash_len=parameters.hash_len,
        salt_len=parameters.salt_len,
        type=parameters.type,
    )


def is_argon2_hash(text: str) -> bool:
    """Whether ``text`` is a hash that ``Argon2Hasher`` can verify."""
    try:
        extract_parameters(text)
    except (Argon2Error, InvalidHashError, ValueError):
        return False
    return True
