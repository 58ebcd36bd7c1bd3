"""What every back end keeps: run over each by a subclass that opens it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.appointments import Reserved, State
from medappt.model.identity import Role
from medappt.model.limits import TAG_SECONDS
from medappt.model.slots import Slot
from medappt.store.appointments import (
    Cancellation,
    Reservation,
    attendances,
    cancel,
    reserve,
    reserved_slots,
)
from medappt.store.connection import Connection
from medappt.store.database import Database
from medappt.store.people import (
    PersonEntry,
)
from medappt.store.results import Outcome, Tagged
from medappt.store.writer import Writer, inline
from tests.store.doubles import NOW, PATIENT, slot

T = TypeVar("T")

if TYPE_CHECKING:
    Base = SynchronousTestCase
else:
    Base = object  # loaders would run a test case without a store

RESERVED = Reserved(doctor="doc1", port=41000)
DAY = timedelta(seconds=TAG_SECONDS)


def tagged(tag: str = "a", text: str = "selection 1", user: str = "ann") -> Tagged:
    return Tagged(user=user, tag=tag, text=text)


def wish(patient: str = "ann", of: Slot | None = None, tag: Tagged | None = None) -> Reservation:
    return Reservation(patient=patient, slot=of or slot(), origin=PATIENT, at=NOW, tagged=tag)


def entry(name: str, digest: bytes = b"1", role: Role = Role.PATIENT) -> PersonEntry:
    return PersonEntry(name=name, role=role, digest=digest)


class StoreContract(Base):
    """Mixed into a test case. The hook is ``open_database``: the store, opened again each time it
    is asked."""

    def open_database(self) -> Database:
        raise NotImplementedError

    def setUp(self) -> None:
        self.clock = Clock()
        self.start()

    def start(self) -> None:
        self.writer = Writer(self.open_database(), inline, self.clock)

    def tearDown(self) -> None:
        self.successResultOf(self.writer.stop())

    def do(self, function: Callable[[Connection], T]) -> T:
        done = self.writer.submit(function)
        self.clock.advance(0)
        return self.successResultOf(done)

    def reserve(self, *wishes: Reservation) -> list[Outcome]:
        """Submit them one by one, as the center does: they become one batch."""
        waiting = [self.writer.submit_item(reserve, each) for each in wishes]
        self.clock.advance(0)
        return [self.successResultOf(each) for each in waiting]

    def cancel(
        self, patient: str = "ann", index: int = 1, after: timedelta = timedelta(), tag: str = ""
    ) -> Outcome:
        cancellation = Cancellation(
            origin=PATIENT,
            patient=patient,
            index=index,
            at=NOW + after,
            tagged=tagged(tag, f"cancel {index}", patient) if tag else None,
        )
        return self.do(lambda connection: cancel(connection, cancellation))

    def reserved(self) -> list[Slot]:
        return self.do(lambda connection: reserved_slots(connection, NOW))

    def attending(self, of: Slot | None = None) -> list[str]:
        found = self.do(lambda connection: attendances(connection, of or slot()))
        self.assertEqual({each.state for each in found} - {State.BOOKED}, set())
        return [each.patient for each in found]
