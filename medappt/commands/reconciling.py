"""Comparing the records of a center with its peers', as a short run of its federation.

The center is stopped meanwhile: a store belongs to one process, and what is settled is settled in
its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medappt.center.city_options import configure_city
from medappt.commands import machine
from medappt.commands.arguments import DONE, NO_ANSWER
from medappt.commands.output import Output
from medappt.commands.reports import NONE, Json, Report
from medappt.commands.stores import location_of, zone_of
from medappt.commands.world import World
from medappt.federation.link import LinkStopped
from medappt.federation.reconciling import Difference, NotCompared
from medappt.federation.service import Federation, FederationConfiguration, FederationSurroundings
from medappt.model.records import Entry
from medappt.role.files import load
from medappt.role.startup import CannotStart
from medappt.store.failures import StoreFailed, StoreUnavailable
from medappt.store.keys import store_key
from medappt.store.location import Location
from medappt.store.sqlite import SQLiteDatabase
from medappt.store.transactions import run_now
from medappt.store.writer import Writer, inline
from medappt.wire.settings import read_settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """``is_restored`` tells that it is this center's store that was restored from a copy, and not a
    peer's; ``above`` is the highest boot number that a peer reported then."""

    config: Path
    is_restored: bool
    above: int
    as_json: bool


async def reconcile(world: World, asked: Comparison) -> int:
    """Compare with every peer, show what differs, and settle what has one safe answer: the exit
    code. Raises ``CannotStart``, also while the center runs."""
    settings = load(asked.config, read_settings)
    if settings.city is None or settings.city.federation is None:
        raise CannotStart(
            f"{asked.config}: these are the settings of a center without a federation"
        )
    zone = zone_of(settings, asked.config)
    configuration, _ = configure_city(settings.city, asked.config.parent, zone, asked.above)
    output = Output(world.out, world.err, as_json=asked.as_json)
    try:
        found, missing = await _compare(
            world, configuration, location_of(settings, asked.config), asked.is_restored
        )
    except (StoreUnavailable, StoreFailed) as error:
        raise CannotStart(str(error)) from None
    output.report(_report(found, missing))
    output.finish()
    return NO_ANSWER if missing else DONE


_Found = dict[str, tuple[Difference, ...]]


async def _compare(
    world: World, configuration: FederationConfiguration, location: Location, is_restored: bool
) -> tuple[_Found, list[str]]:
    """What differs, by peer; and those that could not be compared with."""
    database = SQLiteDatabase.open(location, store_key(location, machine.randomness))
    federation = Federation(
        configuration,
        FederationSurroundings(
            clock=world.clock,
            now=machine.now,
            jitter=machine.jitter,
            randomness=world.randomness,
        ),
    )
    writer = Writer(database, inline, world.clock)
    try:
        federation.listen(world.udp)
        federation.open(writer, run_now(database, federation.begin))
        found: _Found = {}
        missing = []
        for city in sorted(configuration.peers):
            try:
                found[city] = await federation.reconcile(city, is_restored=is_restored)
            except (NotCompared, LinkStopped) as error:
                missing.append(f"{city} was not compared with: {error}")
        return found, missing
    finally:
        await federation.stopService()
        await writer.stop()


def _report(found: _Found, missing: Sequence[str]) -> Report:
    rows = [(city, each) for city, differences in found.items() for each in differences]
    return Report(
        titles=("Peer", "We are", "Slot", "Type", "Patient", "Here", "There", "Settled"),
        rows=[
            (
                city,
                each.side.value,
                str(each.entry.name.code),
                each.entry.name.type,
                each.entry.patient,
                _standing(each.here),
                _standing(each.there),
                "yes" if each.is_settled else "no",
            )
            for city, each in rows
        ],
        data={
            "compared": list(found),
            "differences": [
                {
                    "peer": city,
                    "side": each.side.value,
                    "id": each.entry.id,
                    "slot": str(each.entry.name.code),
                    "type": each.entry.name.type,
                    "patient": each.entry.patient,
                    "here": _state(each.here),
                    "there": _state(each.there),
                    "settled": each.is_settled,
                }
                for city, each in rows
            ],
        },
        complaints=missing,
    )


def _standing(entry: Entry | None) -> str:
    return NONE if entry is None else entry.standing.value


def _state(entry: Entry | None) -> Json:
    return None if entry is None else entry.standing.value
