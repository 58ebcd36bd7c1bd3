"""What a remote center is asked, what is understood, and what is not believed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.testing import StringTransport

from medappt.model.appointments import Attendance, Cancelled, Reserved, Scheduled, State
from medappt.model.calendar import WeeklyTime
from medappt.model.operations import NumberedSlotOperations
from medappt.model.refusals import Code, Refused
from medappt.model.slots import FreeSlot, SlotState
from medappt.patient import connection as connection_module
from medappt.patient.addresses import Address
from medappt.patient.connection import CenterConnection
from medappt.wire.replies import UnexpectedReply
from tests.patient.fakes import RemoteCase

TUESDAY = WeeklyTime(weekday=1, hour=13)


class OperationsTests(RemoteCase):
    """What is asked, and what is understood."""

    def refusal(self, asked: Deferred[Any]) -> Code:
        return self.failure_of(asked, Refused).refusal.code

    def test_is_a_center(self) -> None:
        """A remote center has the operations of any other."""
        operations: NumberedSlotOperations = self.remote
        self.assertIs(operations, self.remote)

    def test_ends(self) -> None:
        """Both ends are known."""
        self.assertEqual(self.remote.local, Address(host="192.0.2.10", port=50123))
        self.assertEqual(self.remote.peer, Address(host="192.0.2.1", port=21000))

    def test_nothing_is_held_back(self) -> None:
        """Small requests go out at once, where the transport can be told so."""
        self.assertTrue(self.center.transport.has_no_delay)
        CenterConnection(self.clock).makeConnection(StringTransport())

    def test_good_login(self) -> None:
        """``success`` is a good login."""
        answer = self.remote.authenticate("patient1", "password111")
        self.assertEqual(self.center.asked(), ["authenticate patient1 password111"])
        self.center.says("success")
        self.assertIs(self.successResultOf(answer), True)

    def test_bad_login(self) -> None:
        """``failure`` is an answer, not an error."""
        answer = self.remote.authenticate("patient1", "x")
        self.center.says("failure")
        self.assertIs(self.successResultOf(answer), False)

    def test_busy_login(self) -> None:
        """A center that has no time for a login says so."""
        answer = self.remote.authenticate("patient1", "x")
        self.center.says("error busy try again later")
        self.assertEqual(self.refusal(answer), Code.BUSY)

    def test_unsayable_login(self) -> None:
        """What is no single word never leaves, lest it be two requests."""
        answer = self.remote.authenticate("patient1", "x\nquit")
        self.assertEqual(self.refusal(answer), Code.SYNTAX)
        self.assertEqual(self.center.asked(), [])

    def test_available(self) -> None:
        """The free slots are listed."""
        answer = self.remote.available()
        self.assertEqual(self.center.asked(), ["available"])
        self.center.says("1 Tue 01pm", ".")
        self.assertEqual(self.successResultOf(answer), [FreeSlot(index=1, time=TUESDAY)])

    def test_slots(self) -> None:
        """All slots are listed, with who has a time."""
        answer = self.remote.slots()
        self.center.says("1 Tue 01pm doc1 taken", ".")
        expected = SlotState(index=1, time=TUESDAY, doctor="doc1", free=False)
        self.assertEqual(self.successResultOf(answer), [expected])

    def test_select(self) -> None:
        """A reserved slot names its doctor; the request bears its tag."""
        answer = self.remote.select("2", tag="t1")
        self.assertEqual(self.center.asked(), ["@t1 selection 2"])
        self.center.says("@t1 doc2 42000")
        self.assertEqual(self.successResultOf(answer), Reserved(doctor="doc2", port=42000))

    def test_select_refused(self) -> None:
        """A taken slot is ``full``; no slot at all is ``unknown-slot``, be it sayable or not."""
        taken, unknown = self.remote.select("1"), self.remote.select("99")
        self.center.says("notavailable", "invalid")
        self.assertEqual(self.refusal(taken), Code.FULL)
        self.assertEqual(self.refusal(unknown), Code.UNKNOWN_SLOT)
        self.center.asked()
        for index in ("", "1 2", "1\n2"):
            self.assertEqual(self.refusal(self.remote.select(index)), Code.UNKNOWN_SLOT)
        self.assertEqual(self.refusal(self.remote.select("9" * 512)), Code.UNKNOWN_SLOT)
        self.assertEqual(self.refusal(self.remote.select("1", tag="a b")), Code.SYNTAX)
        self.assertEqual(self.center.asked(), [])

    def test_cancel(self) -> None:
        """A place is given back."""
        answer = self.remote.cancel(2, tag="t")
        self.assertEqual(self.center.asked(), ["@t cancel 2"])
        self.center.says("@t cancelled 2 -")
        self.assertEqual(self.successResultOf(answer), Cancelled(code="2", type="-"))

    def test_schedule(self) -> None:
        """A schedule has instants."""
        answer = self.remote.schedule("patient1")
        self.assertEqual(self.center.asked(), ["schedule patient1"])
        self.center.says("2 - booked 2027-02-10T18:00:00+00:00", ".")
        start = datetime(2027, 2, 10, 18, tzinfo=UTC)
        expected = Scheduled(code="2", type="-", state=State.BOOKED, start=start)
        self.assertEqual(self.successResultOf(answer), [expected])

    def test_patients(self) -> None:
        """An administrator sees who has a slot."""
        answer = self.remote.patients(2)
        self.assertEqual(self.center.asked(), ["patients 2"])
        self.center.says("patient1 booked", ".")
        expected = Attendance(patient="patient1", state=State.BOOKED)
        self.assertEqual(self.successResultOf(answer), [expected])

    def test_pipelined(self) -> None:
        """Replies belong to requests in their order, however they come in pieces."""
        first, second, third = self.remote.available(), self.remote.select("1"), self.remote.slots()
        self.assertEqual(self.center.asked(), ["available", "selection 1", "slots"])
        for byte in b"2 Mon 03pm\r\n.\r\nerror busy\nerror":
            self.center.connection.dataReceived(bytes([byte]))
        self.assertEqual([slot.index for slot in self.successResultOf(first)], [2])
        self.assertEqual(self.refusal(second), Code.BUSY)
        self.assertNoResult(third)
        self.center.connection.dataReceived(b" forbidden no\n")
        self.assertEqual(self.refusal(third), Code.FORBIDDEN)

    def test_asked_from_an_answer(self) -> None:
        """An answer may be the reason of the next question."""
        later: list[Deferred[Any]] = []
        self.remote.available().addCallback(lambda _: later.append(self.remote.select("1")))
        self.center.says(".", "doc1 41000")
        self.assertEqual(self.successResultOf(later[0]), Reserved(doctor="doc1", port=41000))

    def test_given_up(self) -> None:
        """Who no longer waits for an answer does not disturb the order of the others."""
        first, second = self.remote.select("1"), self.remote.select("2")
        first.cancel()
        self.failure_of(first, CancelledError)
        self.center.says("doc1 41000", "doc2 42000")
        self.assertEqual(self.successResultOf(second).doctor, "doc2")


class HostileCenterTests(RemoteCase):
    """A center that is none, or that has lost its mind."""

    def test_no_reply(self) -> None:
        """What is no reply ends the connection, and all that waited."""
        first, second = self.remote.select("1"), self.remote.available()
        self.assert_unexpected(first, "HTTP/1.1 400 Bad Request", "doc1 41000")
        self.failure_of(second, UnexpectedReply)

    def test_answers_of_other_requests(self) -> None:
        """A reply of the protocol that answers something else is none."""
        for ask in (
            lambda remote: remote.authenticate("u", "p"),
            lambda remote: remote.select("1"),
            lambda remote: remote.cancel(1),
        ):
            self.setUp()
            self.assert_unexpected(ask(self.remote), "bye")

    def test_rows_that_are_none(self) -> None:
        """A list of something else ends the connection, too: what follows cannot be trusted."""
        asked, later = self.remote.available(), self.remote.slots()
        self.assert_unexpected(asked, "1 Tue noon", ".")
        self.failure_of(later, UnexpectedReply)

    def test_word_instead_of_rows(self) -> None:
        """A list whose end does not come is waited for, not invented."""
        asked = self.remote.available()
        self.center.says("success")
        self.assertNoResult(asked)
        self.assert_unexpected(asked, ".")

    def test_unasked(self) -> None:
        """Who talks unasked is not listened to afterwards."""
        self.center.says("doc1 41000")
        self.assertTrue(self.center.transport.is_aborted)
        self.failure_of(self.remote.select("1"), UnexpectedReply)

    def test_endless_line(self) -> None:
        """A line longer than 64 KiB is no reply."""
        asked = self.remote.available()
        self.center.connection.dataReceived(b"1" * (64 * 1024 + 1))
        self.failure_of(asked, UnexpectedReply)
        self.assertTrue(self.center.transport.is_aborted)

    def test_everything_at_once(self) -> None:
        """Nothing that comes behind what ended the connection is looked at."""
        asked = self.remote.select("1")
        self.assert_unexpected(asked, "what", "doc1 41000", "1" * (64 * 1024 + 1))

    def test_long_line(self) -> None:
        """A line of 64 KiB is read: only its content is judged."""
        asked = self.remote.slots()
        doctor = "d" * (64 * 1024 - len("1 Tue 01pm  free"))
        self.center.says(f"1 Tue 01pm {doctor} free", ".")
        self.assertEqual(self.successResultOf(asked)[0].doctor, doctor)

    def test_endless_list(self) -> None:
        """A list that never ends does not fill our memory."""
        self.patch(connection_module, "REPLY_BYTES", 25)
        whole = self.remote.available()
        self.center.says("1 Tue 01pm", "2 Tue 01pm", ".")
        self.assertEqual(len(self.successResultOf(whole)), 2)
        self.assert_unexpected(self.remote.available(), "1 Tue 01pm", "2 Tue 01pm", "3 Tue 01pm")

    def test_wrong_tag(self) -> None:
        """A reply with the tag of another request is no answer."""
        self.assert_unexpected(self.remote.select("1", tag="a"), "@b doc1 41000")
