"""From the files into the store: once, and again only what has changed."""

from __future__ import annotations

from datetime import timedelta

from twisted.trial.unittest import SynchronousTestCase

from medappt.center.imports import CenterData, check_hashes
from medappt.center.passwords import Argon2Hasher
from medappt.samples import FILES
from medappt.store.sqlite import Location, SQLiteDatabase
from medappt.wire.datafiles import BrokenFile, read_availabilities, read_users
from tests.center.fixtures import MONDAY, MemoryCenter

USERS = FILES["users.txt"]
OPENINGS = FILES["availabilities.txt"]


def data(users: str = USERS, openings: str = OPENINGS) -> CenterData:
    return CenterData(
        users=tuple(read_users(users.encode(), "users.txt")),
        openings=tuple(read_availabilities(openings.encode(), "availabilities.txt")),
    )


class ImportTests(SynchronousTestCase):
    """Starting again on the same store, with the same files or others."""

    def setUp(self) -> None:
        self.database = SQLiteDatabase.open(Location(path=None), b"k" * 32)
        self.addCleanup(self.database.close)

    def start(self, files: CenterData | None = None) -> MemoryCenter:
        return MemoryCenter(data=files or data(), database=self.database)

    def hashes(self) -> dict[str, str]:
        from sqlalchemy import select

        from medappt.store.connection import Statement
        from medappt.store.schema import people
        from medappt.store.writer import run_now

        found = Statement(select(people.c.name, people.c.password_hash))
        return dict(run_now(self.database, lambda connection: connection.rows(found)))

    def test_the_same_files_again_change_nothing(self) -> None:
        """Not even a hash is made anew."""
        self.start()
        changes = self.database.changes
        with_marks = self.start()
        self.assertEqual(self.database.changes, changes)
        self.assertEqual(with_marks.login().ask("available")[-1], ".")

    def test_a_changed_password_is_the_only_one_hashed(self) -> None:
        """The others keep the hash they have."""
        self.start()
        before = self.hashes()
        center = self.start(data(USERS.replace("password111", "new111")))
        self.assertEqual(center.connect().ask("authenticate patient1 password111"), ["failure"])
        self.assertEqual(center.connect().ask("authenticate patient1 new111"), ["success"])
        self.assertEqual(self.hashes()["patient2"], before["patient2"])

    def test_a_user_whose_row_is_gone_cannot_log_in(self) -> None:
        """Their appointment stays; back in the file they find it."""
        self.start().login().ask("selection 2")
        center = self.start(data("patient2 password222\nboss password999 admin\n"))
        self.assertEqual(center.connect().ask("authenticate patient1 password111"), ["failure"])
        boss = center.login("boss", "password999")
        self.assertEqual(boss.ask("patients 2"), ["patient1 booked", "."])
        self.assertEqual(len(boss.ask("schedule patient1")), 2)
        back = self.start()
        self.assertEqual(len(back.login().ask("schedule")), 2)

    def test_a_reserved_occurrence_of_a_changed_opening_stands(self) -> None:
        """The index is free at its new time, and the place can still be given back."""
        self.start().login().ask("selection 2")
        center = self.start(data(openings=OPENINGS.replace("2 Mon 03pm", "2 Mon 04pm")))
        client = center.login()
        self.assertIn("2 Mon 04pm doc2 free", client.ask("slots"))
        self.assertEqual(client.ask("schedule")[0], "2 - booked 2026-11-23T15:00:00+00:00")
        self.assertEqual(client.ask("cancel 2"), ["cancelled 2 -"])
        self.assertEqual(client.ask("schedule"), ["."])

    def test_a_renumbered_file_sells_no_hour_twice(self) -> None:
        """The same hour of the same doctor is taken under its new index."""
        self.start().login().ask("selection 2")
        center = self.start(data(openings="7 Mon 03pm doc2 42000\n"))
        other = center.login("patient2", "password222")
        self.assertEqual(other.ask("slots"), ["7 Mon 03pm doc2 taken", "."])
        self.assertEqual(other.ask("selection 7"), ["notavailable"])
        center.now = MONDAY + timedelta(hours=4)
        self.assertEqual(other.ask("selection 7"), ["doc2 42000"])

    def test_hashes_in_the_file_are_taken_as_they_are(self) -> None:
        """A line of ``medappt passwd`` needs no hashing."""
        encoded = Argon2Hasher().hash(b"secret")
        self.start(data(f"{USERS}carol {encoded}\n"))
        self.assertEqual(self.hashes()["carol"], encoded)

    def test_a_hash_nobody_can_verify_is_a_broken_file(self) -> None:
        """It is told with file and line, before anything starts."""
        rows = read_users(b"a x\nb $argon2id$broken\n", "users.txt")
        error = self.assertRaises(BrokenFile, check_hashes, rows, "users.txt")
        self.assertIn("users.txt, line 2", str(error))
