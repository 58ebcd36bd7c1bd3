"""Histories that are written, not drawn: what seeds come upon too seldom."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, TypeAlias

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from medappt.model.records import REACH
from tests.simulation.chronicle import require
from tests.simulation.customers import Customer
from tests.simulation.errands import Errand, Told, Verb, kind_of
from tests.simulation.machine import Machine
from tests.simulation.scenery import CITIES, CLIENT_HOSTS, HOSTS, SUNDAY, Scenery, slot_name
from tests.simulation.weather import Weather

if TYPE_CHECKING:
    from tests.simulation.world import World

TYPE = "Physician"


@dataclass
class Stage:
    """What a script acts on: everybody asks by production's clients, as in other histories."""

    world: World
    _customers: dict[str, Customer] = field(default_factory=dict)
    _tags: count[int] = field(default_factory=lambda: count(1))

    async def ask(self, user: str, verb: Verb, *, old: str = "", new: str = "") -> Told:
        """``user`` asks for themself, and waits for the answer."""
        errand = Errand(
            user=user,
            tag=f"t{next(self._tags)}",
            verb=verb,
            patient=user if user[3] == "P" else None,
            old=slot_name(old, TYPE) if old else None,
            new=slot_name(new, TYPE) if new else None,
        )
        return await self._customer(user).see_through(errand)

    async def get(self, kind: str, user: str, verb: Verb, *, old: str = "", new: str = "") -> None:
        """As ``ask``; the answer has to be of this kind."""
        told = await self.ask(user, verb, old=old, new=new)
        require(kind_of(told) == kind, user, verb.value, old, new, "got", told)

    async def wait(self, seconds: float) -> None:
        """Time passes."""
        machine = self.world.hospitals[CITIES[0]].machine
        await deferLater(machine, seconds, lambda: None)

    def _customer(self, user: str) -> Customer:
        if user not in self._customers:
            world = self.world
            host = CLIENT_HOSTS[user[:3]]
            machine = Machine(world.network, host, f"{user} at home", world.seed)
            self._customers[user] = world.new_customer(user, machine, 0)
        return self._customers[user]


Script: TypeAlias = Callable[[Stage], Coroutine[Any, Any, None]]


async def second_page(stage: Stage) -> None:
    """The closest slot breaks a patient's rules and is the only one on its page: they get the one
    on the next."""
    await stage.get("booked", "MTLP2345", Verb.BOOK, new="QUEM140227")
    await stage.get("booked", "MTLP2345", Verb.BOOK, new="MTLM150227")
    await stage.ask("QUEA2345", Verb.REMOVE, new="QUEM140227")
    await stage.wait(10.0)
    await stage.get("already-booked", "MTLP2345", Verb.BOOK, new="QUEM180227")


async def unwait_overtakes_wait(stage: Stage) -> None:
    """Somebody is put on a waiting list and gives up at once, while nothing they say gets through:
    the owner hears last that they wait."""
    network = stage.world.network
    await stage.get("booked", "MTLP2345", Verb.BOOK, new="SHEM140227")
    await stage.wait(2.0)
    network.cut.add((HOSTS["MTL"], HOSTS["SHE"]))
    await stage.get("removed", "SHEA2345", Verb.REMOVE, new="SHEM140227")
    await stage.get("cancelled", "MTLP2345", Verb.CANCEL, old="SHEM140227")
    network.clear()


async def place_given_back_from_away(stage: Stage) -> None:
    """A patient waits at home for the place that one of another city gives back."""
    await stage.get("added", "MTLA2345", Verb.ADD, new="MTLM170227")
    await stage.get("booked", "QUEP2345", Verb.BOOK, new="MTLM170227")
    await stage.get("booked", "MTLP2345", Verb.BOOK, new="MTLM150227")
    await stage.wait(2.0)
    await stage.get("removed", "MTLA2345", Verb.REMOVE, new="MTLM150227")
    await stage.get("cancelled", "QUEP2345", Verb.CANCEL, old="MTLM170227")
    await stage.wait(2.0)
    await stage.get("already-booked", "MTLP2345", Verb.BOOK, new="MTLM170227")


