"""``medappt federation``: keys, and places that wait for their home."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from medappt.commands import machine
from medappt.federation.keys import SAMPLE_KEY, parse_keys
from medappt.model.ids import RecordIds
from medappt.model.origins import CENTER
from medappt.model.records import PlaceState
from medappt.samples import write_federation
from medappt.store.boots import start_boot
from medappt.store.connection import Connection
from medappt.store.here import Here
from medappt.store.holding import hold
from medappt.store.keys import key_path, store_key
from medappt.store.location import Location
from medappt.store.migrate import migrate
from medappt.store.places import find_place
from medappt.store.removal import add_slot
from medappt.store.sqlite import SQLiteDatabase
from medappt.store.transactions import run_now
from tests.commands.scripted import ScriptedCase
from tests.store.cities import DOCTOR, TORONTO, name
from tests.store.doubles import NOW

T = TypeVar("T")

ID = RecordIds("QUE", 1, b"\x01\x02")()


class OperatorCase(ScriptedCase):
    """The operator of MTL, whose settings and store are in a folder."""

    def setUp(self) -> None:
        super().setUp()
        write_federation(self.folder)
        self.config = self.folder / "MTL.toml"
        self.store = self.folder / "mtl.sqlite3"
        self.patch(machine, "now", lambda: NOW)

    def operate(self, *words: str) -> int:
        return self.run_command("federation", *words)

    def do(self, function: Callable[[Connection, Here], T]) -> T:
        """A transaction of the center, which is stopped before and after."""
        migrate(Location(path=self.store))
        database = self.open()
        ids = RecordIds("MTL", 900, b"\x01\x02")
        here = Here(city="MTL", zone=TORONTO, now=NOW, new_id=ids)
        try:
            return run_now(database, lambda connection: function(connection, here))
        finally:
            database.close()

    def open(self) -> SQLiteDatabase:
        location = Location(path=self.store)
        return SQLiteDatabase.open(location, store_key(location, machine.randomness))

    def hold(self) -> None:
        """A patient of QUE wants a place, and QUE has not said what became of it."""

        def held(connection: Connection, here: Here) -> None:
            slot = name("MTLA100227")
            add_slot(connection, here, slot, 1, DOCTOR, origin=CENTER)
            hold(connection, here, "QUE", ID, slot, "QUEP2345")

        self.do(held)


class NewKeyTests(OperatorCase):
    def keys(self, path: Path) -> tuple[bytes, ...]:
        return parse_keys(path.read_bytes(), str(path)).in_order

    def test_new(self) -> None:
        """A file that is not there is made, for its owner alone; the key is not shown."""
        path = self.folder / "new.key"
        self.assertEqual(self.operate("new-key", "--key-file", str(path)), 0)
        [key] = self.keys(path)
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.told, [f"{path}: the first line is a new key"])
        self.assertNotIn(path.read_text().strip(), self.out.getvalue())
        self.assertNotEqual(key, SAMPLE_KEY)

    def test_rotation(self) -> None:
        """The key before is kept behind the new one, and what to do is said."""
        path = self.folder / "new.key"
        self.operate("new-key", "--key-file", str(path))
        [old] = self.keys(path)
        self.assertEqual(self.operate("new-key", "--key-file", str(path)), 0)
        new, second = self.keys(path)
        self.assertEqual(second, old)
        self.assertNotEqual(new, old)
        self.assertIn("copy the file to every center", self.out.getvalue())

    def test_of_the_settings(self) -> None:
        """Without a file it is that of the settings, which may be in the environment; the sample
        key is kept on one machine, whose centers may run with it."""
        self.assertEqual(self.operate("new-key", "--config", str(self.config)), 0)
        key, second = self.keys(self.folder / "federation.key")
        self.assertNotEqual(key, SAMPLE_KEY)
        self.assertEqual(second, SAMPLE_KEY)
        self.environment["MEDAPPT_CONFIG"] = str(self.config)
        self.assertEqual(self.operate("new-key"), 0)
        self.assertEqual(self.keys(self.folder / "federation.key")[1], key)

    def test_sample(self) -> None:
        """The sample key is not kept for centers on several machines, nor for who knows where."""
        away = self.config.read_text().replace("127.0.0.1:21110", "192.0.2.1:21110")
        config = self.file("away.toml", away)
        sample = (self.folder / "federation.key").read_text()
        self.operate("new-key", "--config", str(config))
        self.assertEqual(len(self.keys(self.folder / "federation.key")), 1)
        path = self.file("sample.key", sample)
        self.operate("new-key", "--key-file", str(path))
        self.assertEqual(len(self.keys(path)), 1)

    def test_refused(self) -> None:
        """Which file must be known, and it must be one."""
        self.assertEqual(self.operate("new-key"), 2)
        self.assertIn("--config", self.err.getvalue())
        plain = self.file("plain.toml", '[center]\ncity = "MTL"\n')
        self.assertEqual(self.operate("new-key", "--config", str(plain)), 1)
        self.assertIn("without a federation", self.err.getvalue())
        broken = self.file("broken.key", "not a key\n")
        self.assertEqual(self.operate("new-key", "--key-file", str(broken)), 1)
        self.assertEqual(broken.read_text(), "not a key\n")


class HoldsCase(OperatorCase):
    def holds(self, *words: str) -> int:
        return self.operate("holds", "--config", str(self.config), *words)

    def run_center(self, *, with_copy: bool) -> None:
        """The center is up, and has written a copy or not."""
        database = self.open()
        self.addCleanup(database.close)
        if with_copy:
            database.backup()


class HoldsTests(HoldsCase):
    def test_list(self) -> None:
        """Id, home, slot, and since when."""
        self.hold()
        self.assertEqual(self.holds(), 0)
        since = datetime(2027, 2, 8, 9, tzinfo=UTC).isoformat()
        self.assertEqual(self.told, [f"{ID}  QUE  MTLA100227  Physician  {since}"])
        self.assertEqual(self.complaints, [])

    def test_shapes(self) -> None:
        """For programs, and on a terminal."""
        self.hold()
        self.assertEqual(self.holds("--json"), 0)
        [line] = self.told
        self.assertEqual(
            json.loads(line),
            {
                "copy": False,
                "holds": [
                    {
                        "id": ID,
                        "home": "QUE",
                        "slot": "MTLA100227",
                        "type": "Physician",
                        "since": "2027-02-08T09:00:00+00:00",
                    }
                ],
            },
        )
        self.is_terminal = True
        self.holds()
        self.assertIn("Since", self.out.getvalue())

    def test_store(self) -> None:
        """A store may be named instead of settings."""
        self.hold()
        self.assertEqual(self.operate("holds", "--store", f"sqlite:///{self.store}"), 0)
        self.assertEqual(len(self.told), 1)
        self.assertEqual(self.operate("holds", "--store", "mysql://x"), 1)
        self.assertIn("--store: expected sqlite:///FILE", self.err.getvalue())
        self.assertEqual(self.operate("holds"), 2)
        self.config.write_text('[center]\ncity = "MTL"\nstore = "mysql://x"\n')
        self.assertEqual(self.holds(), 1)
        self.assertIn("center.store: expected", self.err.getvalue())

    def test_running(self) -> None:
        """While the center runs its copy is read, which is said."""
        self.hold()
        self.run_center(with_copy=True)
        self.assertEqual(self.holds(), 0)
        self.assertEqual(len(self.told), 1)
        [complaint] = self.complaints
        self.assertIn("this is of its copy", complaint)

    def test_no_copy(self) -> None:
        """Without one nothing can be read."""
        self.hold()
        self.run_center(with_copy=False)
        self.assertEqual(self.holds(), 1)
        self.assertIn("there is no copy", self.err.getvalue())

    def test_nothing(self) -> None:
        """No holds are no lines; no store is a failure."""
        self.assertEqual(self.holds(), 1)
        self.assertIn("cannot be opened", self.err.getvalue())
        migrate(Location(path=self.store))
        self.assertEqual(self.holds(), 0)
        self.assertEqual(self.told, [])


class ReleaseTests(HoldsCase):
    def state(self) -> PlaceState:
        def find(connection: Connection, here: Here) -> PlaceState:
            place = find_place(connection, ID)
            assert place is not None
            return place.state

        return self.do(find)

    def test_released(self) -> None:
        """The place is given back, once; nothing else was held under that id."""
        self.hold()
        self.assertEqual(self.holds("--release", ID), 0)
        self.assertEqual(self.told, [f"{ID} released"])
        self.assertIs(self.state(), PlaceState.RELEASED)
        self.holds()
        self.assertEqual(self.told, [])
        self.assertEqual(self.holds("--release", ID), 1)
        self.assertEqual(self.complaints, [f"medappt: no place is held under the id {ID}"])

    def test_audit(self) -> None:
        """The audit has it, and is still as it was written; without its key nothing is done."""
        self.hold()
        self.holds("--release", ID)
        self.assertEqual(self.run_command("audit", "verify", "--config", str(self.config)), 0)
        self.run_command("audit", "show", "--config", str(self.config))
        [row] = [line for line in self.told if "operator" in line]
        self.assertIn("medappt federation holds", row)
        key_path(self.store).unlink()
        self.assertEqual(self.holds("--release", ID), 1)
        self.assertIn("cannot be read", self.err.getvalue())
        self.assertFalse(key_path(self.store).exists())

    def test_boot(self) -> None:
        """It counts as a run of the center: no id it made will ever be made again."""
        self.hold()
        self.holds("--release", ID)
        next_boot = self.do(lambda connection, here: start_boot(connection, b"a"))
        self.assertEqual(next_boot, 2)

    def test_center_runs(self) -> None:
        """Not while the center runs, copy or not."""
        self.hold()
        self.run_center(with_copy=True)
        self.assertEqual(self.holds("--release", ID), 1)
        [complaint] = self.complaints
        self.assertIn("is in use by another process", complaint)

    def test_settings(self) -> None:
        """City and time zone must be known."""
        store = f"sqlite:///{self.store}"
        self.assertEqual(self.operate("holds", "--store", store, "--release", ID), 2)
        self.assertEqual(self.operate("holds", "--release", ID), 2)
        self.config.write_text("[center]\n")
        self.assertEqual(self.holds("--release", ID), 1)
        self.assertIn("without a city", self.err.getvalue())
        self.config.write_text('[center]\ncity = "MTL"\ntimezone = "Mars"\n')
        self.assertEqual(self.holds("--release", ID), 1)
        self.assertIn("center.timezone", self.err.getvalue())
