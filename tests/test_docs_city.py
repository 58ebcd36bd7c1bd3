"""The sessions of centers with a city that the protocol's description prints."""

from __future__ import annotations

import re

from twisted.trial.unittest import SynchronousTestCase

from medappt.federation.city import NOT_OUR_SLOT, UNKNOWN_TYPE
from medappt.model import bookings
from medappt.model.refusals import Refusal
from medappt.store import judgement
from medappt.wire.settings import read_settings
from tests.center.cities import open_doors
from tests.center.fixtures import Client
from tests.documents import PROTOCOL, README, ROOT, blocks, section, table_rows
from tests.federation.federated import FederatedCase
from tests.store.doubles import NOW
from tests.test_docs_sessions import Player

_TYPED = re.compile(r"printf '([^']+)' \| nc -N 127\.0\.0\.1 (\d+)")

ROUND_TRIP = 0.3
"""Seconds in which the other centers of the examples answer."""


class CitySessionTests(FederatedCase):
    """Three cities with the users of ``data/federation``."""

    def setUp(self) -> None:
        super().setUp()
        self.centers = {
            city: open_doors(hospital, users=_file(city, "users.txt"))
            for city, hospital in self.hospitals.items()
        }

    def connect(self, note: str) -> Client:
        """``MTL``, or ``MTL while SHE is down``."""
        city, *rest = note.split()
        if rest:
            self.hospitals[rest[1]].crash()
        return self.centers[city].connect()

    def later(self, client: Client, seconds: float) -> list[str]:
        self.run_for(seconds or ROUND_TRIP)
        return client.transport.take()

    def test_sessions(self) -> None:
        """They go as they are printed, one after the other."""
        player, sessions = Player(self, self), blocks(PROTOCOL, "cities")
        self.assertGreater(len(sessions), 5)
        for block in sessions:
            player.play(block)

    def test_readme(self) -> None:
        """What the README has typed by hand does what it says: an administrator of one city opens
        a slot, and a patient of another takes it."""
        ports = {
            int(read_settings(_file(city, "toml").encode(), city).listen[0].split(":")[1]): city
            for city in self.centers
        }
        heard = []
        for words, port in _TYPED.findall(section(README, "Three cities")):
            client = self.connect(ports[int(port)])
            lines = words.replace("\\n", "\n").encode()
            heard.append([line.split()[0] for line in client.send(lines) + self.later(client, 0)])
        self.assertEqual(heard, [["success", word, "bye"] for word in ("added", "booked")])

    def test_instant(self) -> None:
        """The examples are played at the instant that the description names."""
        self.assertEqual(f"{NOW:%A, %Y-%m-%d, %H:%M}", "Monday, 2027-02-08, 09:00")
        self.assertIn("Monday, 2027-02-08, 04:00", PROTOCOL.read_text(encoding="utf-8"))


def _file(city: str, ending: str) -> str:
    path = ROOT / "data" / "federation" / f"{city}.{ending}"
    return path.read_text(encoding="utf-8")


class RefusalTests(SynchronousTestCase):
    """The texts of the refusals of a city."""

    def test_texts(self) -> None:
        """Every refusal of the rules is told, with its code and its text."""
        told: set[tuple[str, str]] = set()
        code = ""
        for cells in table_rows(section(PROTOCOL, "2.4 Refusals of a city")):
            code = cells[0].strip("`") or code
            told.add((code, cells[2].strip("`")))
        refusals = [UNKNOWN_TYPE, NOT_OUR_SLOT]
        for module in (bookings, judgement):
            refusals += [each for each in vars(module).values() if isinstance(each, Refusal)]
        for each in refusals:
            if each is not judgement.FORBIDDEN:  # said to centers only
                self.assertIn((each.code.value, each.text), told)
