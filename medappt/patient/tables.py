"""Tables: drawn on a terminal, aligned columns elsewhere, where programs read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, cast

from rich.console import Console
from rich.table import Table
from rich.text import Text

from medappt.patient.terminal import CarefulStream
from medappt.wire.words import displayable


def draw(out: CarefulStream, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Draw a table, for people."""
    table = Table(*titles)
    for row in rows:
        table.add_row(*(Text(displayable(cell)) for cell in row))
    Console(file=cast(IO[str], out), highlight=False).print(table)
    out.flush()


def align(out: CarefulStream, rows: Sequence[Sequence[str]]) -> None:
    """Write rows, all with as many cells, in columns: two blanks between them."""
    shown = [[displayable(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*shown, strict=True)]
    for row in shown:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        out.line("  ".join(padded).rstrip())
