"""The documents as tests read them: their blocks, sections, tables and diagrams."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PROTOCOL = DOCS / "protocol.md"
DOCUMENTS = (README, ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md")))

_FENCE = re.compile(r"^```(\w+) *([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block of a document."""

    where: str
    language: str
    note: str
    lines: list[str]

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


def blocks(path: Path, *languages: str) -> list[Block]:
    """The fenced blocks of a document in these languages, in its order."""
    text = path.read_text(encoding="utf-8")
    return [
        Block(f"{path.name}:{text.count(chr(10), 0, match.start()) + 1}", match[1], match[2], lines)
        for match in _FENCE.finditer(text)
        if match[1] in languages
        for lines in [match[3].splitlines()]
    ]


def section(path: Path, title: str) -> str:
    """What stands under a heading, until the next."""
    text = path.read_text(encoding="utf-8")
    match = re.search(rf"^#+ {re.escape(title)}$(.*?)(?=^#+ |\Z)", text, re.MULTILINE | re.DOTALL)
    assert match is not None, f"{path.name} has no heading {title!r}"
    return match[1]


def anchors(path: Path) -> set[str]:
    """What links to the headings of a document end in, behind the ``#``."""
    text = _FENCE.sub("", path.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def table_rows(text: str) -> Iterator[list[str]]:
    """The cells of the tables in ``text``, row by row, without their headings."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    for before, row in zip(["", *rows], rows, strict=False):
        is_heading = row == rows[0] or set(row) <= set("|-")
        if before and not is_heading:
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]


def grid(text: str) -> dict[tuple[str, str], str]:
    """The cells of the one table in ``text``, by the first cell of their row and the heading of
    their column, without backquotes."""
    rows = [_cells(line) for line in text.splitlines() if line.startswith("|")]
    heading, _, *body = rows
    return {
        (row[0], column): cell
        for row in body
        for column, cell in zip(heading[1:], row[1:], strict=True)
    }


def _cells(row: str) -> list[str]:
    return [cell.strip().replace("`", "") for cell in row.strip("|").split("|")]


_ARROW = re.compile(r" *(\S+) --> (\S+?)(?:: (.*))?")


def arrows(text: str) -> set[tuple[str, str, str]]:
    """The arrows of the one Mermaid diagram in ``text``: a state, an event, the state behind it.
    The arrow from ``[*]`` has no event."""
    match = re.search(r"^```mermaid\nstateDiagram-v2\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert match is not None, "no diagram"
    found = set()
    for line in match[1].splitlines():
        arrow = _ARROW.fullmatch(line)
        assert arrow is not None, f"{line!r} is no arrow"
        for event in (arrow[3] or "").split(", "):
            found.add((arrow[1], event, arrow[2]))
    return found
