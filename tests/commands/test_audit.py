"""``medappt audit``."""

from __future__ import annotations

import io
import os
import sys
from datetime import timedelta
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from medappt import cli
from medappt.model.audit import AuditHead
from medappt.store import schema
from medappt.store.audit import note_effect
from medappt.store.audit_chain import audit_head
from medappt.store.connection import Connection
from medappt.store.heads import keep_head
from medappt.store.keys import key_path
from medappt.store.location import Location
from medappt.store.migrate import migrate
from medappt.store.sqlite import SQLiteDatabase
from medappt.store.transactions import run_now
from tests.store.audited import deed
from tests.store.cities import City
from tests.store.doubles import KEY, NOW, scratch

SETTINGS = '[center]\ncity = "{}"\nstore = "sqlite:///{}.db"\n'


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class FullDisk(io.StringIO):
    """What it cannot write would go to ``descriptor``."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self.descriptor = descriptor

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")

    def fileno(self) -> int:
        return self.descriptor


class AuditCase(SynchronousTestCase):
    """MTL's store, with three rows, in a folder with its settings."""

    def setUp(self) -> None:
        self.folder = scratch(self)
        self.mtl = self.make("MTL", ["a", "b", "c"])

    def make(self, city: str, objects: list[str]) -> Path:
        path = self.folder / f"{city}.db"
        migrate(Location(path=path))
        key_path(path).write_bytes(KEY)
        (self.folder / f"{city}.toml").write_text(SETTINGS.format(city, city))
        self.note(path, *objects)
        return path

    def open(self, path: Path) -> SQLiteDatabase:
        return SQLiteDatabase.open(Location(path=path), KEY)

    def note(self, path: Path, *objects: str) -> None:
        database = self.open(path)
        for hours, object_ in enumerate(objects):
            at = NOW + timedelta(hours=hours)

            def one(connection: Connection, object_: str = object_, at: object = at) -> None:
                note_effect(connection, at, deed(object_, f"p{object_}"))  # type: ignore[arg-type]

            run_now(database, one)
        database.close()

    def head(self) -> AuditHead:
        database = self.open(self.mtl)
        head = run_now(database, audit_head)
        database.close()
        assert head is not None
        return head

    def forge(self, statement: str) -> None:
        database = self.open(self.mtl)
        for trigger in schema.AUDIT_GUARDS:
            database._raw.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        database._raw.execute(statement)
        database.close()

    def run_command(self, *words: object, out: io.StringIO | None = None) -> int:
        self.out, self.err = out or io.StringIO(), io.StringIO()
        self.patch(sys, "stdout", self.out)
        self.patch(sys, "stderr", self.err)
        return cli.main(["audit", *map(str, words)])

    def verify(self, *words: object, store: Path | None = None) -> str:
        """What is said of the audit, and that the exit code is right."""
        code = self.run_command("verify", "--store", f"sqlite:///{store or self.mtl}", *words)
        told = self.out.getvalue()
        self.assertEqual(told.count("\n"), 1)
        self.assertEqual(code, 0 if told.startswith("the audit is as it was written: ") else 1)
        return told.rstrip("\n").partition(": ")[2]

    def failed(self, *words: object) -> str:
        """What is said of a command that fails before it could tell anything."""
        self.assertEqual(self.run_command(*words), 1)
        self.assertEqual(self.out.getvalue(), "")
        return self.err.getvalue()


