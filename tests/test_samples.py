"""Tests of the sample files: what ships in ``data/`` and in the package (section 6)."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.trial.unittest import SynchronousTestCase

from medappt.federation.keys import SAMPLE_KEY, parse_keys
from medappt.model.identity import Role
from medappt.samples import FEDERATION, FILES, write_federation, write_samples
from medappt.wire.datafiles import (
    read_account,
    read_availabilities,
    read_insurance,
    read_prices,
    read_users,
)
from medappt.wire.settings import read_settings

DATA = Path(__file__).resolve().parent.parent / "data"


def sample(name: str) -> bytes:
    return FILES[name].encode()


class FolderTests(SynchronousTestCase):
    """The files in ``data/`` and those in the package are the same."""

    def test_data(self) -> None:
        """``data/`` holds exactly these files, byte for byte."""
        self.assertEqual(
            {path.name: path.read_bytes() for path in DATA.iterdir() if path.is_file()},
            {name: sample(name) for name in FILES},
        )

    def test_federation(self) -> None:
        """So does ``data/federation/``, beside the stores of centers that ran there."""
        self.assertEqual(
            {
                path.name: path.read_text("ascii")
                for path in (DATA / "federation").iterdir()
                if ".sqlite3" not in path.name
            },
            dict(FEDERATION),
        )

    def test_federation_written(self) -> None:
        """Also where there is no checkout."""
        with TemporaryDirectory() as folder:
            write_federation(Path(folder))
            self.assertEqual(
                {path.name: path.read_text("ascii") for path in Path(folder).iterdir()},
                dict(FEDERATION),
            )

    def test_written(self) -> None:
        """So does a folder they are written to, on any machine."""
        with TemporaryDirectory() as folder:
            write_samples(Path(folder))
            self.assertEqual(
                {path.name: path.read_bytes() for path in Path(folder).iterdir()},
                {name: sample(name) for name in FILES},
            )

    def test_plain(self) -> None:
        """They are ASCII, with a LF behind every line, for readers less patient than ours."""
        for name, text in (*FILES.items(), *FEDERATION.items()):
            if name.endswith(".toml"):
                continue
            self.assertTrue(text.isascii(), name)
            self.assertNotIn("\r", text, name)
            self.assertEqual(text, "".join(f"{line}\n" for line in text.split("\n") if line), name)


class ContentTests(SynchronousTestCase):
    """The files say what the design lists."""

    def test_names(self) -> None:
        """A center, two doctors, two patients."""
        self.assertEqual(
            set(FILES),
            {
                *("users.txt", "availabilities.txt", "doc1.txt", "doc2.txt", "patient1.txt"),
                *("patient2.txt", "patient1insurance.txt", "patient2insurance.txt"),
            },
        )

    def test_users(self) -> None:
        """Two users, and no administrator."""
        users = read_users(sample("users.txt"), "users.txt")
        self.assertEqual(
            [(user.name, user.secret, user.role) for user in users],
            [
                ("patient1", "password111", Role.PATIENT),
                ("patient2", "password222", Role.PATIENT),
            ],
        )

    def test_availabilities(self) -> None:
        """Six openings of two doctors."""
        openings = read_availabilities(sample("availabilities.txt"), "availabilities.txt")
        self.assertEqual(
            [
                (each.index, each.time.day_label, each.time.time_label, each.doctor, each.port)
                for each in openings
            ],
            [
                (1, "Tue", "01pm", "doc1", 41000),
                (2, "Mon", "03pm", "doc2", 42000),
                (3, "Thu", "02pm", "doc1", 41000),
                (4, "Wed", "10am", "doc1", 41000),
                (5, "Sat", "12pm", "doc2", 42000),
                (6, "Fri", "04pm", "doc2", 42000),
            ],
        )

    def test_prices(self) -> None:
        """Three plans at each doctor."""
        for doctor, amounts in (("doc1", ("30", "20", "50")), ("doc2", ("40", "60", "10"))):
            prices = read_prices(sample(f"{doctor}.txt"), f"{doctor}.txt")
            plans = ("insurance1", "insurance2", "insurance3")
            self.assertEqual(prices.amounts, dict(zip(plans, amounts, strict=True)))

    def test_patients(self) -> None:
        """Each patient can log in, and has a plan that both doctors have a price for."""
        users = read_users(sample("users.txt"), "users.txt")
        for number, user in enumerate(users, 1):
            account = read_account(sample(f"patient{number}.txt"), "")
            self.assertEqual((account.user, account.password), (user.name, user.secret))
            plan = read_insurance(sample(f"patient{number}insurance.txt"), "")
            self.assertEqual(plan, f"insurance{number}")
            for doctor in ("doc1.txt", "doc2.txt"):
                self.assertIn(plan, read_prices(sample(doctor), doctor).amounts)


class FederationTests(SynchronousTestCase):
    """Three cities that find one another on one machine."""

    def test_settings(self) -> None:
        """Each knows the others where they listen, and has users and doctors."""
        listening = {}
        for city in ("MTL", "QUE", "SHE"):
            settings = read_settings(FEDERATION[f"{city}.toml"].encode(), city)
            assert settings.city is not None
            federation = settings.city.federation
            assert federation is not None
            self.assertEqual(settings.city.city, city)
            self.assertEqual(set(settings.city.doctors), {"Physician", "Surgeon", "Dental"})
            listening[city] = (federation.listen, federation.peers)
            users = read_users(FEDERATION[f"{city}.users.txt"].encode(), "", city)
            self.assertEqual(users[0].name, f"{city}A2345")
            self.assertEqual(users[0].role, Role.ADMINISTRATOR)
            self.assertEqual({user.role for user in users[1:]}, {Role.PATIENT})
        for city, (_, peers) in listening.items():
            others = {name: place for name, (place, _) in listening.items() if name != city}
            self.assertEqual(peers, others)

    def test_doctors(self) -> None:
        """The doctors are those whose price lists ship."""
        settings = read_settings(FEDERATION["MTL.toml"].encode(), "")
        assert settings.city is not None
        for contact in settings.city.doctors.values():
            self.assertIn(f"{contact.name}.txt", FILES)

    def test_key(self) -> None:
        """The key is the one that everybody has."""
        keys = parse_keys(FEDERATION["federation.key"].encode(), "")
        self.assertEqual(keys.in_order, (SAMPLE_KEY,))
