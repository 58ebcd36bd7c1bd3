"""What the settings of a city come to."""

from __future__ import annotations

import os
from typing import ClassVar

from twisted.trial.unittest import SynchronousTestCase

from medappt.center.options import CenterConfiguration, ServerOptions
from medappt.federation.keys import SAMPLE_KEY, FederationKeys, format_keys
from medappt.model.identity import Role
from medappt.model.records import Contact
from medappt.role.startup import CannotStart
from medappt.samples import write_federation
from tests.folders import temporary_folder


class CityOptionsTests(SynchronousTestCase):
    """The sample of Montreal, and what can be wrong with it."""

    OTHER_KEY: ClassVar[bytes] = b"k" * 32

    def setUp(self) -> None:
        self.folder = temporary_folder(self)
        write_federation(self.folder)

    def configure(self, *words: str) -> CenterConfiguration:
        options = ServerOptions()
        options.parseOptions(["--config", str(self.folder / "MTL.toml"), *words])
        return options.configuration()

    def change(self, old: str, new: str, file: str = "MTL.toml") -> None:
        path = self.folder / file
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new))

    def cannot(self) -> str:
        return str(self.assertRaises(CannotStart, self.configure))

    def test_the_sample(self) -> None:
        """A city, its doctors, where it listens, and its peers."""
        found = self.configure()
        city = found.city
        assert city is not None
        self.assertEqual((city.city, str(city.zone)), ("MTL", "America/Toronto"))
        self.assertEqual(city.listen, ("127.0.0.1", 21_100))
        self.assertEqual(city.peers, {"QUE": ("127.0.0.1", 21_110), "SHE": ("127.0.0.1", 21_120)})
        self.assertEqual(
            city.doctors["Surgeon"], Contact(name="doc2", host="127.0.0.1", port=42000)
        )
        self.assertEqual(city.keys, (SAMPLE_KEY,))
        self.assertEqual(city.above, 0)
        self.assertIsNone(found.key_complaint)
        self.assertEqual(found.store.path, self.folder / "mtl.sqlite3")
        self.assertEqual(len(found.data.openings), 6)

    def test_the_default_store(self) -> None:
        """Is named after the city, beside the settings."""
        self.change('store = "sqlite:///mtl.sqlite3"\n', "")
        self.assertEqual(self.configure().store.path, self.folder / "MTL.sqlite3")

    def test_a_city_alone(self) -> None:
        """Without a federation it has neither keys nor peers."""
        path = self.folder / "MTL.toml"
        path.write_text('[center]\ncity = "MTL"\ntimezone = "UTC"\n')
        found = self.configure().city
        assert found is not None
        self.assertEqual((found.listen, found.keys, found.peers), (None, (), {}))

    def test_names(self) -> None:
        """Patients go by pseudonyms unless told otherwise; the classroom shows everything."""
        self.assertFalse(self.configure().shows_names)
        self.assertTrue(self.configure("--names").shows_names)
        self.assertTrue(self.configure("--classroom").shows_names)

    def test_the_override_of_a_restored_center(self) -> None:
        """The highest boot number a peer has reported."""
        city = self.configure("--boot-above", "41").city
        assert city is not None
        self.assertEqual(city.above, 41)

    def test_pid_files(self) -> None:
        """Three cities can be started in one directory."""
        for city in ("MTL", "QUE"):
            options = ServerOptions()
            options.parseOptions(["--config", str(self.folder / f"{city}.toml")])
            self.assertEqual(options.pid_name(), f"medappt-server-{city}")
        (self.folder / "MTL.toml").write_text("")
        for file in ("MTL.toml", "none.toml"):
            options = ServerOptions()
            options.parseOptions(["--config", str(self.folder / file)])
            self.assertEqual(options.pid_name(), "medappt-server")

    def test_users_are_of_the_city(self) -> None:
        """Their letter tells the role; others are refused with their line."""
        users = self.configure().data.users
        self.assertEqual(
            [(user.name, user.role) for user in users[:2]],
            [("MTLA2345", Role.ADMINISTRATOR), ("MTLP2345", Role.PATIENT)],
        )
        path = self.folder / "MTL.users.txt"
        for line in ("patient1 x", "QUEP2345 x", "MTLX2345 x", "MTLP234 x", "MTLP2345 x admin"):
            path.write_text(f"MTLA2345 x admin\n{line}\n")
            self.assertIn(
                "MTL.users.txt, line 2: expected MTLA or MTLP and four digits", self.cannot()
            )

    def test_hosts_by_name(self) -> None:
        """Are looked up; one that nobody knows cannot be a peer."""
        self.change("127.0.0.1:21110", "localhost:21110")
        city = self.configure().city
        assert city is not None
        self.assertIn(city.peers["QUE"][0], ("127.0.0.1", "::1"))
        self.change("localhost:21110", "nobody.invalid:21110")
        self.assertIn("nobody.invalid", self.cannot())

    def test_the_key(self) -> None:
        """It must be there, be one, and not be the sample for other machines."""
        path = self.folder / "federation.key"
        path.write_bytes(b"x\n")
        self.assertIn("federation.key, line 1: expected 32 random bytes in base64", self.cannot())
        path.unlink()
        self.assertIn("federation.key: No such file", self.cannot())
        path.write_bytes(format_keys(FederationKeys(current=SAMPLE_KEY)))
        self.change("127.0.0.1:21110", "192.0.2.7:21110")
        self.assertIn("the sample key is for loopback addresses only", self.cannot())

    def test_a_key_open_to_others(self) -> None:
        """Is complained about."""
        path = self.folder / "federation.key"
        path.write_bytes(format_keys(FederationKeys(current=self.OTHER_KEY)))
        os.chmod(path, 0o644)
        self.assertIn("the key is open to other users", self.configure().key_complaint or "")
        os.chmod(path, 0o600)
        self.assertIsNone(self.configure().key_complaint)
