"""What the transactions of a commit have noted down for the audit, until the commit is sealed."""

from __future__ import annotations

from typing import TypeAlias

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAC_BYTES = 32

Noted: TypeAlias = tuple[int, str, str | None, str, str, str | None, str, str, str | None]
"""Second, actor, role, source, verb, patient, object, outcome, tag."""


def chain_key(key: bytes) -> bytes:
    """The key that chains an audit, made of the key beside the store: what that one is used for
    elsewhere tells nothing about it."""
    return HKDF(algorithm=SHA256(), length=MAC_BYTES, salt=None, info=b"medappt audit").derive(key)


class Trail:
    """Rows in the order they were noted; ``key`` is that of the store."""

    def __init__(self, key: bytes) -> None:
        self.key = chain_key(key)
        self._rows: list[Noted] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: Noted) -> None:
        """Note a row down."""
        self._rows.append(row)

    def cut(self, length: int) -> None:
        """Forget all but the first ``length``: what they tell of was undone."""
        del self._rows[length:]

    def take(self) -> list[Noted]:
        """All of them; there are none afterwards."""
        rows, self._rows = self._rows, []
        return rows
