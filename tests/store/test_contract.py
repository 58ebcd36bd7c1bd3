"""The contract over SQLite, in a file and in memory."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from medappt.store.appointments import schedule
from medappt.store.database import Database
from medappt.store.location import Location
from medappt.store.migrate import migrate
from medappt.store.results import Outcome
from medappt.store.sqlite import SQLiteDatabase
from tests.store.contract import RESERVED, tagged, wish
from tests.store.contract_appointments import AppointmentsContract
from tests.store.contract_imports import ImportsContract
from tests.store.contract_tags import TagsContract
from tests.store.doubles import KEY, NOW, memory_database, scratch


class MemoryTests(AppointmentsContract, TagsContract, ImportsContract, SynchronousTestCase):
    """SQLite in memory."""

    def open_database(self) -> Database:
        return memory_database()

    def test_memory_forgets(self) -> None:
        """Another store in memory knows nothing of the first."""
        self.reserve(wish())
        self.tearDown()
        self.start()
        self.assertEqual(self.reserved(), [])


class FileTests(AppointmentsContract, TagsContract, ImportsContract, SynchronousTestCase):
    """SQLite in a file."""

    def setUp(self) -> None:
        self.location = Location(path=scratch(self) / "store.sqlite3")
        super().setUp()

    def open_database(self) -> Database:
        migrate(self.location)
        return SQLiteDatabase.open(self.location, KEY)

    def test_everything_survives_a_restart(self) -> None:
        """What was promised, and the answers to tags, are there when it opens again."""
        self.reserve(wish(tag=tagged()))
        self.tearDown()
        self.start()
        self.assertEqual(self.reserve(wish(tag=tagged())), [Outcome(answer=RESERVED)])
        self.assertEqual(len(self.do(lambda connection: schedule(connection, "ann", NOW))), 1)
