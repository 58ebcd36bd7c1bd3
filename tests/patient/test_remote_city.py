"""What a remote center with a city is asked, and what is understood."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from twisted.internet.defer import Deferred

from medappt.model.appointments import (
    Added,
    Attendance,
    Booked,
    Cancelled,
    Fate,
    ListedSlot,
    NoticeRow,
    Relocation,
    Removed,
    Reserved,
    Scheduled,
    SlotList,
    State,
    Swapped,
)
from medappt.model.identity import Role
from medappt.model.ids import AppointmentId, Part, PersonId, SlotName
from medappt.model.operations import CityOperations, NumberedSlotOperations
from medappt.model.records import NoticeKind
from medappt.model.refusals import Code, Refused
from medappt.patient.connection import CenterConnection
from medappt.patient.failures import ServerGone
from medappt.patient.remote_city import RemoteCity, connect_city
from tests.patient.fakes import FakeCenter, FakeEndpoint, PatientCase

CODE = AppointmentId(city="MTL", part=Part.AFTERNOON, day=date(2027, 2, 10))
LATER = AppointmentId(city="QUE", part=Part.EVENING, day=date(2027, 2, 11))
DENTAL = SlotName(code=CODE, type="Dental")
SURGEON = SlotName(code=LATER, type="Surgeon")
PAT = PersonId(city="MTL", role=Role.PATIENT, number=2345)


class RemoteCityTests(PatientCase):
    def setUp(self) -> None:
        super().setUp()
        self.center = FakeCenter(CenterConnection(self.clock))
        self.city = RemoteCity(self.center.connection)

    def assert_answer(
        self, asked: Deferred[Any], line: str, reply: tuple[str, ...], expected: object
    ) -> None:
        """The center was asked this line, and its reply is understood as ``expected``."""
        self.assertEqual(self.center.asked(), [line])
        self.center.says(*reply)
        self.assertEqual(self.successResultOf(asked), expected)

    def test_is_a_center(self) -> None:
        """It has the operations of any center with a city, and of its numbered slots."""
        operations: CityOperations = self.city
        numbered: NumberedSlotOperations = self.city.numbered
        self.assertIs(operations, self.city)
        self.assertIs(numbered, self.city.numbered)

    def test_login(self) -> None:
        """One login serves both."""
        answer = self.city.authenticate("MTLP2345", "secret")
        self.assert_answer(answer, "authenticate MTLP2345 secret", ("success",), True)
        self.assert_answer(
            self.city.numbered.select("3", "t"),
            "@t selection 3",
            ("@t doc1 41000",),
            Reserved(doctor="doc1", port=41000),
        )

    def test_list(self) -> None:
        """Slots of every city, and the cities that did not answer."""
        self.assert_answer(
            self.city.list("Dental"),
            "list Dental",
            ("MTLA100227 3", "! SHE unreachable", "."),
            SlotList(slots=(ListedSlot(code=CODE, free=3),), unreachable=("SHE",)),
        )

    def test_book(self) -> None:
        """A place, with who sees the patient; for oneself, or for somebody."""
        reply = "booked MTLA100227 Dental doc1 10.0.0.1 41000"
        expected = Booked(
            code="MTLA100227", type="Dental", doctor="doc1", host="10.0.0.1", port=41000
        )
        self.assert_answer(self.city.book(DENTAL), "book MTLA100227 Dental", (reply,), expected)
        self.assert_answer(
            self.city.book(DENTAL, PAT, "t"),
            "@t book MTLA100227 Dental MTLP2345",
            (f"@t {reply}",),
            expected,
        )

    def test_cancel(self) -> None:
        """A place is given back, with or without its type, and that of a numbered slot."""
        expected = Cancelled(code="MTLA100227", type="Dental")
        for type_, patient, line in (
            (None, None, "cancel MTLA100227"),
            ("Dental", None, "cancel MTLA100227 Dental"),
            (None, PAT, "cancel MTLA100227 MTLP2345"),
        ):
            asked = self.city.cancel(CODE, type_, patient)
            self.assert_answer(asked, line, ("cancelled MTLA100227 Dental",), expected)
        self.assert_answer(
            self.city.cancel_index(3, PAT, "t"),
            "@t cancel 3 MTLP2345",
            ("@t cancelled 3 -",),
            Cancelled(code="3", type="-"),
        )

    def test_swap(self) -> None:
        """One place for another."""
        self.assert_answer(
            self.city.swap(DENTAL, SURGEON, PAT, "t"),
            "@t swap MTLA100227 Dental QUEE110227 Surgeon MTLP2345",
            ("@t swapped QUEE110227 Surgeon - - -",),
            Swapped(code="QUEE110227", type="Surgeon", doctor=None, host=None, port=None),
        )

    def test_schedule(self) -> None:
        """One's own, or somebody's."""
        row = "MTLA100227 Dental waitlisted 2027-02-10T18:00:00+00:00"
        expected = [
            Scheduled(
                code="MTLA100227",
                type="Dental",
                state=State.WAITLISTED,
                start=datetime(2027, 2, 10, 18, tzinfo=UTC),
            )
        ]
        self.assert_answer(self.city.schedule(), "schedule", (row, "."), expected)
        self.assert_answer(self.city.schedule(PAT), "schedule MTLP2345", (row, "."), expected)

    def test_administrators(self) -> None:
        """Who has a place, a slot opened, one closed and one that would be."""
        self.assert_answer(
            self.city.patients(DENTAL),
            "patients MTLA100227 Dental",
            ("MTLP2345 moved", "."),
            [Attendance(patient="MTLP2345", state=State.MOVED)],
        )
        self.assert_answer(
            self.city.add(DENTAL, 12, "t"),
            "@t add MTLA100227 Dental 12",
            ("@t added MTLA100227 Dental 12",),
            Added(code="MTLA100227", type="Dental", capacity=12),
        )
        moved = Relocation(patient="MTLP2345", fate=Fate.MOVED, new_code="MTLA120227")
        self.assert_answer(
            self.city.remove(DENTAL, "t"),
            "@t remove MTLA100227 Dental",
            ("@t MTLP2345 MTLA120227", "."),
            Removed(rows=(moved,)),
        )
        waits = Relocation(patient="MTLP2345", fate=Fate.WAITLISTED)
        self.assert_answer(
            self.city.preview(DENTAL),
            "remove MTLA100227 Dental preview",
            ("MTLP2345 waitlisted", "."),
            Removed(rows=(waits,)),
        )

    def test_notices(self) -> None:
        """What happened meanwhile, but for what was told."""
        row = "7 moved MTLA100227 Dental QUEE110227 2027-02-10T18:00:00+00:00"
        expected = NoticeRow(
            number=7,
            kind=NoticeKind.MOVED,
            code=CODE,
            type="Dental",
            new_code=LATER,
            at=datetime(2027, 2, 10, 18, tzinfo=UTC),
        )
        self.assert_answer(self.city.notices(), "notices", (row, "."), [expected])
        self.assert_answer(self.city.notices(7), "notices 7", (".",), [])

    def test_help(self) -> None:
        """The lines as they came."""
        self.assert_answer(
            self.city.help(), "help", ("list TYPE", "quit", "."), ("list TYPE", "quit")
        )

    def test_refused(self) -> None:
        """A refusal has its code; what cannot be said in one line is not sent."""
        answer = self.city.book(DENTAL)
        self.center.says("error full no place is left")
        self.assertIs(self.failure_of(answer, Refused).refusal.code, Code.FULL)
        self.center.asked()
        answer = self.city.book(SlotName(code=CODE, type="Dental\nquit"))
        self.assertIs(self.failure_of(answer, Refused).refusal.code, Code.SYNTAX)
        self.assertEqual(self.center.asked(), [])

    def test_connecting(self) -> None:
        """An endpoint leads to a city, or the failure says why not."""
        endpoint = FakeEndpoint()
        connecting = connect_city(endpoint.as_endpoint(), self.clock)
        endpoint.accept()
        self.assertIsInstance(self.successResultOf(connecting), RemoteCity)
        endpoint = FakeEndpoint()
        connecting = connect_city(endpoint.as_endpoint(), self.clock)
        endpoint.connecting.errback(OSError("no route"))
        self.failure_of(connecting, ServerGone)


class UnexpectedCityTests(PatientCase):
    """What is no answer to what was asked ends the connection."""

    def test_other_answers(self) -> None:
        """A line that answers another request is not believed."""
        for ask, line in (
            (lambda city: city.book(DENTAL), "cancelled MTLA100227 Dental"),
            (lambda city: city.cancel(CODE), "booked MTLA100227 Dental - - -"),
            (lambda city: city.cancel_index(3, PAT), "bye"),
            (lambda city: city.swap(DENTAL, SURGEON), "booked MTLA100227 Dental - - -"),
            (lambda city: city.add(DENTAL, 1), "swapped MTLA100227 Dental - - -"),
        ):
            center = FakeCenter(CenterConnection(self.clock))
            asked = ask(RemoteCity(center.connection))
            center.says(line)
            self.failureResultOf(asked)
            self.assertTrue(center.transport.is_aborted, line)

    def test_other_rows(self) -> None:
        """Nor are rows of another reply."""
        for ask in (
            lambda city: city.list("Dental"),
            lambda city: city.patients(DENTAL),
            lambda city: city.remove(DENTAL),
            lambda city: city.preview(DENTAL),
            lambda city: city.notices(),
        ):
            center = FakeCenter(CenterConnection(self.clock))
            asked = ask(RemoteCity(center.connection))
            center.says("1 2 3 4 5 6 7", ".")
            self.failureResultOf(asked)
            self.assertTrue(center.transport.is_aborted)
