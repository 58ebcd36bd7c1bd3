"""Statements and the connection they run on."""

from __future__ import annotations

import sqlite3

from sqlalchemy import bindparam, select, union_all
from sqlalchemy.dialects import postgresql
from twisted.trial.unittest import SynchronousTestCase

from medappt.store import schema
from medappt.store.connection import Connection, Statement
from medappt.store.openings import import_openings
from medappt.store.sqlite import DIALECT
from medappt.store.writer import run_now
from tests.store.doubles import NOW, memory_database
from tests.store.writing import LINE

_openings = schema.openings


class StatementTests(SynchronousTestCase):
    """Core defines, the driver runs."""

    def setUp(self) -> None:
        self.database = memory_database()
        self.addCleanup(self.database.close)
        self.connection: Connection = self.database.connection
        run_now(self.database, lambda connection: import_openings(connection, [LINE], NOW))

    def test_compiled_once_per_dialect(self) -> None:
        """The text is made once, and in each dialect's own way."""
        statement = Statement(select(_openings.c.port).where(_openings.c.idx == bindparam("index")))
        here = statement.compiled(DIALECT)
        self.assertIs(statement.compiled(DIALECT), here)
        self.assertIn(":index", here[0])
        self.assertIn("%(index)s", statement.compiled(postgresql.dialect())[0])

    def test_constants_need_not_be_given(self) -> None:
        """What the clause itself holds is bound beside the parameters."""
        one = select(_openings.c.port).where(_openings.c.idx == bindparam("index"))
        statement = Statement(union_all(one, one.where(_openings.c.hour == LINE.time.hour)))
        self.assertEqual(self.connection.rows(statement, index=1), [(1,), (1,)])

    def test_a_parameter_that_is_missing_is_an_error(self) -> None:
        """A parameter without a value is never silently NULL."""
        statement = Statement(select(_openings.c.port).where(_openings.c.idx == bindparam("index")))
        with self.assertRaises(sqlite3.ProgrammingError):
            self.connection.rows(statement, indx=1)
