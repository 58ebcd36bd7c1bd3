"""What a history begins with, drawn from its seed: cities, people, slots, and the time of day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from medappt.model.ids import SlotName, parse_appointment_id
from medappt.model.records import REACH, Contact

CITIES = ("MTL", "QUE", "SHE")
ZONES = {
    "MTL": ZoneInfo("America/Toronto"),
    "QUE": ZoneInfo("America/Halifax"),
    "SHE": ZoneInfo("America/Vancouver"),
}
"""Of three cities far apart: whose clock counts has to be right."""

HOSTS = {city: f"10.0.0.{number}" for number, city in enumerate(CITIES, 1)}
CLIENT_HOSTS = {city: f"10.1.0.{number}" for number, city in enumerate(CITIES, 1)}
DOCTOR_HOSTS = {city: f"10.2.0.{number}" for number, city in enumerate(CITIES, 1)}
TCP_PORT, UDP_PORT = 21_000, 21_100
DOCTOR_PORTS = {"doc1": 41_000, "doc2": 42_000}
DOCTOR_OF = {"Physician": "doc1", "Surgeon": "doc2"}
TYPES = tuple(DOCTOR_OF)
PARTS = "MAE"
PATIENTS = 4
PASSWORD = "pw"
FEDERATION_KEY = b"simulated " * 3 + b"!!"

SUNDAY = date(2027, 2, 14)
"""The days of a history lie around the night that ends an ISO week."""


@dataclass(frozen=True, kw_only=True)
class Scenery:
    """``begins`` is the instant of second 0 (UTC): some slots of the first day begin within the
    history. ``codes`` are the IDs that are asked for, by city; ``slots`` those that are open at
    the beginning, with their capacity. People pause ``haste`` seconds; ``removals`` is the share
    of removals in what administrators do, ``wanderlust`` that of bookings in other cities,
    ``regret`` how often they cancel or swap. Lists and options have ``page`` rows
    on a page, so that a few slots are several pages; ``None`` leaves production's pages."""

    begins: datetime
    days: tuple[date, ...]
    types: tuple[str, ...]
    reach: timedelta
    codes: Mapping[str, tuple[str, ...]]
    slots: Mapping[str, tuple[tuple[SlotName, int], ...]]
    haste: float
    removals: float
    wanderlust: float
    regret: int
    page: int | None

    def name(self, code: str, type_: str) -> SlotName:
        return slot_name(code, type_)


def slot_name(code: str, type_: str) -> SlotName:
    """The slot that a code names."""
    parsed = parse_appointment_id(code)
    assert parsed is not None, code
    return SlotName(code=parsed, type=type_)


def contact_of(city: str, type_: str) -> Contact:
    """Who sees the patients of a type in a city."""
    doctor = DOCTOR_OF[type_]
    return Contact(name=doctor, host=DOCTOR_HOSTS[city], port=DOCTOR_PORTS[doctor])


def users_file(city: str) -> bytes:
    """An administrator and the patients of a city."""
    names = [f"{city}A2345", *(f"{city}P{2345 + number}" for number in range(PATIENTS))]
    return "".join(f"{name} {PASSWORD}\n" for name in names).encode()


def draw_scenery(dice: Random, busy_seconds: float) -> Scenery:
    """Few days, types and slots: everybody wants the same ones."""
    first = SUNDAY + timedelta(days=dice.choice([-4, -2, -1, 0]))
    days = tuple(first + timedelta(days=number) for number in range(dice.choice([2, 4, 6])))
    types = TYPES[: dice.choice([1, 2])]
    capacities = dice.choice([[1, 1, 2], [1, 2, 3], [4]])
    openness = dice.choice([0.4, 0.8])
    codes = {}
    slots = {}
    # with one slot a day who is moved has to go to another day, where they may have something else
    parts = PARTS if dice.random() < 0.7 else ""
    for city in CITIES:
        there = [
            f"{city}{part}{day:%d%m%y}" for day in days for part in parts or dice.choice(PARTS)
        ]
        codes[city] = tuple(dice.sample(there, min(len(there), dice.choice([4, 6, 9]))))
        opened = [
            (slot_name(code, dice.choice(types)), dice.choice(capacities))
            for code in codes[city]
            if dice.random() < openness
        ]
        slots[city] = tuple(opened)
    return Scenery(
        begins=_begin(dice, first, busy_seconds),
        days=days,
        types=types,
        reach=dice.choice([REACH, REACH, timedelta(days=1), timedelta(seconds=30)]),
        codes=codes,
        slots=slots,
        haste=dice.choice([2.0, 4.0]),
        removals=dice.choice([0.3, 0.5, 0.7]),
        wanderlust=dice.choice([0.1, 0.5, 0.9]),
        regret=dice.choice([0, 1, 2]),
        page=dice.choice([None, 1, 2]),
    )


def _begin(dice: Random, first: date, busy_seconds: float) -> datetime:
    """Shortly before a part of the first day begins somewhere, or the evening before."""
    if dice.random() < 0.4:
        return datetime(first.year, first.month, first.day, 6, tzinfo=UTC)
    city = dice.choice(CITIES)
    hour = dice.choice([8, 13])
    local = datetime(first.year, first.month, first.day, hour, tzinfo=ZONES[city])
    before = timedelta(seconds=round(dice.random() * busy_seconds))
    return local.astimezone(UTC) - before