class VerifyTests(AuditCase):
    def written(self, head: AuditHead, more: str = "") -> str:
        return f"3 rows in 3 commits, head {head.sequence}:{head.mac.hex()}{more}"

    def test_whole(self) -> None:
        """An audit that is whole is told in one line with its head, which is what a later run
        can be given; which file was read is told beside it."""
        head = self.head()
        self.assertEqual(self.verify(), self.written(head))
        self.assertEqual(self.err.getvalue(), f"medappt: reading the store: {self.mtl}\n")
        again = self.verify("--head", f"3:{head.mac.hex()}")
        self.assertEqual(again, self.written(head, ", behind 1 kept head"))
        again = self.verify(*["--head", f"3:{head.mac.hex()}"] * 2)
        self.assertTrue(again.endswith(", behind 2 kept heads"))

    def test_nothing(self) -> None:
        """A store in which nothing has happened holds."""
        path = self.make("NEW", [])
        self.assertEqual(self.verify(store=path), "0 rows in 0 commits")

    def test_broken(self) -> None:
        """What was forged is told with its sequence, and the exit code is 1."""
        head = self.head()
        self.forge("UPDATE audit SET patient = 'px' WHERE sequence = 2")
        self.assertEqual(self.verify(), "row 2 is not what was written")
        self.forge("UPDATE audit SET patient = 'pb' WHERE sequence = 2")
        self.forge("DELETE FROM audit WHERE sequence = 3")
        self.verify()
        told = self.verify("--head", f"3:{head.mac.hex()}")
        self.assertEqual(
            told,
            "the end was cut off: 2 rows are left, and row 3 was the last of a commit once",
        )
        self.forge("DELETE FROM audit WHERE sequence = 1")
        self.assertEqual(self.verify(), "row 1 is missing")

    def test_what_is_no_text(self) -> None:
        """Bytes that are no text are a forgery like any other."""
        self.forge("UPDATE audit SET object = CAST(x'ff' AS TEXT) WHERE sequence = 2")
        self.assertEqual(self.verify(), "row 2 is not what was written")
        self.forge("UPDATE audit SET object = x'ff' WHERE sequence = 2")
        self.assertEqual(self.verify(), "row 2 is not what was written")

    def test_peers(self) -> None:
        """A peer's store is asked for the head it has kept, by its URL or its settings."""
        head = self.head()
        peer = self.make("QUE", [])
        words = ("--config", self.folder / "MTL.toml")
        by_url = ("--peer-store", f"sqlite:///{peer}")
        by_settings = ("--peer-config", self.folder / "QUE.toml")
        self.assertEqual(self.verify(*words, *by_url), self.written(head))
        self.assertIn(f"medappt: {peer} holds no head of MTL\n", self.err.getvalue())
        self.keep(peer, head)
        for how in (by_url, by_settings):
            self.assertEqual(self.verify(*words, *how), self.written(head, ", behind 1 kept head"))
        self.forge("DELETE FROM audit WHERE sequence = 3")
        self.assertIn("the end was cut off", self.verify(*words, *by_url))
        self.assertIn("medappt: whose head", self.failed("verify", *by_url))

    def keep(self, peer: Path, head: AuditHead) -> None:
        here = City("QUE").here
        database = self.open(peer)
        run_now(database, lambda connection: keep_head(connection, here, "MTL", head))
        database.close()

    def test_running(self) -> None:
        """While the center has the store its copy is read, and that is told; a head that is
        later than the copy may be for that reason."""
        database = self.open(self.mtl)
        self.addCleanup(database.close)
        words = ("verify", "--store", f"sqlite:///{self.mtl}")
        self.assertIn("is in use by another process, and there is no copy", self.failed(*words))
        database.backup()
        head = run_now(database, audit_head)
        assert head is not None
        self.assertEqual(self.verify(), self.written(head))
        copy = f"{self.mtl}.backup"
        self.assertEqual(
            self.err.getvalue(), f"medappt: reading the copy, for the store is in use: {copy}\n"
        )
        self.assertIn("SIGUSR1", self.verify("--head", f"4:{'00' * 32}"))
        self.assertNotIn("SIGUSR1", self.verify("--head", f"2:{'00' * 32}"))

    def test_keys(self) -> None:
        """Without its key no audit can be walked, and none is made; with another nothing
        holds."""
        key_path(self.mtl).write_bytes(bytes(32))
        self.assertEqual(self.verify(), "row 1 is not what was written")
        key_path(self.mtl).unlink()
        told = self.failed("verify", "--store", f"sqlite:///{self.mtl}")
        self.assertIn(f"the key {key_path(self.mtl)} cannot be read: No such file", told)
        self.assertFalse(key_path(self.mtl).exists())

    def test_wrong_words(self) -> None:
        """What is no head, no instant, no path is wrong usage."""
        for words in (
            ("verify", "--head", "3"),
            ("verify", "--head", "3:00"),
            ("verify", "--head", f"x:{'00' * 32}"),
            ("verify", "--config", ""),
            ("show", "--since", "yesterday"),
            ("show", "--since", "0001-01-01T00:00+14:00"),
            (),
        ):
            error = self.assertRaises(SystemExit, self.run_command, *words)
            assert isinstance(error, SystemExit)
            self.assertEqual(error.code, 2, words)

    def test_stores(self) -> None:
        """What is no store is told in one line; by default it is where the server has it."""
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)
        for words, expected in (
            ((), f"the store {self.folder}/medappt.sqlite3 cannot be opened"),
            (("--store", "sqlite://"), "a store in memory is gone with its process"),
            (("--store", "postgresql://x"), "store: PostgreSQL is not served"),
            (("--store", f"sqlite:///{self.folder}/MTL.toml"), "MTL.toml is no database"),
            (("--config", "nowhere.toml"), "nowhere.toml: No such file"),
        ):
            told = self.failed("verify", *words)
            self.assertIn(expected, told)
            self.assertEqual(told.count("\n"), 1)


