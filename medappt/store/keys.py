"""The key beside the store, and the digests it makes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from medappt.store.disk import create_private, sync_directory
from medappt.store.failures import StoreUnavailable
from medappt.store.location import Location

KEY_BYTES = 32


def key_path(store: Path) -> Path:
    """The file of the key that belongs to a store."""
    return store.with_name(f"{store.name}.key")


def store_key(location: Location, randomness: Callable[[int], bytes]) -> bytes:
    """The key of a store: of the file beside it, which is made where there is none; a new one for
    a store in memory. Raises ``StoreUnavailable``."""
    if location.path is None:
        return randomness(KEY_BYTES)
    return load_or_create_key(key_path(location.path), randomness)


def load_key(path: Path) -> bytes:
    """The key in the file at ``path``. Raises ``StoreUnavailable`` where there is none."""
    try:
        return _read(path)
    except OSError as error:
        reason = error.strerror or error
        raise StoreUnavailable(f"the key {path} cannot be read: {reason}") from error


def load_or_create_key(path: Path, randomness: Callable[[int], bytes]) -> bytes:
    """The key in the file at ``path``, made of ``randomness`` if there is none.

    A file of any other length is not a key of ours and not replaced: ``StoreUnavailable``, as
    where it cannot be read or made.
    """
    try:
        if not path.exists():
            _create(path, randomness(KEY_BYTES))
        return _read(path)
    except OSError as error:
        reason = error.strerror or error
        raise StoreUnavailable(f"the key {path} cannot be read or made: {reason}") from error


def _read(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise StoreUnavailable(f"the key {path} has {len(key)} bytes instead of {KEY_BYTES}")
    return key


def _create(path: Path, key: bytes) -> None:
    """A crash leaves the whole key or none; another process that is first keeps its own."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)  # of a process of this number that crashed
    try:
        with open(create_private(temporary), "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
        sync_directory(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def line_digest(key: bytes, *words: str) -> bytes:
    """Tells lines of words apart, and nothing about the words to who has not ``key``."""
    digest = hashlib.blake2b(key=key, digest_size=32)
    for word in words:
        data = word.encode("utf-8", "surrogateescape")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.digest()


def pseudonym(key: bytes, user: str) -> str:
    """A name for logs: the same for the same user, and it tells who that is only to who has
    ``key`` and tries every name."""
    return f"user-{line_digest(key, 'pseudonym', user).hex()[:12]}"
