"""A city's operations, near and far: one suite over the local avatar and the client over TCP.

A caller of ``model.operations.CityOperations`` cannot tell them apart.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.test.iosim import FakeTransport, IOPump, connect

from medappt.center.city_visitor import CityVisitor
from medappt.center.visitor import IVisitor
from medappt.model.appointments import (
    Added,
    Attendance,
    Booked,
    Cancelled,
    Fate,
    ListedSlot,
    Relocation,
    Removed,
    Reserved,
    SlotList,
    State,
    Swapped,
)
from medappt.model.ids import SlotName, parse_appointment_id
from medappt.model.operations import CityOperations
from medappt.model.records import NoticeKind
from medappt.patient.connection import CenterConnection
from medappt.patient.remote_city import RemoteCity
from tests.center.cities import open_doors
from tests.center.fixtures import CLIENT
from tests.federation.federated import DOCTORS, FederatedCase, person
from tests.store.cities import name

HERE, ABROAD = name("MTLA100227"), name("QUEA110227")
LATER = name("MTLA120227")


def booked(slot: SlotName) -> Booked:
    """What a booking of a slot says."""
    doctor = DOCTORS[slot.type]
    return Booked(
        code=str(slot.code),
        type=slot.type,
        doctor=doctor.name,
        host=doctor.host,
        port=doctor.port,
    )


if TYPE_CHECKING:
    Case = FederatedCase
else:
    Case = object  # a contract alone is no test case


class CityOperationsContract(Case):
    """What every implementation does. ``operations`` is the one hook."""

    def operations(self, user: str) -> CityVisitor | RemoteCity:
        """The operations of a user who has logged in at the center of their city."""
        raise NotImplementedError

    def setUp(self) -> None:
        super().setUp()
        self.centers = {city: open_doors(each) for city, each in self.hospitals.items()}
        self.patient: CityOperations = self.operations("MTLP2345")
        self.other: CityOperations = self.operations("MTLP2346")
        self.stranger: CityOperations = self.operations("QUEP2345")
        self.admin: CityOperations = self.operations("MTLA2345")
        self.admin_abroad: CityOperations = self.operations("QUEA2345")

    def open_slots(self, capacity: int = 1) -> None:
        for slot in (HERE, LATER):
            self.result(self.admin.add(slot, capacity))
        self.result(self.admin_abroad.add(ABROAD, capacity))

    def assert_refused(self, code: str, *asked: Awaitable[object]) -> None:
        for each in asked:
            self.assertEqual(self.refused(each), code)

    def test_add_and_list(self) -> None:
        """A slot that was added is on the list of every city, by start."""
        added = self.result(self.admin.add(HERE, 3))
        self.assertEqual(added, Added(code="MTLA100227", type="Physician", capacity=3))
        self.result(self.admin_abroad.add(ABROAD, 1))
        expected = SlotList(
            slots=(ListedSlot(code=HERE.code, free=3), ListedSlot(code=ABROAD.code, free=1))
        )
        for user in (self.patient, self.stranger, self.admin):
            self.assertEqual(self.result(user.list("Physician")), expected)
        self.assertEqual(self.result(self.patient.list("Surgeon")), SlotList(slots=()))

    def test_unreachable(self) -> None:
        """A city that does not answer is named, and nothing can be booked there."""
        self.open_slots()
        self.she.crash()
        found = self.result(self.patient.list("Physician"), 1.5)
        self.assertEqual(found.unreachable, ("SHE",))
        self.assertEqual(len(found.slots), 3)
        self.que.crash()
        asked = self.begin(self.patient.book(ABROAD))
        self.run_for(8.5)
        self.assertEqual(self.code(asked), "unreachable")

    def test_add_refused(self) -> None:
        """A slot is added once, by an administrator of its city, of a type there is, not begun."""
        self.open_slots()
        self.assert_refused("exists", self.admin.add(HERE, 1))
        self.assert_refused("forbidden", self.patient.add(LATER, 1), self.admin.add(ABROAD, 1))
        self.assert_refused("unknown-type", self.admin.add(name("MTLM110227", "Dental"), 1))
        self.assert_refused("past", self.admin.add(name("MTLA100226"), 1))
        self.assert_refused("unknown-type", self.patient.list("Dental"))

    def test_book(self) -> None:
        """A place at home and one abroad, each with the doctor who sees the patient."""
        self.open_slots()
        self.assertEqual(self.result(self.patient.book(HERE)), booked(HERE))
        me = person("MTLP2345")
        self.assertEqual(self.result(self.patient.book(ABROAD, me)), booked(ABROAD))
        rows = self.result(self.patient.schedule())
        self.assertEqual([row.code for row in rows], ["MTLA100227", "QUEA110227"])
        self.assertEqual({row.state for row in rows}, {State.BOOKED})
        self.assertEqual(rows[0].start.isoformat(), "2027-02-10T13:00:00-05:00")
        self.assertEqual(rows, self.result(self.patient.schedule(me)))

    def test_book_refused(self) -> None:
        """Each rule has its refusal."""
        self.open_slots()
        self.result(self.admin.add(name("MTLM100227"), 1))
        self.result(self.patient.book(HERE))
        self.result(self.patient.book(ABROAD))
        self.assert_refused("already-booked", self.patient.book(HERE))
        self.assert_refused("same-day", self.patient.book(name("MTLM100227")))
        self.assert_refused("full", self.other.book(HERE), self.stranger.book(ABROAD))
        unknown = (name("MTLM120227"), name("QUEM120227"), name("TORM120227"))
        self.assert_refused("unknown-slot", *map(self.patient.book, unknown))
        self.assert_refused("unknown-type", self.patient.book(name("MTLM120227", "Dental")))
        self.assert_refused("past", self.patient.book(name("MTLA010127")))
        self.assert_refused("forbidden", self.patient.book(LATER, person("MTLP2346")))

    def test_for_a_patient(self) -> None:
        """An administrator acts for any patient of the own city, who must be named."""
        self.open_slots()
        patient = person("MTLP2345")
        self.assertEqual(self.result(self.admin.book(HERE, patient)), booked(HERE))
        self.assertEqual(len(self.result(self.admin.schedule(patient))), 1)
        swapped = self.result(self.admin.swap(HERE, ABROAD, patient))
        self.assertEqual(swapped.code, "QUEA110227")
        cancelled = self.result(self.admin.cancel(ABROAD.code, None, patient))
        self.assertEqual(cancelled.type, ABROAD.type)
        self.assert_refused("syntax", self.admin.book(HERE), self.admin.schedule())
        self.assert_refused("forbidden", self.admin.book(HERE, person("QUEP2345")))
        self.assert_refused("unknown-patient", self.admin.book(HERE, person("MTLP9999")))

    def test_cancel(self) -> None:
        """A place that was given back is free again; what one has not cannot be given back."""
        self.open_slots()
        for slot in (HERE, ABROAD):
            self.result(self.patient.book(slot))
            gone = Cancelled(code=str(slot.code), type=slot.type)
            self.assertEqual(self.result(self.patient.cancel(slot.code)), gone)
            self.assert_refused("not-booked", self.patient.cancel(slot.code, slot.type))
        self.assertEqual(self.result(self.other.book(ABROAD)), booked(ABROAD))
        self.assert_refused("not-booked", self.patient.cancel(ABROAD.code))

    def test_ambiguous(self) -> None:
        """An ID that is booked under two types needs one of them."""
        surgeon = SlotName(code=HERE.code, type="Surgeon")
        self.open_slots()
        self.result(self.admin.add(surgeon, 1))
        for slot in (HERE, surgeon):
            self.result(self.patient.book(slot))
        self.assert_refused("ambiguous", self.patient.cancel(HERE.code))
        cancelled = self.result(self.patient.cancel(HERE.code, "Surgeon"))
        self.assertEqual(cancelled, Cancelled(code="MTLA100227", type="Surgeon"))

    def test_swap(self) -> None:
        """Both or neither."""
        self.open_slots()
        self.result(self.patient.book(HERE))
        self.result(self.stranger.book(ABROAD))
        self.assert_refused("full", self.patient.swap(HERE, ABROAD))
        self.assert_refused("already-booked", self.patient.swap(HERE, HERE))
        self.assert_refused("not-booked", self.patient.swap(ABROAD, LATER))
        [row] = self.result(self.patient.schedule())
        self.assertEqual(row.code, str(HERE.code))
        self.result(self.stranger.cancel(ABROAD.code))
        swapped = self.result(self.patient.swap(HERE, ABROAD), 1.0)
        expected = booked(ABROAD)
        self.assertEqual(
            swapped,
            Swapped(
                code=expected.code,
                type=expected.type,
                doctor=expected.doctor,
                host=expected.host,
                port=expected.port,
            ),
        )
        self.assertEqual(self.result(self.patient.list("Physician")).slots[0].free, 1)

    def test_patients(self) -> None:
        """Who has a place, in booking order, for administrators of the slot's city."""
        self.open_slots(2)
        self.result(self.stranger.book(HERE))
        self.result(self.patient.book(HERE))
        self.assertEqual(
            self.result(self.admin.patients(HERE)),
            [
                Attendance(patient="QUEP2345", state=State.BOOKED),
                Attendance(patient="MTLP2345", state=State.BOOKED),
            ],
        )
        self.assertEqual(self.result(self.admin.patients(LATER)), [])
        self.assert_refused("forbidden", self.patient.patients(HERE), self.admin.patients(ABROAD))
        self.assert_refused("unknown-slot", self.admin.patients(name("MTLM120227")))

    def test_remove(self) -> None:
        """What a preview says becomes of each patient; they are told of it until they say that
        they were."""
        self.result(self.admin.add(HERE, 2))
        self.result(self.admin.add(LATER, 1))
        self.result(self.patient.book(HERE))
        self.result(self.stranger.book(HERE))
        moved = Relocation(patient="MTLP2345", fate=Fate.MOVED, new_code=str(LATER.code))
        preview = self.result(self.admin.preview(HERE))
        self.assertEqual(preview.rows[0], moved)
        self.assertEqual(len(self.result(self.patient.schedule())), 1)
        removed = self.result(self.admin.remove(HERE), 3.0)
        waits = Relocation(patient="QUEP2345", fate=Fate.WAITLISTED)
        self.assertEqual(removed, Removed(rows=(moved, waits)))
        [row] = self.result(self.patient.schedule())
        self.assertEqual((row.code, row.state), (str(LATER.code), State.MOVED))
        self.assert_refused("unknown-slot", self.admin.remove(HERE), self.admin.preview(HERE))
        self.assert_refused("forbidden", self.patient.remove(LATER), self.patient.preview(LATER))

    def test_notices(self) -> None:
        """What happened without one's asking is told until it was told."""
        self.result(self.admin.add(HERE, 2))
        self.result(self.patient.book(HERE))
        self.result(self.stranger.book(HERE))
        self.assertEqual(self.result(self.patient.notices()), [])
        self.result(self.admin.remove(HERE), 3.0)
        for user in (self.patient, self.stranger):
            for _ in range(2):
                [notice] = self.result(user.notices())
                self.assertIs(notice.kind, NoticeKind.WAITLISTED)
                self.assertEqual((notice.code, notice.type), (HERE.code, HERE.type))
                self.assertIsNone(notice.new_code)
        [waited] = self.result(self.patient.notices())
        self.result(self.admin.add(LATER, 1))
        waited_again, placed = self.result(self.patient.notices())
        self.assertEqual(waited_again, waited)
        self.assertIs(placed.kind, NoticeKind.MOVED)
        self.assertEqual(placed.new_code, parse_appointment_id("MTLA120227"))
        self.assertEqual(self.result(self.patient.notices(waited.number)), [placed])
        self.assertEqual(self.result(self.patient.notices(placed.number)), [])
        self.assertEqual(self.result(self.patient.notices()), [])
        self.assertEqual(self.result(self.admin.notices()), [])

    def test_tags(self) -> None:
        """The same tag has the same answer and one effect, for every request that has one."""
        for _ in range(2):
            self.assertEqual(self.result(self.admin.add(HERE, 3, "a")).capacity, 3)
            self.assertEqual(self.result(self.admin_abroad.add(ABROAD, 3, "a")).capacity, 3)
        for _ in range(2):
            self.assertEqual(self.result(self.patient.book(HERE, None, "b")), booked(HERE))
        for _ in range(2):
            swapped = self.result(self.patient.swap(HERE, ABROAD, None, "s"))
            self.assertEqual(swapped.code, str(ABROAD.code))
        for _ in range(2):
            cancelled = self.result(self.patient.cancel(ABROAD.code, None, None, "c"))
            self.assertEqual(cancelled.code, str(ABROAD.code))
        for _ in range(2):
            self.assert_refused("unknown-slot", self.patient.book(LATER, None, "u"))
            self.assertEqual(self.result(self.admin.remove(HERE, "r")), Removed(rows=()))
        self.assert_refused("syntax", self.patient.book(ABROAD, None, "b"))
        self.assertEqual(self.result(self.patient.schedule()), [])

    def test_at_once(self) -> None:
        """Requests need not wait for one another, and each has its own answer: of two places each
        is given once."""
        self.open_slots()
        users = (self.patient, self.other, self.stranger)
        asked = [self.begin(user.book(slot)) for slot in (HERE, ABROAD) for user in users]
        self.run_for(1.0)
        outcomes = sorted(map(self.code, asked))
        self.assertEqual(outcomes, ["Booked"] * 2 + ["full"] * 4)

    def test_unsayable(self) -> None:
        """What no request can say is ``syntax``, near and far."""
        slot = SlotName(code=HERE.code, type="a\nquit")
        self.assert_refused("syntax", self.patient.cancel(HERE.code, "MTLP2346"))
        self.assertIn(self.refused(self.patient.book(slot)), ("syntax", "unknown-type"))