class ShowTests(AuditCase):
    ROWS = (
        "1\t2027-02-08T09:00:00Z\tpa\tpatient\t192.0.2.1\tbook\tpa\ta\tdone\tt",
        "2\t2027-02-08T10:00:00Z\tpb\tpatient\t192.0.2.1\tbook\tpb\tb\tdone\tt",
        "3\t2027-02-08T11:00:00Z\tpc\tpatient\t192.0.2.1\tbook\tpc\tc\tdone\tt",
    )

    def show(self, *words: object) -> list[str]:
        self.assertEqual(self.run_command("show", "--config", self.folder / "MTL.toml", *words), 0)
        return self.out.getvalue().splitlines()

    def test_columns(self) -> None:
        """Rows are columns with tabs between them, all or those that were asked for; no key is
        needed."""
        key_path(self.mtl).unlink()
        first, second, third = self.ROWS
        for words, expected in (
            ((), [first, second, third]),
            (("--patient", "pb"), [second]),
            (("--patient", "p"), []),
            (("--since", "2027-02-08T10:00"), [second, third]),
            (("--since", "2027-02-08T10:00:01Z"), [third]),
            (("--since", "2027-02-08T05:00-05:00"), [second, third]),
            (("--since", "2027-02-08", "--patient", "pa"), [first]),
        ):
            self.assertEqual(self.show(*words), expected, words)

    def test_a_terminal(self) -> None:
        """On a terminal it is a table, of which nothing is cut off."""
        words = ("show", "--store", f"sqlite:///{self.mtl}")
        self.addCleanup(os.environ.pop, "COLUMNS")
        for columns in (160, 60):
            os.environ["COLUMNS"] = str(columns)
            self.assertEqual(self.run_command(*words, out=Terminal()), 0)
            drawn = self.out.getvalue()
            self.assertNotIn("…", drawn)
            if columns == 160:
                self.assertIn("Outcome", drawn)
                self.assertIn("2027-02-08 09:00:00Z", drawn)

    def test_what_would_move_a_cursor(self) -> None:
        """What somebody wrote into the file is shown escaped."""
        self.forge(
            "UPDATE audit SET object = 'x' || char(27) || char(9), tag = '' WHERE sequence = 1"
        )
        self.assertIn("\tx\\x1b\\t\tdone\t-", self.show()[0])

    def test_a_full_disk(self) -> None:
        """Output that cannot be written is a failure, told in one line."""
        nowhere = open(os.devnull, "w")  # noqa: SIM115 - it is what the stream writes to
        self.addCleanup(nowhere.close)
        words = ("show", "--store", f"sqlite:///{self.mtl}")
        self.assertEqual(self.run_command(*words, out=FullDisk(nowhere.fileno())), 1)
        self.assertIn("medappt: standard output: No space left", self.err.getvalue())

    def test_the_stores_default(self) -> None:
        """A city's store is called as it, beside its settings, unless they say otherwise."""
        self.mtl.rename(self.folder / "MTL.sqlite3")
        (self.folder / "MTL.toml").write_text('[center]\ncity = "MTL"\n')
        self.assertEqual(self.show(), list(self.ROWS))
