"""SQLite: opening, a full disk, the log, and copies."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.appointments import Reserved
from medappt.model.slots import Slot
from medappt.store import sqlite
from medappt.store.appointments import Reservation, reserve, reserved_slots
from medappt.store.database import Checkpoint
from medappt.store.failures import StoreFailed, StoreUnavailable
from medappt.store.location import Location
from medappt.store.migrate import migrate
from medappt.store.sqlite import SQLiteDatabase
from medappt.store.writer import Writer, inline, run_now
from tests.store.doubles import KEY, NOW, PATIENT, memory_database, scratch, slot


def booked(database: SQLiteDatabase) -> list[Slot]:
    return run_now(database, lambda connection: reserved_slots(connection, NOW))


def book(database: SQLiteDatabase, *indices: int, patient: str = "ann") -> None:
    wishes = [
        Reservation(patient=patient, slot=slot(index, place=index), origin=PATIENT, at=NOW)
        for index in indices
    ]
    run_now(database, lambda connection: reserve(connection, wishes))


class FileCase(SynchronousTestCase):
    """A store in a file."""

    def setUp(self) -> None:
        self.directory = scratch(self)
        self.path = self.directory / "store #1?.sqlite3"
        self.location = Location(path=self.path)
        migrate(self.location)
        self.database = self.open()

    def open(self) -> SQLiteDatabase:
        database = SQLiteDatabase.open(self.location, KEY)
        self.addCleanup(database.close)
        return database


class OpeningTests(FileCase):
    """Who may have the file."""

    def refused(self, location: Location | None = None) -> str:
        with self.assertRaises(StoreUnavailable) as caught:
            SQLiteDatabase.open(location or self.location, KEY)
        return str(caught.exception)

    def test_the_second_is_refused(self) -> None:
        """While one has it open nobody else gets it, idle or not."""
        message = f"the store {self.path} is in use by another process"
        self.assertEqual(self.refused(), message)
        book(self.database, 1)
        self.assertEqual(self.refused(), message)

    def test_another_program_is_kept_out(self) -> None:
        """Not even reading goes past the lock."""
        other = sqlite3.connect(self.path, timeout=0)
        with self.assertRaises(sqlite3.OperationalError):
            other.execute("SELECT * FROM people")
        other.close()

    def test_it_can_be_opened_again_and_again(self) -> None:
        """Closing gives the file back, in one process as well."""
        for index in range(3):
            book(self.database, index)
            self.database.close()
            self.database = self.open()
        self.assertEqual(len(booked(self.database)), 3)

    def test_the_settings_that_keep_a_promise(self) -> None:
        """A commit is on the disk when it returns, in a log that nobody else touches."""
        values = {
            "journal_mode": "wal",
            "synchronous": 2,
            "locking_mode": "exclusive",
            "foreign_keys": 1,
            "wal_autocheckpoint": 0,
        }
        for pragma, value in values.items():
            [(found,)] = self.database._raw.execute(f"PRAGMA {pragma}")
            self.assertEqual(found, value, pragma)
        self.assertFalse(Path(f"{self.path}-shm").exists())

    def test_what_is_not_there(self) -> None:
        """Opening makes no file: that is for ``migrate``."""
        location = Location(path=self.directory / "nowhere")
        self.assertIn("cannot be opened", self.refused(location))
        self.assertIn("cannot be opened", self.refused(Location(path=self.directory)))
        self.assertFalse((self.directory / "nowhere").exists())

    def test_what_is_no_database(self) -> None:
        """A file of anything is refused and can be opened by others again."""
        path = self.directory / "text"
        path.write_bytes(b"no database " * 1_000)
        message = self.refused(Location(path=path))
        self.assertEqual(message, f"the store {path} is no database")

    def test_a_damaged_store(self) -> None:
        """Damage that shows at once is told as damage."""
        self.database.close()
        pages = self.path.read_bytes()
        self.path.write_bytes(pages[:100] + b"\xff" * (len(pages) - 100))
        self.assertIn("is damaged", self.refused())

    def test_a_connection_that_cannot_be_set_up_is_closed(self) -> None:
        """Whatever goes wrong between opening and the first transaction leaves nothing open."""

        def interrupted(raw: sqlite3.Connection, location: Location) -> None:
            raise KeyboardInterrupt

        self.database.close()
        self.patch(sqlite, "check_revision", interrupted)
        with self.assertRaises(KeyboardInterrupt):
            SQLiteDatabase.open(self.location, KEY)
        raw = sqlite3.connect(self.path, timeout=0)
        raw.execute("BEGIN EXCLUSIVE")
        raw.close()


class FullDiskTests(FileCase):
    """A disk that is full for a while."""

    def setUp(self) -> None:
        super().setUp()
        self.clock = Clock()
        self.writer = Writer(self.database, inline, self.clock)
        self.wishes = [
            Reservation(patient="p" * 200, slot=slot(index, place=index), origin=PATIENT, at=NOW)
            for index in range(200)
        ]

    def limit(self, pages: int) -> None:
        self.database._raw.execute(f"PRAGMA max_page_count={pages}")

    def test_it_fails_whole_and_recovers(self) -> None:
        """All of the batch is refused, none of it is there, and with space all of it works."""
        [(pages,)] = self.database._raw.execute("PRAGMA page_count")
        self.limit(pages + 2)
        with capturedLogs() as events:
            single = self.writer.submit(lambda connection: reserved_slots(connection, NOW))
            answers = [self.writer.submit_item(reserve, wish) for wish in self.wishes]
            self.clock.advance(0)
            for answer in [single, *answers]:
                self.failureResultOf(answer, StoreFailed)
            self.assertFalse(self.database.in_transaction)
            read = self.writer.submit(lambda connection: reserved_slots(connection, NOW))
            self.clock.advance(0)
            self.assertEqual(self.successResultOf(read), [])
            self.limit(1_000_000)
            answers = [self.writer.submit_item(reserve, wish) for wish in self.wishes]
            self.clock.advance(0)
            for outcome in answers:
                self.assertIsInstance(self.successResultOf(outcome).answer, Reserved)
        self.assertEqual(len(events), 2)

    def test_a_full_disk_in_memory(self) -> None:
        """A store in memory that is full behaves the same."""
        self.database = memory_database()
        self.addCleanup(self.database.close)
        self.writer = Writer(self.database, inline, self.clock)
        self.test_it_fails_whole_and_recovers()


class LogTests(FileCase):
    """The write-ahead log and its checkpoints."""

    def test_a_log_of_some_size_is_moved_when_idle(self) -> None:
        """The writer empties a log over its first bound when nobody waits."""
        self.assertIs(self.database.checkpoint_due(), Checkpoint.NOT_DUE)
        self.patch(sqlite, "CHECKPOINT_WHEN_IDLE", 8_192)
        self.assertIs(self.database.checkpoint_due(), Checkpoint.NOT_DUE)
        clock = Clock()
        writer = Writer(self.database, inline, clock)
        writer.submit(lambda connection: reserve(connection, [self.wish(1), self.wish(2)]))
        clock.advance(0)
        self.assertEqual(Path(f"{self.path}-wal").stat().st_size, 0)
        self.assertEqual(len(booked(self.database)), 2)

    def wish(self, index: int) -> Reservation:
        return Reservation(patient="ann", slot=slot(index, place=index), origin=PATIENT, at=NOW)

    def test_the_bounds(self) -> None:
        """A log of a mebibyte is worth moving, one of 64 must be moved; in memory there is none."""
        log = Path(f"{self.path}-wal")
        self.database.close()
        self.assertIs(self.database.checkpoint_due(), Checkpoint.NOT_DUE)
        for size, due in (
            (1 << 20, Checkpoint.NOT_DUE),
            ((1 << 20) + 1, Checkpoint.WHEN_IDLE),
            (64 << 20, Checkpoint.WHEN_IDLE),
            ((64 << 20) + 1, Checkpoint.NOW),
        ):
            with log.open("wb") as file:
                file.truncate(size)
            self.assertIs(self.database.checkpoint_due(), due)
        log.unlink()
        memory = memory_database()
        self.assertIs(memory.checkpoint_due(), Checkpoint.NOT_DUE)
        memory.checkpoint()
        memory.close()

    def test_a_crash_loses_nothing_that_was_committed(self) -> None:
        """What lies in the log of a process that died is there for the next."""
        book(self.database, 1, 2)
        died = self.directory / "died.sqlite3"
        for suffix in ("", "-wal"):
            Path(f"{died}{suffix}").write_bytes(Path(f"{self.path}{suffix}").read_bytes())
        migrate(Location(path=died))
        after = SQLiteDatabase.open(Location(path=died), KEY)
        self.assertEqual(len(booked(after)), 2)
        after.close()


class BackupTests(FileCase):
    """Copies of a running store."""

    def setUp(self) -> None:
        super().setUp()
        self.target = Path(f"{self.path}.backup")

    def copied(self) -> list[Slot]:
        """What is in the copy, opened as a store of its own, elsewhere."""
        restored = Location(path=self.directory / "restored.sqlite3")
        assert restored.path is not None
        restored.path.write_bytes(self.target.read_bytes())
        migrate(restored)
        database = SQLiteDatabase.open(restored, KEY)
        try:
            return booked(database)
        finally:
            database.close()

    def test_the_copy_has_the_same_rows(self) -> None:
        """A copy is one private file that opens by itself, and replaces the copy before it."""
        book(self.database, 1)
        self.assertEqual(self.database.backup(), self.target)
        book(self.database, 2, 3)
        self.assertEqual(self.database.backup(), self.target)
        self.assertEqual(self.copied(), booked(self.database))
        self.assertEqual(len(booked(self.database)), 3)
        self.assertEqual(self.target.stat().st_mode & 0o777, 0o600)
        self.assertEqual([each for each in os.listdir(self.directory) if ".part" in each], [])

    def test_the_copy_can_be_read_where_nobody_may_write(self) -> None:
        """It needs no log beside it."""
        self.database.backup()
        raw = sqlite3.connect(f"{self.target.as_uri()}?mode=ro&immutable=1", uri=True)
        self.assertEqual(raw.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        self.assertEqual(raw.execute("PRAGMA journal_mode").fetchall(), [("delete",)])
        raw.close()

    def test_what_a_crash_left_is_cleared(self) -> None:
        """Half a copy of a process that died is no hindrance."""
        Path(f"{self.target}.part").write_bytes(b"half")
        Path(f"{self.target}.part-journal").write_bytes(b"half")
        self.assertEqual(self.database.backup(), self.target)

    def test_a_copy_that_fails_leaves_the_old_one(self) -> None:
        """Where the copy breaks off the last one is there, and no half of a new one."""
        book(self.database, 1)
        self.database.backup()
        book(self.database, 2)

        def full(descriptor: int) -> None:
            raise OSError("no space left")

        self.patch(os, "fsync", full)
        with self.assertRaises(StoreFailed) as caught:
            self.database.backup()
        message = f"the copy {self.target} cannot be written: no space left"
        self.assertEqual(str(caught.exception), message)
        self.assertEqual([each for each in os.listdir(self.directory) if ".part" in each], [])
        self.assertEqual(self.copied(), [slot(1, place=1)])

    def test_sqlite_itself_fails(self) -> None:
        """An error that is SQLite's own is told the same way."""
        self.database.close()
        with self.assertRaises(StoreFailed):
            self.database.backup()

    def test_the_place_is_taken(self) -> None:
        """A directory in the place of the copy is left alone."""
        self.target.mkdir()
        with self.assertRaises(StoreFailed):
            self.database.backup()
        self.assertTrue(self.target.is_dir())

    def test_memory_has_none(self) -> None:
        """A store in memory has no copy."""
        memory = memory_database()
        self.assertIsNone(memory.backup())
        memory.close()
