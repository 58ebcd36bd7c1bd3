"""A city's operations, asked for by those whose business they are."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from medappt.federation.city import City
from medappt.model.appointments import (
    Added,
    Attendance,
    Booked,
    Cancelled,
    Removed,
    Scheduled,
    SlotList,
    Swapped,
)
from medappt.model.ids import AppointmentId, PersonId, SlotName
from medappt.store.results import Tagged
from tests.store.doubles import ADMIN, origin


class Desk:
    """``City`` without a word of who asks: patients for themselves, an administrator for the
    rest."""

    def __init__(self, city: City) -> None:
        self.city = city

    def book(
        self, patient: PersonId, slot: SlotName, tagged: Tagged | None = None
    ) -> Awaitable[Booked]:
        return self.city.book(patient, slot, tagged, origin=origin(str(patient)))

    def swap(
        self, patient: PersonId, old: SlotName, new: SlotName, tagged: Tagged | None = None
    ) -> Awaitable[Swapped]:
        return self.city.swap(patient, old, new, tagged, origin=origin(str(patient)))

    def cancel(
        self,
        patient: PersonId,
        code: AppointmentId,
        type_: str | None = None,
        tagged: Tagged | None = None,
    ) -> Awaitable[Cancelled]:
        return self.city.cancel(patient, code, type_, tagged, origin=origin(str(patient)))

    def schedule(self, patient: PersonId) -> Awaitable[Sequence[Scheduled]]:
        return self.city.schedule(patient)

    def add(self, slot: SlotName, capacity: int, tagged: Tagged | None = None) -> Awaitable[Added]:
        return self.city.add(slot, capacity, tagged, origin=ADMIN)

    def remove(self, slot: SlotName, tagged: Tagged | None = None) -> Awaitable[Removed]:
        return self.city.remove(slot, tagged, origin=ADMIN)

    def preview(self, slot: SlotName) -> Awaitable[Removed]:
        return self.city.preview(slot, origin=ADMIN)

    def patients(self, slot: SlotName) -> Awaitable[Sequence[Attendance]]:
        return self.city.patients(slot, origin=ADMIN)

    def list(self, type_: str) -> Awaitable[SlotList]:
        return self.city.list(type_, origin=ADMIN)
