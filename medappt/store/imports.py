"""What an import of a file did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportCount:
    """How many lines are new, different from before, gone, and the same."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
