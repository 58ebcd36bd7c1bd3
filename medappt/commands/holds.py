"""Places kept while their home decides, and giving one back.

A hold ends by what its home answers, never by time (section 8). Only for a home that will not
return an operator decides instead.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from medappt.commands import machine
from medappt.commands.arguments import DONE
from medappt.commands.output import Output
from medappt.commands.reports import Report
from medappt.commands.stores import location_of, zone_of
from medappt.model.ids import RecordIds, SlotName
from medappt.model.origins import Origin
from medappt.patient.process import settle
from medappt.patient.terminal import CarefulStream
from medappt.role.files import load
from medappt.role.startup import CannotStart
from medappt.store.boots import start_boot
from medappt.store.connection import Connection
from medappt.store.failures import StoreFailed, StoreUnavailable
from medappt.store.here import Here
from medappt.store.holding import release_hold
from medappt.store.keys import key_path, load_key
from medappt.store.location import Location
from medappt.store.places import find_place, held_places
from medappt.store.reading import reading
from medappt.store.slots import slot_of_key
from medappt.store.sqlite import SQLiteDatabase
from medappt.store.transactions import run_now
from medappt.wire.envelope import RANDOM_BYTES
from medappt.wire.settings import read_settings

OPERATOR = Origin(actor="operator", role=None, source="medappt federation holds")
"""Who gives a place back here, as the audit says it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A place that waits for its home to decide, in which slot, and since when (UTC)."""

    id: str
    home: str
    slot: SlotName
    since: datetime


def waiting_places(connection: Connection) -> list[Waiting]:
    """Every place that is HELD, oldest first."""
    found = []
    for hold in held_places(connection):
        place = find_place(connection, hold.id)
        assert place is not None, "it was listed in this transaction"
        assert place.slot is not None, "only what is RELEASED has no slot"
        slot = slot_of_key(connection, place.slot).name
        found.append(Waiting(id=hold.id, home=hold.home, slot=slot, since=hold.since))
    return found


def list_holds(location: Location, *, as_json: bool) -> int:
    """``medappt federation holds``: the exit code. Raises ``CannotStart``."""
    out, err = CarefulStream(sys.stdout), CarefulStream(sys.stderr)
    output = Output(out, err, as_json=as_json)
    with _as_cannot_start(), reading(location) as source:
        waiting = waiting_places(source.connection)
        if source.is_copy:
            output.say(f"the store is in use: this is of its copy {source.path}")
        output.report(_report(waiting, is_copy=source.is_copy))
    output.finish()
    return settle(DONE, out, err)


def release(config: Path, id_: str) -> int:
    """``medappt federation holds --release``: the exit code. Raises ``CannotStart``, also while
    the center runs."""
    settings = load(config, read_settings)
    if settings.city is None:
        raise CannotStart(f"{config}: these are the settings of a center without a city")
    city, zone = settings.city.city, zone_of(settings, config)

    def give_back(connection: Connection) -> bool:
        # who waits may get the place, and so a record: its id must be of no other run
        random = machine.randomness(RANDOM_BYTES)
        new_id = RecordIds(city, start_boot(connection, random), random)
        here = Here(city=city, zone=zone, now=machine.now(), new_id=new_id)
        return release_hold(connection, here, id_, origin=OPERATOR)

    with _as_cannot_start(), _opened(location_of(settings, config)) as database:
        is_released = run_now(database, give_back)
    if not is_released:
        raise CannotStart(f"no place is held under the id {id_}")
    sys.stdout.write(f"{id_} released\n")
    return DONE


def _report(waiting: Sequence[Waiting], *, is_copy: bool) -> Report:
    return Report(
        titles=("ID", "Home", "Slot", "Type", "Since"),
        rows=[
            (each.id, each.home, str(each.slot.code), each.slot.type, each.since.isoformat())
            for each in waiting
        ],
        data={
            "copy": is_copy,
            "holds": [
                {
                    "id": each.id,
                    "home": each.home,
                    "slot": str(each.slot.code),
                    "type": each.slot.type,
                    "since": each.since.isoformat(),
                }
                for each in waiting
            ],
        },
    )


def _opened(location: Location) -> closing[SQLiteDatabase]:
    if location.path is None:
        raise CannotStart("a store in memory is gone with its process")
    # never a new one: the audit is chained with it
    return closing(SQLiteDatabase.open(location, load_key(key_path(location.path))))


@contextmanager
def _as_cannot_start() -> Iterator[None]:
    try:
        yield
    except (StoreFailed, StoreUnavailable) as error:
        raise CannotStart(str(error)) from None
