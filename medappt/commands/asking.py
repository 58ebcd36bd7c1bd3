"""A request in words, put to the operation of a center that it names."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred

from medappt.commands import reports
from medappt.commands.arguments import WrongUsage
from medappt.commands.reports import Report
from medappt.model.ids import parse_person
from medappt.patient.remote_city import RemoteCity
from medappt.wire import city_requests, requests
from medappt.wire.city_requests import WrongForm
from medappt.wire.requests import CITY, EFFECTS, Command

INTERNAL = frozenset(("authenticate", "notices", "quit"))
"""Requests that a session makes by itself."""


def read_request(keyword: str, words: Sequence[str]) -> Command:
    """The request of a center with a city that these words are. Raises ``WrongUsage``, which says
    what form was expected."""
    build = CITY.get(keyword)
    if build is None or keyword in INTERNAL:
        # the word is not repeated: it may be a password, typed too late
        raise WrongUsage("unknown-command: no such request, try help")
    try:
        return build(list(words))
    except WrongForm as error:
        raise WrongUsage(f"syntax: expected: {error}") from None


def has_effect(keyword: str, command: Command) -> bool:
    """Whether a request changes something, and so needs a tag."""
    is_preview = isinstance(command, city_requests.Remove) and command.preview
    return keyword in EFFECTS and not is_preview


def put(city: RemoteCity, command: Command, tag: str | None) -> Deferred[Report]:
    """Ask ``city`` for what the command says, and report what it came to."""
    match command:
        case city_requests.ListSlots():
            return city.list(command.type).addCallback(reports.listed)
        case city_requests.Book():
            return city.book(command.slot, command.patient, tag).addCallback(reports.placed)
        case city_requests.CancelId():
            place = city.cancel(command.code, command.type, command.patient, tag)
            return place.addCallback(reports.cancelled)
        case city_requests.CancelIndexFor():
            place = city.cancel_index(command.index, command.patient, tag)
            return place.addCallback(reports.cancelled)
        case city_requests.Swap():
            swapped = city.swap(command.old, command.new, command.patient, tag)
            return swapped.addCallback(reports.placed)
        case city_requests.SlotPatients():
            return city.patients(command.slot).addCallback(reports.attended)
        case city_requests.Add():
            return city.add(command.slot, command.capacity, tag).addCallback(reports.added)
        case city_requests.Remove():
            return _remove(city, command, tag)
        case _:
            return _put_numbered(city, command, tag)


def _remove(city: RemoteCity, command: city_requests.Remove, tag: str | None) -> Deferred[Report]:
    outcome = city.preview(command.slot) if command.preview else city.remove(command.slot, tag)
    return outcome.addCallback(reports.removed, is_preview=command.preview)


def _put_numbered(city: RemoteCity, command: Command, tag: str | None) -> Deferred[Report]:
    match command:
        case requests.Available():
            return city.numbered.available().addCallback(reports.free_slots)
        case requests.Slots():
            return city.numbered.slots().addCallback(reports.all_slots)
        case requests.Selection():
            return city.numbered.select(command.index, tag).addCallback(reports.reserved)
        case requests.Cancel():
            return city.numbered.cancel(command.index, tag).addCallback(reports.cancelled)
        case requests.Schedule():
            patient = None if command.patient is None else parse_person(command.patient)
            return city.schedule(patient).addCallback(reports.scheduled)
        case requests.Patients():
            return city.numbered.patients(command.index).addCallback(reports.attended)
        case _:  # help; the others are made by a session itself, and never read
            return city.help().addCallback(reports.helped)
