"""A federation in which much can be refused, and how a test sees that nothing came of it."""

from __future__ import annotations

from collections.abc import Sequence

from tests.center.cities import CityCase
from tests.center.fixtures import Client
from tests.federation.agreement import read_book
from tests.role.logs import listening_to_the_log

PAST, FUTURE, NOWHERE = "MTLA070227", "MTLA090227", "MTLE270227"
HERE, TWIN, ABROAD, FULL = "MTLA100227", "MTLM110227", "QUEA120227", "QUEE190227"
WEEK = ("QUEM150227", "QUEM160227", "SHEM170227")
"""Three away in one week."""


class RefusalCase(CityCase):
    """``self.patient`` has ``HERE`` and ``ABROAD`` as Physician and ``TWIN`` under two types; a
    second one has three appointments abroad in one week."""

    def setUp(self) -> None:
        super().setUp()
        self.open_slots(HERE, FUTURE, *WEEK, "SHEA180227", ABROAD, FULL, "MTLE100227", capacity=2)
        self.open_slots("QUEA200227", TWIN)
        self.open_slots(TWIN, type_="Surgeon")
        self.other = self.login("MTLP2346")
        for line in (HERE, ABROAD, TWIN):
            self.do(self.patient, f"book {line} Physician")
        self.do(self.patient, f"book {TWIN} Surgeon")
        for code in WEEK:
            self.do(self.other, f"book {code} Physician")
        for user in ("SHEP2345", "SHEP2346"):
            self.do(self.login(user), f"book {FULL} Physician")
        self.network.take()

    def do(self, client: Client, line: str) -> None:
        self.assertTrue(client.ask(line) or self.later(client), line)

    def answer(self, client: Client, line: str, seconds: float = 0.5) -> list[str]:
        return client.ask(line) or self.later(client, seconds)

    def assert_refused(self, client: Client, code: str, lines: Sequence[str]) -> None:
        """Each line is refused with that code, changes nothing in any store, and nobody's name is
        logged for it. What the home knows by itself it asks nobody about."""
        before = [each.do(read_book) for each in self.hospitals.values()]
        with listening_to_the_log() as told:
            for line in lines:
                with self.subTest(line):
                    answer = self.answer(client, line)
                    self.assertEqual([row.split()[:2] for row in answer], [["error", code]])
        if code not in ("unknown-slot", "full"):
            self.assertEqual(self.network.take(), [])
        self.run_for(1.0)
        self.assertEqual([each.do(read_book) for each in self.hospitals.values()], before)
        self.assertNotIn("TLP23", " ".join(told.texts()))
