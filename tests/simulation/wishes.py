"""What people want next: drawn from what there is, so that much of it is possible."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from random import Random

from medappt.model.ids import SlotName
from tests.simulation.chronicle import Chronicle
from tests.simulation.errands import Errand, Verb
from tests.simulation.scenery import CITIES, PATIENTS, Scenery, slot_name
from tests.simulation.snapshots import Record


@dataclass(frozen=True, slots=True)
class Look:
    """``list`` of a type; ``remove ... preview`` of a slot; ``schedule`` where there is neither."""

    type: str | None = None
    preview: SlotName | None = None


class Wishes:
    """Draws from ``dice``. What a patient has is looked up in the ``chronicle``: whoever was moved
    without asking has read their notices."""

    def __init__(self, scenery: Scenery, chronicle: Chronicle, dice: Random) -> None:
        self._scenery = scenery
        self._chronicle = chronicle
        self._dice = dice
        self._numbers: Iterator[int] = count(1)

    def next(self, user: str) -> Errand | Look:
        """What ``user`` wants now."""
        if self._dice.random() < 0.08:
            if self._dice.random() < 0.5:
                return Look(type=self._dice.choice(self._scenery.types))
            return Look() if user[3] == "P" else Look(preview=self._any_slot(user[:3]))
        if user[3] == "A" and self._dice.random() < 0.7:
            return self._of_slots(user)
        return self._of_places(user)

    def _tag(self) -> str:
        return f"t{next(self._numbers)}"

    def _any_slot(self, city: str) -> SlotName:
        dice, scenery = self._dice, self._scenery
        open_ = [slot for slot in self._chronicle.latest(city).slots.values() if not slot.removal]
        if open_ and dice.random() < 0.85:
            slot = dice.choice(open_)
            return slot_name(slot.code, slot.type)
        return slot_name(dice.choice(scenery.codes[city]), dice.choice(scenery.types))

    def _new_slot(self, city: str) -> SlotName:
        """Mostly one that is not open now."""
        dice, scenery = self._dice, self._scenery
        now = self._chronicle.latest(city)
        names = [f"{code} {type_}" for code in scenery.codes[city] for type_ in scenery.types]
        free = [name for name in names if now.open_slot(name) is None]
        code, type_ = dice.choice(free if free and dice.random() < 0.8 else names).split()
        return slot_name(code, type_)

    def _of_slots(self, user: str) -> Errand:
        dice, city = self._dice, user[:3]
        if dice.random() < 0.03:
            city = dice.choice(CITIES)  # not theirs, perhaps
        is_removal = dice.random() < self._scenery.removals
        if is_removal:
            verb, name = Verb.REMOVE, self._any_slot(city)
        else:
            verb, name = Verb.ADD, self._new_slot(city)
        capacity = dice.choice([1, 1, 2, 3])
        return Errand(user=user, tag=self._tag(), verb=verb, new=name, capacity=capacity)

    def _of_places(self, user: str) -> Errand:
        dice = self._dice
        patient = user if user[3] == "P" else self._somebody(user[:3])
        if dice.random() < 0.02:
            patient = self._somebody(dice.choice(CITIES))  # not theirs to act for, perhaps
        have = self._chronicle.latest(user[:3]).decided(patient)
        verb = (
            dice.choice([*[Verb.BOOK] * 3, *[Verb.SWAP, Verb.CANCEL] * self._scenery.regret])
            if have
            else Verb.BOOK
        )
        if dice.random() < 0.05:
            verb = dice.choice([Verb.SWAP, Verb.CANCEL])
        away = [city for city in CITIES if city != patient[:3]]
        is_away = dice.random() < self._scenery.wanderlust
        closing = [record for record in have if self._is_closing(record)]
        if closing and dice.random() < 0.4:
            # they do not wait to be moved
            gone = dice.choice(closing)
            old = slot_name(gone.code, gone.type)
            return Errand(user=user, tag=self._tag(), verb=Verb.CANCEL, patient=patient, old=old)
        new = self._any_slot(dice.choice(away) if is_away else patient[:3])
        if dice.random() < 0.1:
            new = self._one_of(have)  # they have it, or wait for it
        match verb:
            case Verb.BOOK:
                return Errand(user=user, tag=self._tag(), verb=verb, patient=patient, new=new)
            case Verb.SWAP:
                old = self._one_of(have)
                return Errand(
                    user=user, tag=self._tag(), verb=verb, patient=patient, old=old, new=new
                )
        return Errand(
            user=user,
            tag=self._tag(),
            verb=verb,
            patient=patient,
            old=self._one_of(have),
            names_type=dice.random() < 0.6,
        )

    def _somebody(self, city: str) -> str:
        return f"{city}P{2345 + self._dice.randrange(PATIENTS)}"

    def _one_of(self, have: list[Record]) -> SlotName:
        """Something of what they have."""
        if have and self._dice.random() < 0.95:
            record = self._dice.choice(have)
            return slot_name(record.code, record.type)
        return self._any_slot(self._dice.choice(CITIES))

    def _is_closing(self, record: Record) -> bool:
        """Whether its slot is removed and its home has not decided yet, or its owner does not know
        yet that they wait."""
        owner = self._chronicle.latest(record.owner)
        place = owner.places.get(record.id)
        if record.state == "WAITLISTED":
            return all(wait.id != record.id for wait in owner.waits)
        if place is None or place.slot is None:
            return False
        return owner.slots[place.slot].removal is not None