class NumberedSlotsContract(CityOperationsContract):
    """The numbered slots of a center with a city."""

    def test_numbered(self) -> None:
        """They are taken and given back beside the others, and stand in the same schedule."""
        self.open_slots()
        patient, admin = self.operations("MTLP2345"), self.operations("MTLA2345")
        taken = self.result(patient.numbered.select("3"))
        self.assertEqual(taken, Reserved(doctor="doc1", port=41000))
        self.result(patient.book(HERE))
        rows = self.result(patient.numbered.schedule())
        self.assertEqual([row.code for row in rows], ["MTLA100227", "3"])
        self.assertEqual(rows, self.result(patient.schedule()))
        [row] = self.result(admin.numbered.patients(3))
        self.assertEqual(row.patient, "MTLP2345")
        self.assert_refused("syntax", admin.numbered.cancel(3))
        self.assert_refused("forbidden", admin.numbered.select("2"))
        cancelled = self.result(admin.cancel_index(3, person("MTLP2345"), "c"))
        self.assertEqual(cancelled, Cancelled(code="3", type="-"))
        self.assert_refused("not-booked", patient.numbered.cancel(3))
        self.assertEqual(len(self.result(patient.numbered.available())), 6)


class LocalCityTests(NumberedSlotsContract, FederatedCase):
    """The avatar of a user, in this process."""

    def operations(self, user: str) -> CityVisitor:
        realm = self.centers[user[:3]].realm
        avatar: Deferred[Any] = realm.requestAvatar(user.encode(), "127.0.0.1", IVisitor)
        self.run_for(0.1)
        visitor: CityVisitor = self.successResultOf(avatar)[1]
        return visitor


class RemoteCityTests(NumberedSlotsContract, FederatedCase):
    """The client at the other end of a connection."""

    def setUp(self) -> None:
        self.pumps: list[IOPump] = []
        super().setUp()

    def operations(self, user: str) -> RemoteCity:
        server = self.centers[user[:3]].factory.buildProtocol(CLIENT)
        assert server is not None
        client = CenterConnection(self.clock)
        pump = connect(
            server,
            FakeTransport(server, isServer=True, hostAddress=CLIENT, peerAddress=CLIENT),
            client,
            FakeTransport(client, isServer=False, hostAddress=CLIENT, peerAddress=CLIENT),
        )
        self.pumps.append(pump)
        city = RemoteCity(client)
        self.assertTrue(self.result(city.authenticate(user, "pw")))
        return city

    def run_for(self, seconds: float, step: float = 0.02) -> None:
        for _ in range(max(1, round(seconds / step))):
            for pump in self.pumps:
                pump.flush()
            super().run_for(step, step)
