"""What must hold in the stores of a federation: after every step, and once it is calm."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select

from medappt.model.bookings import MOST_AWAY_A_WEEK, judge
from medappt.model.records import PlaceState, Record, RecordState
from medappt.store import schema
from medappt.store.connection import Connection, Statement
from medappt.store.notices import untold_notices
from medappt.store.places import Place, held_places, places_in
from medappt.store.slots import SlotRow, closest_slots, slot_of_key
from tests.store.actors import Center
from tests.store.pump import Federation
from tests.store.reading import all_waiters, letters

_SLOTS = Statement(select(schema.slots.c.key).order_by(schema.slots.c.key))
_NUMBERS = Statement(
    select(*schema.places.c["slot", "number"]).where(schema.places.c.slot.is_not(None))
)


class Broken(AssertionError):
    """A promise of section 3 or 8 was not kept."""


def require(condition: object, *what: object) -> None:
    if not condition:
        raise Broken(" ".join(map(str, what)))


class View:
    """What the stores of all centers hold, read once."""

    def __init__(self, federation: Federation) -> None:
        self.federation = federation
        self.slots: dict[str, dict[int, SlotRow]] = {}
        self.places: dict[str, dict[str, Place]] = {}
        self.records: dict[str, list[Record]] = {}
        for city, center in federation.centers.items():
            self.slots[city], self.places[city] = center.city.do(_read_owner)
            for client in federation.clients:
                if client.city == city:
                    self.records[client.user] = center.city.records(client.user)

    def decided(self, patient: str) -> list[Record]:
        return [each for each in self.records[patient] if each.state is not RecordState.PENDING]

    def check(self) -> None:
        """What holds after every step."""
        for city, center in self.federation.centers.items():
            self._check_capacity(city, center)
            self._check_own(city, center)
        for client in self.federation.clients:
            self._check_rules(client.user)
            self._check_told(client.user)

    def _check_capacity(self, city: str, center: Center) -> None:
        taken = Counter(
            place.slot
            for place in self.places[city].values()
            if place.state is not PlaceState.RELEASED
        )
        for key, count in taken.items():
            assert key is not None
            require(count <= self.slots[city][key].capacity, "R1", city, self.slots[city][key])
        for key, number in center.city.do(_read_numbers):
            require(number is None or number <= self.slots[city][key].capacity, "R1 number")

    def _check_own(self, city: str, center: Center) -> None:
        for place in self.places[city].values():
            if place.home == city and place.state is PlaceState.CONFIRMED:
                assert place.slot is not None
                require(self.slots[city][place.slot].removal is None, "left behind", place)
        own = {each.id for each in center.city.do(all_waiters) if each.home == city}
        here = {
            each.id
            for records in self.records.values()
            for each in records
            if each.state is RecordState.WAITLISTED and each.name.city == city == each.patient[:3]
        }
        require(own == here, "own waiters and records differ", city, own ^ here)
        self._check_nobody_waits_in_vain(city, center, own_only=True)

    def _check_nobody_waits_in_vain(self, city: str, center: Center, *, own_only: bool) -> None:
        for waiter in center.city.do(all_waiters):
            if own_only and waiter.home != city:
                continue
            for slot in center.city.act(closest_slots, waiter.type, waiter.start):
                records = self.decided(waiter.patient)
                refusal = judge(records, slot.name, waiter.home, without=waiter.id)
                require(refusal is not None, waiter, "waits beside", slot)

    def _check_rules(self, patient: str) -> None:
        records = self.decided(patient)
        names = Counter(each.name for each in records)
        require(all(count == 1 for count in names.values()), "R2", patient, names)
        active = [each.name for each in records if each.state is RecordState.ACTIVE]
        days = Counter((each.type, each.code.day) for each in active)
        require(all(count == 1 for count in days.values()), "R3", patient, days)
        weeks = Counter(each.code.week for each in active if each.city != patient[:3])
        require(all(count <= MOST_AWAY_A_WEEK for count in weeks.values()), "R4", patient, weeks)
        for record in records:
            if record.state is not RecordState.ACTIVE:
                continue
            place = self.places[record.name.city].get(record.id)
            require(place is not None, "a record without a place", record)
            assert place is not None
            require(place.state is not PlaceState.RELEASED, "its place was released", record)
            assert place.slot is not None
            slot = self.slots[record.name.city][place.slot]
            require(
                (slot.name, slot.start, place.patient)
                == (record.name, record.start, record.patient),
                "place and record differ",
                record,
                place,
            )

    def _check_told(self, patient: str) -> None:
        """The last notice of an appointment says how it stands."""
        notices = self.federation.centers[patient[:3]].city.do(untold_notices, patient)
        last = {each.root: each for each in notices}
        for record in self.decided(patient):
            notice = last.get(record.root)
            if notice is None:
                require(record.state is RecordState.ACTIVE and not record.is_moved, record)
            elif record.state is RecordState.WAITLISTED:
                require(notice.kind.value == "waitlisted", "told", notice, "has", record)
            else:
                require(notice.new_code == str(record.name.code), "told", notice, "has", record)

    def check_calm(self) -> None:
        """What holds once every datagram has arrived."""
        self.check()
        for city, center in self.federation.centers.items():
            require(center.city.do(letters) == [], "outbox", city)
            require(center.city.do(held_places) == [], "held", city)
            self._check_agreement(city, center)
            self._check_nobody_waits_in_vain(city, center, own_only=False)
        for client in self.federation.clients:
            require(client.request is None, "never answered", client)
            records = self.records[client.user]
            require(len(records) == len(self.decided(client.user)), "pending", records)
            require(len(records) == client.has, client.user, "told", client.has, records)

    def _check_agreement(self, city: str, center: Center) -> None:
        kept = {
            place.id for place in self.places[city].values() if place.state is PlaceState.CONFIRMED
        }
        waiting = {each.id for each in center.city.do(all_waiters)}
        known = [
            each for records in self.records.values() for each in records if each.name.city == city
        ]
        active = {each.id for each in known if each.state is RecordState.ACTIVE}
        require(kept == active, "places and records differ", city, kept ^ active)
        listed = {each.id for each in known if each.state is RecordState.WAITLISTED}
        require(waiting == listed, "waiting and records differ", city, waiting ^ listed)
        for place in self.places[city].values():
            if place.state is PlaceState.CONFIRMED:
                assert place.slot is not None
                require(self.slots[city][place.slot].removal is None, "left behind", place)


def _read_owner(connection: Connection) -> tuple[dict[int, SlotRow], dict[str, Place]]:
    keys = [key for (key,) in connection.rows(_SLOTS)]
    slots = {key: slot_of_key(connection, key) for key in keys}
    places = {place.id: place for key in keys for place in places_in(connection, key)}
    return slots, places


def _read_numbers(connection: Connection) -> list[tuple[int, int | None]]:
    return [(slot, number) for slot, number in connection.rows(_NUMBERS)]
