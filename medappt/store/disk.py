"""Files that are private, and durable under their name."""

from __future__ import annotations

import os
from pathlib import Path

PRIVATE = 0o600
"""The store holds names and password hashes, the key what makes its digests worthless."""


def create_private(path: Path) -> int:
    """A descriptor of a new file for its owner's eyes only; ``FileExistsError`` if there is one."""
    return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, PRIVATE)


def sync_file(path: Path) -> None:
    """Return once what was written to ``path`` is on the disk."""
    _sync(path, os.O_RDONLY)


def sync_directory(path: Path) -> None:
    """Return once the names in a directory are on the disk: a rename alone may be forgotten."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
