"""Migrations: from nothing, from every older revision, and what they refuse."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect
from sqlalchemy.pool import NullPool
from twisted.trial.unittest import SynchronousTestCase

from medappt.store import migrate as migrations
from medappt.store import schema
from medappt.store.failures import StoreUnavailable
from medappt.store.location import Location
from medappt.store.migrate import SCRIPTS, memory_image, migrate
from medappt.store.opening import check_library, connect, primary_code, unavailable
from medappt.store.sqlite import SQLiteDatabase
from tests.store.doubles import KEY, memory_database, scratch


def described(engine: Engine) -> object:
    """The schema of a database, as a value to compare."""
    inspector = inspect(engine)

    def plain(value: object) -> object:
        """Conditions of indices are clauses, which equal only themselves."""
        if isinstance(value, dict):
            return sorted((key, str(plain(each))) for key, each in value.items())
        return str(value)

    def ordered(rows: object) -> list[str]:
        assert isinstance(rows, list)
        return sorted(str(plain(row)) for row in rows)

    return {
        table: (
            ordered(inspector.get_columns(table)),
            str(inspector.get_pk_constraint(table)),
            ordered(inspector.get_unique_constraints(table)),
            ordered(inspector.get_indexes(table)),
            ordered(inspector.get_check_constraints(table)),
            ordered(inspector.get_foreign_keys(table)),
        )
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def sources(path: Path) -> dict[str, str]:
    """What makes every table, index and trigger of a database, by its name."""
    raw = sqlite3.connect(path)
    rows = raw.execute("SELECT name, sql FROM sqlite_master").fetchall()
    raw.close()
    return dict(rows)


class MigrateTests(SynchronousTestCase):
    """Making and upgrading a store."""

    def setUp(self) -> None:
        self.directory = scratch(self)
        self.path = self.directory / "store.sqlite3"
        self.location = Location(path=self.path)

    def refused(self, location: Location | None = None) -> str:
        """What ``migrate`` says, in one line that names the store."""
        location = location or self.location
        with self.assertRaises(StoreUnavailable) as caught:
            migrate(location)
        message = str(caught.exception)
        start = f"the store {location.path} "
        self.assertTrue(message.startswith(start), message)
        self.assertNotIn("\n", message)
        return message.removeprefix(start)

    def test_the_upgraded_schema_is_the_schema(self) -> None:
        """Upgrading from nothing ends where a fresh schema begins, the numbering included."""
        migrate(self.location)
        fresh = self.directory / "fresh.sqlite3"
        engines = [
            create_engine(f"sqlite:///{path}", poolclass=NullPool) for path in (self.path, fresh)
        ]
        schema.metadata.create_all(engines[1])
        self.assertEqual(*map(described, engines))
        numbered = []
        for path in (self.path, fresh):
            raw = sqlite3.connect(path)
            rows = raw.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINC%'")
            numbered.append({name for (name,) in rows})
            raw.close()
        self.assertEqual(*numbered)
        self.assertIn("appointments", numbered[0])

    def test_from_every_revision(self) -> None:
        """A store of each older revision becomes what a fresh one is, its triggers included, and
        keeps what is in it."""
        migrate(self.location)
        config = Config()
        config.set_main_option("script_location", SCRIPTS)
        older = [each.revision for each in ScriptDirectory.from_config(config).walk_revisions()]
        self.assertEqual(older, ["0004", "0003", "0002", "0001"])
        for revision in older[1:]:
            path = self.directory / f"{revision}.sqlite3"
            engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
            with engine.begin() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, revision)
                connection.exec_driver_sql("INSERT INTO results VALUES ('ann', 'a', 'd', '{}', 1)")
            migrate(Location(path=path))
            self.assertEqual(sources(path), sources(self.path), revision)
            raw = sqlite3.connect(path)
            self.assertEqual(len(raw.execute("SELECT * FROM results").fetchall()), 1)
            raw.close()

    def test_the_triggers_are_the_schemas(self) -> None:
        """The migrations make the triggers that the tables are defined with."""
        migrate(self.location)
        fresh = self.directory / "fresh.sqlite3"
        schema.metadata.create_all(create_engine(f"sqlite:///{fresh}", poolclass=NullPool))
        triggers = [
            {name: sql for name, sql in sources(path).items() if name in schema.AUDIT_GUARDS}
            for path in (self.path, fresh)
        ]
        self.assertEqual(*triggers)
        self.assertEqual(set(triggers[0]), set(schema.AUDIT_GUARDS))

    def test_the_newest_revision_is_ours(self) -> None:
        """The revision the program expects is the one the migrations lead to."""
        config = Config()
        config.set_main_option("script_location", SCRIPTS)
        self.assertEqual(ScriptDirectory.from_config(config).get_heads(), [schema.REVISION])

    def test_a_new_file_is_private(self) -> None:
        """Store and log can be read by their owner alone."""
        migrate(self.location)
        database = SQLiteDatabase.open(self.location, KEY)
        self.addCleanup(database.close)
        for path in self.directory.iterdir():
            self.assertEqual(path.stat().st_mode & 0o777, 0o600, path)

    def test_twice_is_once(self) -> None:
        """A store of the newest revision is left as it is."""
        migrate(self.location)
        before = self.path.read_bytes()
        migrate(self.location)
        self.assertEqual(self.path.read_bytes(), before)

    def test_a_migration_that_fails_leaves_nothing(self) -> None:
        """Half a schema would never be recognised again: all of it is undone."""

        def denies_the_last_table(action: int, table: str | None, *rest: str | None) -> int:
            return sqlite3.SQLITE_DENY if table == "results" else sqlite3.SQLITE_OK

        def connect_denying(path: Path) -> sqlite3.Connection:
            raw = connect(path)
            raw.set_authorizer(denies_the_last_table)
            return raw

        self.patch(migrations, "connect", connect_denying)
        self.assertEqual(self.refused(), "cannot be used: not authorized")
        self.patch(migrations, "connect", connect)
        raw = sqlite3.connect(self.path)
        self.assertEqual(raw.execute("SELECT name FROM sqlite_master").fetchall(), [])
        raw.close()
        migrate(self.location)

    def test_memory_needs_none(self) -> None:
        """A store in memory is there without a file, and its image is made once."""
        migrate(Location(path=None))
        memory_database().close()
        self.assertIs(memory_image(), memory_image())
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_no_such_directory(self) -> None:
        """A directory is not made for it."""
        location = Location(path=self.directory / "nowhere" / "store")
        self.assertEqual(self.refused(location), "cannot be opened: No such file or directory")

    def test_a_directory(self) -> None:
        """A directory is no store."""
        self.assertIn("cannot be opened", self.refused(Location(path=self.directory)))

    def test_no_database(self) -> None:
        """A file that is no database is left alone."""
        self.path.write_bytes(b"patient1 password111\n" * 100)
        self.assertEqual(self.refused(), "is no database")
        self.assertTrue(self.path.read_bytes().startswith(b"patient1"))

    def test_another_programs_database(self) -> None:
        """Tables that are not ours are left alone."""
        raw = sqlite3.connect(self.path)
        raw.execute("CREATE TABLE people (name TEXT)")
        raw.close()
        self.assertEqual(self.refused(), "is a database of another program")
        with self.assertRaises(StoreUnavailable) as caught:
            SQLiteDatabase.open(self.location, KEY)
        self.assertIn("is a database of another program", str(caught.exception))

    def test_a_newer_revision(self) -> None:
        """A store of a newer program, or of another that uses Alembic, is left alone."""
        migrate(self.location)
        for revision in ("0999", None):
            raw = sqlite3.connect(self.path)
            raw.execute("DELETE FROM alembic_version")
            if revision:
                raw.execute("INSERT INTO alembic_version VALUES (?)", [revision])
            raw.commit()
            raw.close()
            self.assertIn(f"has revision {revision or 'none'}, which this", self.refused())
            with self.assertRaises(StoreUnavailable) as caught:
                SQLiteDatabase.open(self.location, KEY)
            self.assertIn(f"has revision {revision or 'none'}, which", str(caught.exception))

    def test_in_use(self) -> None:
        """A store that is open is not migrated under who has it."""
        migrate(self.location)
        database = SQLiteDatabase.open(self.location, KEY)
        self.assertEqual(self.refused(), "is in use by another process")
        database.close()
        migrate(self.location)


class WordsTests(SynchronousTestCase):
    """What is said where a store cannot be had."""

    def test_an_old_library(self) -> None:
        """An SQLite that is too old is refused with both versions; ours is not."""
        check_library()
        with self.assertRaises(StoreUnavailable) as caught:
            check_library((3, 34, 1))
        self.assertIn("SQLite 3.35.0 or newer, and this is 3.34.1", str(caught.exception))

    def test_refined_codes(self) -> None:
        """An extended error code says the same as its primary one."""
        error = sqlite3.OperationalError("attempt to write a readonly database")
        error.sqlite_errorcode = sqlite3.SQLITE_READONLY_DIRECTORY
        self.assertEqual(primary_code(error), sqlite3.SQLITE_READONLY)
        self.assertEqual(str(unavailable("s", error)), "the store s cannot be written")
        self.assertIsNone(primary_code(ValueError()))

    def test_errors_without_a_code(self) -> None:
        """What has no words of ours is told in its own."""
        said = str(unavailable("s", sqlite3.ProgrammingError("closed")))
        self.assertEqual(said, "the store s cannot be used: closed")
        self.assertEqual(str(unavailable("s", OSError("odd"))), "the store s cannot be opened: odd")
