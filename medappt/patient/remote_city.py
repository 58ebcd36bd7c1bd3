"""A center with a city at the other end of a connection: ``model.operations.CityOperations``."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint

from medappt.model.appointments import (
    Added,
    Attendance,
    Booked,
    Cancelled,
    NoticeRow,
    Removed,
    Scheduled,
    SlotList,
    Swapped,
)
from medappt.model.ids import AppointmentId, PersonId, SlotName
from medappt.patient.asking import AskedCenter, lines, only, rows
from medappt.patient.connection import CenterConnection
from medappt.patient.distant import connect
from medappt.patient.remote import RemoteCenter
from medappt.wire import city_replies, city_requests, replies, requests


class RemoteCity(AskedCenter):
    """``model.operations.CityOperations`` over TCP, as one user after ``authenticate``.

    ``numbered`` are the center's numbered slots, over the same connection.
    """

    def __init__(self, connection: CenterConnection) -> None:
        super().__init__(connection)
        self.numbered = RemoteCenter(connection)

    def book(
        self, slot: SlotName, patient: PersonId | None = None, tag: str | None = None
    ) -> Deferred[Booked]:
        command = city_requests.Book(slot=slot, patient=patient)
        return self._ask(command, only(Booked, "booking"), tag)

    def cancel(
        self,
        code: AppointmentId,
        type_: str | None = None,
        patient: PersonId | None = None,
        tag: str | None = None,
    ) -> Deferred[Cancelled]:
        command = city_requests.CancelId(code=code, type=type_, patient=patient)
        return self._ask(command, only(Cancelled, "cancellation"), tag)

    def cancel_index(
        self, index: int, patient: PersonId, tag: str | None = None
    ) -> Deferred[Cancelled]:
        """Give back the place that a patient has in a numbered slot. Refused: ``forbidden``,
        ``unknown-patient``, ``not-booked``."""
        command = city_requests.CancelIndexFor(index=index, patient=patient)
        return self._ask(command, only(Cancelled, "cancellation"), tag)

    def swap(
        self,
        old: SlotName,
        new: SlotName,
        patient: PersonId | None = None,
        tag: str | None = None,
    ) -> Deferred[Swapped]:
        command = city_requests.Swap(old=old, new=new, patient=patient)
        return self._ask(command, only(Swapped, "swap"), tag)

    def schedule(self, patient: PersonId | None = None) -> Deferred[Sequence[Scheduled]]:
        return self.numbered.schedule(None if patient is None else str(patient))

    def patients(self, slot: SlotName) -> Deferred[Sequence[Attendance]]:
        return self._ask(city_requests.SlotPatients(slot=slot), rows(replies.parse_patients))

    def add(self, slot: SlotName, capacity: int, tag: str | None = None) -> Deferred[Added]:
        command = city_requests.Add(slot=slot, capacity=capacity)
        return self._ask(command, only(Added, "new slot"), tag)

    def remove(self, slot: SlotName, tag: str | None = None) -> Deferred[Removed]:
        command = city_requests.Remove(slot=slot)
        return self._ask(command, rows(city_replies.parse_removed), tag)

    def preview(self, slot: SlotName) -> Deferred[Removed]:
        command = city_requests.Remove(slot=slot, preview=True)
        return self._ask(command, rows(city_replies.parse_removed))

    def notices(self, told: int | None = None) -> Deferred[Sequence[NoticeRow]]:
        """Refused: ``unknown-command`` where the center knows no such request."""
        return self._ask(city_requests.Notices(told=told), rows(city_replies.parse_notices))

    def help(self) -> Deferred[Sequence[str]]:
        """The requests open to the user, for people to read."""
        return self._ask(requests.Help(), rows(lines))

    def list(self, type_: str) -> Deferred[SlotList]:
        return self._ask(city_requests.ListSlots(type=type_), rows(city_replies.parse_list))


def connect_city(endpoint: IStreamClientEndpoint, clock: IReactorTime) -> Deferred[RemoteCity]:
    """Connect to a center. Fails with ``NoAnswer`` when it is silent, else ``ServerGone``."""
    return connect(endpoint, clock, CenterConnection).addCallback(RemoteCity)
