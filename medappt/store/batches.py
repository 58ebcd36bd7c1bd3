"""Many rows in one parameter: what makes a statement set-based on SQLite."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, bindparam, column, func, literal_column
from sqlalchemy.sql import TableValuedAlias


class Batch:
    """Rows of the named fields as a table in a statement whose parameter is ``batch``."""

    def __init__(self, *fields: str) -> None:
        self._positions = {field: position for position, field in enumerate(fields)}
        self._table = func.json_each(bindparam("batch", required=True)).table_valued(
            column("key"), column("value"), name="batch"
        )

    @property
    def table(self) -> TableValuedAlias:
        """What to select from."""
        return self._table

    @property
    def order(self) -> ColumnElement[Any]:
        """What to order by, to take the rows as they were given."""
        return self._table.c.key

    def field(self, name: str) -> ColumnElement[Any]:
        """The value of a field."""
        path: ColumnElement[str] = literal_column(f"'$[{self._positions[name]}]'")
        return func.json_extract(self._table.c.value, path)

    def encode(self, rows: Iterable[tuple[str | int | None, ...]]) -> str:
        """The parameter that holds ``rows``."""
        return json.dumps(list(rows), separators=(",", ":"))