async def cancelled_while_held(stage: Stage) -> None:
    """Somebody is being moved, the new place is held, and they cancel before their home hears of
    it."""
    world = stage.world
    await stage.get("booked", "MTLP2345", Verb.BOOK, new="QUEM140227")
    await stage.wait(2.0)
    removed = Deferred.fromCoroutine(
        stage.get("removed", "QUEA2345", Verb.REMOVE, new="QUEM140227")
    )
    while all(each.state != "HELD" for each in world.chronicle.latest("QUE").places.values()):
        await stage.wait(0.001)
    world.network.cut.add((HOSTS["QUE"], HOSTS["MTL"]))
    await stage.get("cancelled", "MTLP2345", Verb.CANCEL, old="QUEM140227")
    await stage.wait(0.3)
    world.network.clear()
    await removed


async def restored(stage: Stage) -> None:
    """A center comes back with an older boot number; its peers tell it, and it is started above."""
    hospital = stage.world.hospitals["QUE"]
    hospital.machine.kill()
    while not hospital.machine.is_alive:
        await stage.wait(0.1)
    await stage.wait(2.0)
    hospital.machine.kill()
    hospital.set_boot_back(1)


async def fourth_on_sunday(stage: Stage) -> None:
    """Three appointments in other cities in a week, and a fourth on its last day."""
    for day in (11, 12, 13):
        code = f"QUEM{day}0227"
        await stage.get("added", "QUEA2345", Verb.ADD, new=code)
        await stage.get("booked", "MTLP2345", Verb.BOOK, new=code)
    await stage.get("weekly-limit", "MTLP2345", Verb.BOOK, new="QUEM140227")
    await stage.get("booked", "MTLP2345", Verb.BOOK, new="QUEM150227")


async def place_swapped_away(stage: Stage) -> None:
    """A patient waits at home for the place that another swaps for one in another city."""
    await stage.get("added", "MTLA2345", Verb.ADD, new="MTLM170227")
    await stage.get("booked", "MTLP2346", Verb.BOOK, new="MTLM170227")
    await stage.get("booked", "MTLP2345", Verb.BOOK, new="MTLM150227")
    await stage.get("removed", "MTLA2345", Verb.REMOVE, new="MTLM150227")
    await stage.get("swapped", "MTLP2346", Verb.SWAP, old="MTLM170227", new="QUEM180227")
    await stage.get("already-booked", "MTLP2345", Verb.BOOK, new="MTLM170227")


async def confirm_is_late(stage: Stage) -> None:
    """A booking is told, and for longer than any hold its owner does not hear of it."""
    world = stage.world
    booked = Deferred.fromCoroutine(stage.get("booked", "MTLP2345", Verb.BOOK, new="QUEM140227"))
    while all(each.state != "HELD" for each in world.chronicle.latest("QUE").places.values()):
        await stage.wait(0.001)
    world.network.cut.add((HOSTS["MTL"], HOSTS["QUE"]))
    await booked
    await stage.wait(15.0)
    world.network.clear()


SCRIPTS: tuple[Script, ...] = (
    second_page,
    unwait_overtakes_wait,
    place_given_back_from_away,
    cancelled_while_held,
    restored,
    fourth_on_sunday,
    place_swapped_away,
    confirm_is_late,
)
"""Their seeds are -1, -2 and so on."""


def script_of(seed: int) -> Script | None:
    """What is played under a seed, if it is not drawn."""
    return SCRIPTS[-seed - 1] if seed < 0 else None


def stage_scenery() -> Scenery:
    """For all scripts: a few slots of one type, one on a page."""
    days = tuple(SUNDAY + timedelta(days=number) for number in range(5))
    codes = {
        "MTL": ("MTLM150227",),
        "QUE": ("QUEM140227", "QUEM150227", "QUEM180227"),
        "SHE": ("SHEM140227",),
    }
    return Scenery(
        begins=datetime(2027, 2, 10, 12, tzinfo=UTC),
        days=days,
        types=(TYPE,),
        reach=REACH,
        codes=codes,
        slots={city: tuple((slot_name(code, TYPE), 1) for code in codes[city]) for city in CITIES},
        haste=1.0,
        removals=0.0,
        wanderlust=0.0,
        regret=0,
        page=1,
    )


def stage_weather() -> Weather:
    """Fair, but for what a script does."""
    return Weather()
