"""A center's operations, near and far: one suite over the local avatar and the client over TCP.

A caller of ``model.operations.NumberedSlotOperations`` cannot tell them apart.
"""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.test.iosim import FakeTransport, IOPump, connect
from twisted.trial.unittest import SynchronousTestCase

from medappt.center.visitor import IVisitor
from medappt.model.appointments import Attendance, Cancelled, Reserved, Scheduled, State
from medappt.model.calendar import WeeklyTime
from medappt.model.operations import NumberedSlotOperations
from medappt.model.refusals import Code, Refused
from medappt.model.slots import FreeSlot, SlotState
from medappt.patient.connection import CenterConnection
from medappt.patient.remote import RemoteCenter
from tests.center.fixtures import CLIENT, MemoryCenter

T = TypeVar("T")

PASSWORDS = {"patient1": "password111", "patient2": "password222", "boss": "password999"}


class OperationsContract:
    """What every implementation does. ``operations`` is the one hook."""

    center: MemoryCenter

    def operations(self, user: str) -> NumberedSlotOperations:
        """The operations of a user who has logged in at ``center``."""
        raise NotImplementedError

    def settle(self) -> None:
        """Let everything happen that waits for a turn of a reactor."""
        self.center.settle()

    def result(self: Any, awaitable: Awaitable[T]) -> T:
        """What an operation comes to."""

        async def wait() -> T:
            return await awaitable

        done = Deferred.fromCoroutine(wait())
        self.settle()
        value: T = self.successResultOf(done)
        return value

    def refusal(self: Any, awaitable: Awaitable[object]) -> Code:
        """Why an operation is refused."""

        async def wait() -> object:
            return await awaitable

        done = Deferred.fromCoroutine(wait())
        self.settle()
        refused = self.failureResultOf(done, Refused).value
        code: Code = refused.refusal.code
        return code

    def test_reading(self: Any) -> None:
        """Free slots and all slots, by index."""
        patient = self.operations("patient1")
        monday = WeeklyTime(weekday=0, hour=15)
        free = self.result(patient.available())
        self.assertEqual([slot.index for slot in free], [1, 2, 3, 4, 5, 6])
        self.assertEqual(free[1], FreeSlot(index=2, time=monday))
        states = self.result(patient.slots())
        self.assertEqual(states[1], SlotState(index=2, time=monday, doctor="doc2", free=True))

    def test_select_and_cancel(self: Any) -> None:
        """A place is taken by one, and given back by that one only."""
        first, second = self.operations("patient1"), self.operations("patient2")
        self.assertEqual(self.result(first.select("2")), Reserved(doctor="doc2", port=42000))
        self.assertIs(self.refusal(second.select("2")), Code.FULL)
        self.assertIs(self.refusal(second.cancel(2)), Code.NOT_BOOKED)
        self.assertEqual(self.result(first.cancel(2)), Cancelled(code="2", type="-"))
        self.assertEqual(self.result(second.select("2")), Reserved(doctor="doc2", port=42000))

    def test_no_such_index(self: Any) -> None:
        """A number of no slot, and what is no number."""
        patient, boss = self.operations("patient1"), self.operations("boss")
        for word in ("7", "-1", "abc"):
            self.assertIs(self.refusal(patient.select(word)), Code.UNKNOWN_SLOT)
        self.assertIs(self.refusal(boss.patients(7)), Code.UNKNOWN_SLOT)

    def test_tags(self: Any) -> None:
        """The same tag has the same answer and one effect."""
        patient = self.operations("patient1")
        for _ in range(2):
            answer = self.result(patient.select("2", "t"))
            self.assertEqual(answer, Reserved(doctor="doc2", port=42000))
        self.assertIs(self.refusal(patient.select("3", "t")), Code.SYNTAX)
        for _ in range(2):
            self.assertIs(self.refusal(patient.select("99", "u")), Code.UNKNOWN_SLOT)
            answer = self.result(patient.cancel(2, "c"))
            self.assertEqual(answer, Cancelled(code="2", type="-"))

    def test_schedules(self: Any) -> None:
        """Whose they are, and who may see them."""
        patient, boss = self.operations("patient1"), self.operations("boss")
        self.result(patient.select("2"))
        start = datetime(2026, 11, 23, 15, tzinfo=UTC)
        row = Scheduled(code="2", type="-", state=State.BOOKED, start=start)
        for schedule in (
            patient.schedule(),
            patient.schedule("patient1"),
            boss.schedule("patient1"),
        ):
            self.assertEqual(self.result(schedule), [row])
        self.assertEqual(self.result(boss.schedule("boss")), [])
        self.assertIs(self.refusal(patient.schedule("patient2")), Code.FORBIDDEN)
        self.assertIs(self.refusal(boss.schedule("nobody")), Code.UNKNOWN_PATIENT)
        self.assertIs(self.refusal(boss.schedule()), Code.SYNTAX)

    def test_patients(self: Any) -> None:
        """Who has a slot, for administrators."""
        patient, boss = self.operations("patient1"), self.operations("boss")
        self.result(patient.select("2"))
        row = Attendance(patient="patient1", state=State.BOOKED)
        self.assertEqual(self.result(boss.patients(2)), [row])
        self.assertEqual(self.result(boss.patients(1)), [])
        self.assertIs(self.refusal(patient.patients(2)), Code.FORBIDDEN)

    def test_many_at_once(self: Any) -> None:
        """Requests need not wait for one another; each has its own answer."""
        patient = self.operations("patient1")

        async def wait(awaitable: Awaitable[Reserved]) -> Reserved:
            return await awaitable

        words = ["1", "2", "1", "3"]
        running = [Deferred.fromCoroutine(wait(patient.select(word))) for word in words]
        self.settle()
        self.assertEqual(self.successResultOf(running[0]).doctor, "doc1")
        self.assertEqual(self.successResultOf(running[1]).doctor, "doc2")
        self.failureResultOf(running[2], Refused)
        self.assertEqual(self.successResultOf(running[3]).doctor, "doc1")


class LocalOperationsTests(OperationsContract, SynchronousTestCase):
    """The avatar of a user, in this process."""

    def setUp(self) -> None:
        self.center = MemoryCenter()

    def operations(self, user: str) -> NumberedSlotOperations:
        avatar: Deferred[Any] = self.center.realm.requestAvatar(user.encode(), None, IVisitor)
        self.center.settle()
        visitor: NumberedSlotOperations = self.successResultOf(avatar)[1]
        return visitor


class RemoteOperationsTests(OperationsContract, SynchronousTestCase):
    """The client at the other end of a connection."""

    def setUp(self) -> None:
        self.center = MemoryCenter()
        self.pumps: list[IOPump] = []

    def operations(self, user: str) -> NumberedSlotOperations:
        server = self.center.factory.buildProtocol(CLIENT)
        assert server is not None
        client = CenterConnection(self.center.clock)
        pump = connect(
            server,
            FakeTransport(server, isServer=True, hostAddress=CLIENT, peerAddress=CLIENT),
            client,
            FakeTransport(client, isServer=False, hostAddress=CLIENT, peerAddress=CLIENT),
        )
        self.pumps.append(pump)
        center = RemoteCenter(client)
        self.assertTrue(self.result(center.authenticate(user, PASSWORDS[user])))
        return center

    def settle(self) -> None:
        for _ in range(5):
            for pump in self.pumps:
                pump.flush()
            self.center.settle()
