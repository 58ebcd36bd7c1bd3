"""Where a store is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_IN_MEMORY = ("sqlite://", "sqlite:///:memory:")
_FILE = "sqlite:///"
_EXPECTED = "expected sqlite:///FILE, sqlite:////ABSOLUTE/FILE, or sqlite:// for one in memory"


@dataclass(frozen=True, kw_only=True, slots=True)
class Location:
    """A file, by its absolute path, or the memory of this process (``path`` is ``None``)."""

    path: Path | None

    @property
    def description(self) -> str:
        """What messages call it."""
        return "in memory" if self.path is None else str(self.path)


def parse_location(url: str, base: Path | None = None) -> Location:
    """The place that a URL names; ``ValueError`` with a sentence for anything else.

    A relative path is relative to ``base``; without one to the working directory of this moment,
    for a daemon changes its own.
    """
    if url in _IN_MEMORY:
        return Location(path=None)
    if url.startswith(("postgresql:", "postgresql+", "postgres:")):
        raise ValueError("PostgreSQL is not served by this version, " + _EXPECTED)
    name = url.removeprefix(_FILE)
    if name == url or not name or name.endswith("/") or "\0" in name:
        raise ValueError(_EXPECTED)
    if "?" in name:
        raise ValueError("a store in a file takes no options, " + _EXPECTED)
    return Location(path=((base or Path()) / name).absolute())
