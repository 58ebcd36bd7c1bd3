"""A role that cannot start says so in one line on stderr and exits 1 (section 6)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn


class CannotStart(Exception):
    """Something a role needs is missing, broken or taken; the message says what and where."""


def refuse(role: str, reason: object) -> NoReturn:
    """End the process: one line on stderr, exit code 1, no traceback."""
    line = " ".join(str(reason).split())
    raise SystemExit(f"{role}: {line}")


@contextmanager
def one_line_on_failure(role: str) -> Iterator[None]:
    """Turn ``CannotStart`` inside the block into ``refuse``."""
    try:
        yield
    except CannotStart as error:
        refuse(role, error)
