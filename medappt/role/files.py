"""Reading the data files a role starts from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from medappt.role.startup import CannotStart
from medappt.wire.datafiles import BrokenFile

T = TypeVar("T")


def read_file(path: Path) -> bytes:
    """The bytes of a file a role starts from; ``CannotStart`` names it and what is wrong."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CannotStart(f"{path}: {error.strerror or error}") from None


def load(path: Path, reader: Callable[[bytes, str], T]) -> T:
    """What ``reader`` makes of the file at ``path``; ``CannotStart`` says what is wrong where."""
    try:
        return reader(read_file(path), str(path))
    except BrokenFile as error:
        raise CannotStart(str(error)) from None
