"""The requests that only a center with a city serves: slots by ID and type (section 4).

With ``requests`` they make the vocabulary of such a center; forms are checked here (R9), whether a
type, a slot or a patient exists is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

from medappt.model.ids import (
    AppointmentId,
    PersonId,
    SlotName,
    parse_appointment_id,
    parse_person,
)
from medappt.model.slots import parse_index

MOST_CAPACITY = 9_999
"""Of a slot."""

_CAPACITY = re.compile(r"[0-9]{1,4}", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class ListSlots:
    """``list``: the slots of a type, of every center."""

    type: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Book:
    slot: SlotName
    patient: PersonId | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CancelId:
    """``cancel ID``; ``type`` is needed only where the patient has the ID under two."""

    code: AppointmentId
    type: str | None = None
    patient: PersonId | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CancelIndexFor:
    """``cancel INDEX PATIENT``: a numbered slot, for somebody."""

    index: int
    patient: PersonId


@dataclass(frozen=True, kw_only=True, slots=True)
class Swap:
    old: SlotName
    new: SlotName
    patient: PersonId | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotPatients:
    """``patients ID TYPE``."""

    slot: SlotName


@dataclass(frozen=True, kw_only=True, slots=True)
class Add:
    """``capacity`` is from 1 to ``MOST_CAPACITY``."""

    slot: SlotName
    capacity: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Remove:
    """``preview`` changes nothing."""

    slot: SlotName
    preview: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Notices:
    """``notices [NUMBER]``: what happened to the user's appointments without their asking, but for
    what they were shown: all up to the notice with the number ``told``."""

    told: int | None = None


CityCommand: TypeAlias = (
    ListSlots | Book | CancelId | CancelIndexFor | Swap | SlotPatients | Add | Remove | Notices
)


class WrongForm(Exception):
    """Words that are no such request; the message is the expected form."""


def parse_capacity(word: str) -> int | None:
    """The capacity of a slot, or ``None`` if the word is none: 1 to ``MOST_CAPACITY``, digits."""
    capacity = int(word) if _CAPACITY.fullmatch(word) else 0
    return capacity or None


def _fail(form: str) -> NoReturn:
    raise WrongForm(form)


def _slot(code: str, type_: str, form: str) -> SlotName:
    parsed = parse_appointment_id(code)
    return SlotName(code=parsed, type=type_) if parsed else _fail(form)


def _patient(arguments: list[str], form: str) -> PersonId | None:
    """Whom the words behind those a request needs name: one patient or none."""
    if not arguments:
        return None
    patient = parse_person(arguments[0]) if len(arguments) == 1 else None
    return patient or _fail(form)


def parse_list(arguments: list[str]) -> ListSlots:
    """``list TYPE``."""
    return ListSlots(type=arguments[0]) if len(arguments) == 1 else _fail("list TYPE")


def parse_book(arguments: list[str]) -> Book:
    """``book ID TYPE [PATIENT]``."""
    form = "book ID TYPE [PATIENT]"
    if len(arguments) < 2:
        _fail(form)
    return Book(slot=_slot(arguments[0], arguments[1], form), patient=_patient(arguments[2:], form))


def parse_cancel(arguments: list[str]) -> CancelId | CancelIndexFor | int:
    """``cancel ID [TYPE] [PATIENT]`` or ``cancel INDEX [PATIENT]``; the index alone where nobody
    is named. A last word of the form of a patient's ID is the patient."""
    form = "cancel ID [TYPE] [PATIENT] or cancel INDEX [PATIENT]"
    if not arguments:
        _fail(form)
    first, *others = arguments
    patient = parse_person(others[-1]) if others else None
    if patient is not None:
        others = others[:-1]
    index = parse_index(first)
    if index is not None and not others:
        return index if patient is None else CancelIndexFor(index=index, patient=patient)
    code = parse_appointment_id(first)
    if code is None or len(others) > 1:
        _fail(form)
    return CancelId(code=code, type=others[0] if others else None, patient=patient)


def parse_swap(arguments: list[str]) -> Swap:
    """``swap OLDID OLDTYPE NEWID NEWTYPE [PATIENT]``."""
    form = "swap OLDID OLDTYPE NEWID NEWTYPE [PATIENT]"
    if len(arguments) < 4:
        _fail(form)
    return Swap(
        old=_slot(arguments[0], arguments[1], form),
        new=_slot(arguments[2], arguments[3], form),
        patient=_patient(arguments[4:], form),
    )


def parse_patients(arguments: list[str]) -> SlotPatients | int:
    """``patients ID TYPE`` or ``patients INDEX``."""
    form = "patients ID TYPE or patients INDEX"
    index = parse_index(arguments[0]) if len(arguments) == 1 else None
    if index is not None:
        return index
    if len(arguments) != 2:
        _fail(form)
    return SlotPatients(slot=_slot(arguments[0], arguments[1], form))


def parse_add(arguments: list[str]) -> Add:
    """``add ID TYPE CAPACITY``."""
    form = f"add ID TYPE CAPACITY, from 1 to {MOST_CAPACITY}"
    capacity = parse_capacity(arguments[2]) if len(arguments) == 3 else None
    if capacity is None:
        _fail(form)
    return Add(slot=_slot(arguments[0], arguments[1], form), capacity=capacity)


def parse_remove(arguments: list[str]) -> Remove:
    """``remove ID TYPE [preview]``; the word is a keyword, and so in any case."""
    form = "remove ID TYPE [preview]"
    options = [word.lower() for word in arguments[2:]]
    if len(arguments) < 2 or options not in ([], ["preview"]):
        _fail(form)
    return Remove(slot=_slot(arguments[0], arguments[1], form), preview=bool(options))


def parse_notices(arguments: list[str]) -> Notices:
    """``notices [NUMBER]``."""
    told = parse_index(arguments[0]) if len(arguments) == 1 else None
    if arguments and told is None:
        _fail("notices [NUMBER]")
    return Notices(told=told)


def city_words(command: CityCommand) -> list[str]:
    """The words that ask for ``command``: what the parsers undo.

    Raises ``ValueError`` for a type that would be read as a patient.
    """
    match command:
        case ListSlots():
            return ["list", command.type]
        case Book():
            return ["book", *_name(command.slot), *_person(command.patient)]
        case CancelId():
            types = [] if command.type is None else [command.type]
            if types and command.patient is None and parse_person(types[0]) is not None:
                raise ValueError("a last word of the form of a patient's ID is the patient")
            return ["cancel", str(command.code), *types, *_person(command.patient)]
        case CancelIndexFor():
            return ["cancel", str(command.index), str(command.patient)]
        case Swap():
            names = [*_name(command.old), *_name(command.new)]
            return ["swap", *names, *_person(command.patient)]
        case SlotPatients():
            return ["patients", *_name(command.slot)]
        case Add():
            return ["add", *_name(command.slot), str(command.capacity)]
        case Remove():
            return ["remove", *_name(command.slot), *(["preview"] if command.preview else [])]
        case _:
            return ["notices", *([] if command.told is None else [str(command.told)])]


def _name(slot: SlotName) -> list[str]:
    return [str(slot.code), slot.type]


def _person(patient: PersonId | None) -> list[str]:
    return [] if patient is None else [str(patient)]
