"""What people ask of a center, and what they were told."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

from medappt.model.appointments import (
    Added,
    Booked,
    Cancelled,
    Removed,
    Scheduled,
    SlotList,
    Swapped,
)
from medappt.model.ids import PersonId, SlotName, parse_person
from medappt.model.refusals import Code, Refusal
from medappt.patient.remote_city import RemoteCity

Told: TypeAlias = Booked | Cancelled | Swapped | Added | Removed | Refusal
Seen: TypeAlias = SlotList | Sequence[Scheduled] | Removed


class Verb(Enum):
    """The requests with an effect; its value is the word of the protocol."""

    BOOK = "book"
    CANCEL = "cancel"
    SWAP = "swap"
    ADD = "add"
    REMOVE = "remove"


@dataclass(frozen=True, kw_only=True, slots=True)
class Errand:
    """``user`` wants something done once, for ``patient`` if it is for one. ``old`` is what is
    given up, ``new`` what is wanted; ``type_`` is left out of a ``cancel`` that names none."""

    user: str
    tag: str
    verb: Verb
    patient: str | None = None
    old: SlotName | None = None
    new: SlotName | None = None
    capacity: int = 1
    names_type: bool = True

    @property
    def key(self) -> tuple[str, str]:
        return self.user, self.tag

    @property
    def is_for_another(self) -> bool:
        return self.patient is not None and self.patient != self.user

    @property
    def is_allowed(self) -> bool:
        """Whether the user may ask this (R5)."""
        if self.verb in (Verb.ADD, Verb.REMOVE):
            assert self.new is not None
            return self.user[3] == "A" and self.new.city == self.user[:3]
        assert self.patient is not None
        if self.user[3] == "A":
            return self.patient[:3] == self.user[:3]
        return self.patient == self.user

    def ask(self, city: RemoteCity) -> Awaitable[Told]:
        """Ask it of a center."""
        named = self._named
        match self.verb:
            case Verb.BOOK:
                return city.book(self._new, named, self.tag)
            case Verb.CANCEL:
                type_ = self._old.type if self.names_type else None
                return city.cancel(self._old.code, type_, named, self.tag)
            case Verb.SWAP:
                return city.swap(self._old, self._new, named, self.tag)
            case Verb.ADD:
                return city.add(self._new, self.capacity, self.tag)
            case Verb.REMOVE:
                return city.remove(self._new, self.tag)

    @property
    def _named(self) -> PersonId | None:
        return None if self.patient in (None, self.user) else _person(self.patient)

    @property
    def _old(self) -> SlotName:
        assert self.old is not None
        return self.old

    @property
    def _new(self) -> SlotName:
        assert self.new is not None
        return self.new

    def __str__(self) -> str:
        words: list[Any] = [self.verb.value, self.old, self.new]
        if self.verb is Verb.ADD:
            words.append(self.capacity)
        if self.is_for_another:
            words.append(self.patient)
        return f"@{self.tag} " + " ".join(str(word) for word in words if word is not None)


def _person(word: str | None) -> PersonId:
    parsed = None if word is None else parse_person(word)
    assert parsed is not None, word
    return parsed


def describe(told: Told) -> str:
    """An answer in a line, for the story."""
    match told:
        case Refusal():
            return told.code.value
        case Removed():
            rows = (f"{row.patient}={row.new_code or row.fate.value}" for row in told.rows)
            return " ".join(("removed", *rows))
        case Added():
            return f"added {told.code} {told.type}"
        case Cancelled():
            return f"cancelled {told.code} {told.type}"
        case Booked():
            return f"booked {told.code} {told.type}"
        case Swapped():
            return f"swapped for {told.code} {told.type}"


def kind_of(told: Told) -> str:
    """What an answer is counted as."""
    return told.code.value if isinstance(told, Refusal) else type(told).__name__.lower()


def is_final(told: Told) -> bool:
    """Whether nothing else will ever be answered: ``busy`` is not remembered."""
    return not (isinstance(told, Refusal) and told.code is Code.BUSY)
