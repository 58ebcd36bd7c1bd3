"""What a transaction gets: statements of SQLAlchemy Core, run as text on the DB-API.

Core defines a statement once and compiles it once per dialect; running it through Core as well
would cost far more than the statement itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

from medappt.store.trail import Trail


class Cursor(Protocol):
    """The part of a DB-API cursor that we use."""

    @property
    def rowcount(self) -> int: ...

    def fetchall(self) -> list[Any]: ...


class RawConnection(Protocol):
    """The part of a driver's connection that we use."""

    def execute(self, text: str, parameters: Mapping[str, Any], /) -> Cursor: ...


class Statement:
    """A Core clause whose parameters are ``bindparam``s by name."""

    def __init__(self, clause: ClauseElement) -> None:
        self._clause = clause
        self._compiled: dict[Dialect, tuple[str, dict[str, Any]]] = {}

    def compiled(self, dialect: Dialect) -> tuple[str, dict[str, Any]]:
        """Its text for ``dialect``, and the values of the parameters that are constants in it."""
        found = self._compiled.get(dialect)
        if found is None:
            compiled = self._clause.compile(dialect=dialect)
            assert isinstance(compiled, SQLCompiler)
            values = compiled.params
            constants = {
                name: values[name]
                for bound, name in compiled.bind_names.items()
                if not bound.required
            }
            found = self._compiled[dialect] = (str(compiled), constants)
        return found


class Connection:
    """The store inside a transaction that somebody else begins and ends. What is noted down on
    ``trail`` comes into the audit with it."""

    def __init__(self, raw: RawConnection, dialect: Dialect, trail: Trail) -> None:
        self.trail = trail
        self._raw = raw
        self._dialect = dialect

    def rows(self, statement: Statement, **parameters: Any) -> list[tuple[Any, ...]]:
        """Run ``statement``: the rows it selects or returns, as the driver gives them."""
        return self._execute(statement, parameters).fetchall()

    def change(self, statement: Statement, **parameters: Any) -> int:
        """Run ``statement``: the number of rows it touched."""
        return self._execute(statement, parameters).rowcount

    def _execute(self, statement: Statement, parameters: dict[str, Any]) -> Cursor:
        text, constants = statement.compiled(self._dialect)
        return self._raw.execute(text, constants | parameters if constants else parameters)
