"""A center of a city reduced to its store: what tests of the federation's transactions drive."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Concatenate, ParamSpec, TypeVar
from zoneinfo import ZoneInfo

from medappt.model.ids import RecordIds, SlotName, parse_appointment_id
from medappt.model.records import REACH, Contact, Held, Record, RecordState
from medappt.model.refusals import Refusal
from medappt.store.booking import Booking, Pending, begin, decide
from medappt.store.boots import start_boot
from medappt.store.connection import Connection
from medappt.store.here import Here
from medappt.store.holding import hold
from medappt.store.notices import untold_notices
from medappt.store.records import records_of
from medappt.store.removal import add_slot
from medappt.store.results import Answered, Tagged
from medappt.store.writer import run_now
from tests.store.doubles import ADMIN, NOW, memory_database, origin

P = ParamSpec("P")
T = TypeVar("T")

TORONTO = ZoneInfo("America/Toronto")
DOCTOR = Contact(name="doc1", host="127.0.0.1", port=41000)


def name(code: str, type_: str = "Physician") -> SlotName:
    """The slot that a code names."""
    parsed = parse_appointment_id(code)
    assert parsed is not None, code
    return SlotName(code=parsed, type=type_)


def tag(text: str, of: str = "MTLP0001", under: str = "a") -> Tagged:
    return Tagged(user=of, tag=under, text=text)


class City:
    """A center's store in memory, its wall clock, and its ids."""

    def __init__(self, city: str, zone: ZoneInfo = TORONTO, reach: timedelta = REACH) -> None:
        self.city = city
        self.zone = zone
        self.reach = reach
        self.now: datetime = NOW
        self.database = memory_database()
        self.boot()

    def boot(self) -> None:
        number = self.do(start_boot, b"\x01\x02")
        self.ids = RecordIds(self.city, number, b"\x01\x02")

    @property
    def here(self) -> Here:
        return Here(city=self.city, zone=self.zone, now=self.now, new_id=self.ids, reach=self.reach)

    def do(
        self,
        function: Callable[Concatenate[Connection, P], T],
        *arguments: P.args,
        **named: P.kwargs,
    ) -> T:
        """A transaction that needs not know where it runs."""
        return run_now(self.database, lambda connection: function(connection, *arguments, **named))

    def act(
        self,
        function: Callable[Concatenate[Connection, Here, P], T],
        *arguments: P.args,
        **named: P.kwargs,
    ) -> T:
        """A transaction here and now."""
        here = self.here
        return run_now(
            self.database, lambda connection: function(connection, here, *arguments, **named)
        )

    def add(self, code: str, capacity: int = 1, type_: str = "Physician") -> Answered:
        return self.act(add_slot, name(code, type_), capacity, DOCTOR, origin=ADMIN)

    def begin(
        self, patient: str, code: str, type_: str = "Physician", instead: str | None = None
    ) -> Pending | Answered:
        """Begin a booking, or a swap with an appointment of the same type."""
        return self.act(
            begin,
            Booking(
                patient=patient,
                wanted=name(code, type_),
                origin=origin(patient),
                instead=None if instead is None else name(instead, type_),
            ),
        )

    def states(self, patient: str) -> dict[str, RecordState]:
        """How what a patient has stands, by ID."""
        return {str(each.name.code): each.state for each in self.records(patient)}

    def records(self, patient: str) -> list[Record]:
        return self.do(records_of, patient)

    def told(self, patient: str) -> list[tuple[str, str, str | None]]:
        """The notices a patient has not seen: kind, ID before, ID after."""
        return [
            (each.kind.value, str(each.name.code), each.new_code)
            for each in self.do(untold_notices, patient)
        ]


def ask_owner(home: City, owner: City, pending: Pending) -> Held | Refusal:
    """HOLD, and its answer."""
    return owner.act(hold, home.city, pending.id, pending.wanted, pending.patient, pending.moves)


def book(
    home: City,
    owner: City,
    patient: str,
    code: str,
    type_: str = "Physician",
    instead: str | None = None,
) -> Answered:
    """A whole booking or swap, HOLD answered at once; the outbox stays as it is."""
    begun = home.begin(patient, code, type_, instead)
    if isinstance(begun, Answered):
        return begun
    return home.act(decide, begun, ask_owner(home, owner, begun))
