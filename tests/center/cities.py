"""Three centers with a city in memory, each with its doors open, and a network between them."""

from __future__ import annotations

from medappt.center.imports import CenterData
from medappt.samples import FILES
from medappt.wire.datafiles import read_availabilities, read_users
from tests.center.fixtures import Client, MemoryCenter
from tests.federation.federated import FederatedCase, Hospital
from tests.store.cities import TORONTO


def users_of(city: str, patients: int = 5) -> str:
    """An administrator, ``A2345``, and patients ``P2345``, ``P2346``... of a city; everybody's
    password is ``pw``."""
    names = [f"{city}A2345", *(f"{city}P{2345 + number}" for number in range(patients))]
    return "".join(f"{name} pw\n" for name in names)


def open_doors(hospital: Hospital, patients: int = 5, users: str | None = None) -> MemoryCenter:
    """The center of a hospital that runs already, with numbered slots as well. ``users`` are the
    lines of its file, instead of those with ``patients``."""
    city = hospital.name
    lines = users_of(city, patients) if users is None else users
    data = CenterData(
        users=tuple(read_users(lines.encode(), "users.txt", city)),
        openings=tuple(read_availabilities(FILES["availabilities.txt"].encode(), "openings")),
    )
    return MemoryCenter(
        data=data,
        zone=TORONTO,
        now=hospital.now,
        database=hospital.database,
        clock=hospital.network.clock,
        writer=hospital.writer,
        city=hospital.federation.city,
    )


class CityCase(FederatedCase):
    """MTL, QUE and SHE take connections. ``self.admin`` and ``self.patient`` are of MTL."""

    patients = 5

    def setUp(self) -> None:
        super().setUp()
        self.centers = {
            name: open_doors(each, self.patients) for name, each in self.hospitals.items()
        }
        self.admin = self.login("MTLA2345")
        self.patient = self.login("MTLP2345")

    def login(self, user: str) -> Client:
        return self.centers[user[:3]].login(user, "pw")

    def open_slots(self, *codes: str, capacity: int = 1, type_: str = "Physician") -> None:
        """Each city's administrator adds its slots."""
        for code in codes:
            administrator = self.login(f"{code[:3]}A2345")
            answer = administrator.ask(f"add {code} {type_} {capacity}")
            self.assertEqual(answer, [f"added {code} {type_} {capacity}"])

    def later(self, client: Client, seconds: float = 1.0) -> list[str]:
        """What a client has got, so many seconds later."""
        self.run_for(seconds)
        return client.transport.take()
