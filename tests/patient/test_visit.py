"""The visit, step by step, and the refusals of the center."""

from __future__ import annotations

from medappt.model.refusals import Code, Refused
from medappt.patient.addresses import Address
from medappt.patient.ending import CLOSE_SECONDS
from medappt.patient.failures import (
    EndOfInput,
    InvalidIndex,
    LoginRefused,
    NoFreeSlot,
    SlotTaken,
)
from medappt.patient.visit import STARS, VisitPlan, VisitResult
from tests.patient.visiting import VisitCase


class CourseTests(VisitCase):
    """The visit as it should be."""

    def test_whole(self) -> None:
        """Phase by phase the screen is told, in order, what happened, with the real addresses."""
        self.ask_doctor()
        port = self.network.asking
        port.receive(b"60", "192.0.2.1", 42000)
        result = VisitResult(
            doctor="doc2",
            doctor_port=42000,
            user="patient1",
            insurance="insurance1",
            amount="60",
        )
        self.assertEqual(self.successResultOf(self.running), result)
        self.assertEqual(
            self.screen.told,
            [
                ("connected", Address(host="192.0.2.10", port=50123)),
                ("login_sent", "patient1", STARS),
                ("login_answered", True),
                ("free_slots", "patient1", [1, 2]),
                ("ask_index",),
                ("reserved", 42000),
                ("doctor_sought", Address(host="192.0.2.10", port=port.number), "insurance1"),
                ("estimate_requested", "insurance1", Address(host="192.0.2.1", port=42000)),
                ("estimate_received", result),
            ],
        )
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_one_step_at_a_time(self) -> None:
        """Nothing is asked before the answer that it depends on."""
        center = self.meet()
        self.assertEqual(center.asked(), ["authenticate patient1 password111"])
        center.says("success")
        self.assertEqual(center.asked(), ["available"])
        center.says("1 Tue 01pm", ".")
        self.assertEqual(center.asked(), [])

    def test_center_is_left_first(self) -> None:
        """The doctor is asked after the connection to the center is closed."""
        center = self.reserve()
        self.assertEqual(self.network.ports, [])
        center.says("bye")
        self.assertTrue(center.transport.is_closed)
        self.assertEqual(self.network.asking.sent[0][0], b"patient1 insurance1")

    def test_chosen_beforehand(self) -> None:
        """With a choice nobody is asked, though the list shows nothing free."""
        center = self.log_in(choose="2")
        center.asked()
        center.says(".")
        self.assertEqual(center.asked(), ["selection 2"])
        self.assertNotIn("ask_index", self.told())

    def test_classroom(self) -> None:
        """In a classroom the password is told, and all slots are listed before the free ones."""
        center = self.log_in(is_classroom=True)
        self.assertIn(("login_sent", "patient1", "password111"), self.screen.told)
        self.assertEqual(center.asked(), ["slots"])
        center.says("1 Tue 01pm doc1 free", "2 Mon 03pm doc2 taken", ".")
        self.assertIn(("all_slots", [1, 2]), self.screen.told)
        self.assertEqual(center.asked(), ["available"])

    def test_password_is_not_shown(self) -> None:
        """No representation of a plan holds the password."""
        plan = VisitPlan(user="u", password="password111", insurance="i")
        self.assertNotIn("password111", repr(plan))

    def test_doctor_elsewhere(self) -> None:
        """The doctor may be on another host, found by its name, at a port with an offset."""
        self.ask_doctor(doctor_host="doctor.example", doctor_port_offset=5)
        self.names.answer("2001:db8::7")
        sent = self.network.asking.sent[0][1]
        self.assertEqual(sent, ("2001:db8::7", 42005))
        self.assertIn(("reserved", 42005), self.screen.told)

    def test_unknown_plan(self) -> None:
        """A plan that the doctor has no price for is an answer."""
        self.ask_doctor(insurance="none")
        self.network.asking.receive(b"unknown", "192.0.2.1", 42000)
        self.assertEqual(self.successResultOf(self.running).amount, "unknown")

    def test_center_keeps_the_line(self) -> None:
        """A center that does not close is left, and the doctor asked, all the same."""
        center = self.reserve()
        center.transport.is_stubborn = True
        self.advance(CLOSE_SECONDS)
        self.assertTrue(center.transport.is_aborted)
        self.assertEqual(self.told()[-1], "estimate_requested")

    def test_center_goes_after_reserving(self) -> None:
        """A center that closes without a word after the reservation takes nothing back."""
        self.reserve().goes()
        self.assertEqual(self.told()[-1], "estimate_requested")


class RefusalTests(VisitCase):
    """The center says no."""

    def test_login(self) -> None:
        """A wrong password ends the visit."""
        center = self.meet()
        center.says("failure")
        self.assertEqual(self.screen.told[-1], ("login_answered", False))
        self.assert_ended(LoginRefused)

    def test_busy(self) -> None:
        """A center without time for a login ends it, too; that is no failed login."""
        self.meet().says("error busy later")
        refused = self.assert_ended(Refused)
        assert isinstance(refused, Refused)
        self.assertEqual(refused.refusal.code, Code.BUSY)
        self.assertNotIn("login_answered", self.told())

    def test_unsayable_password(self) -> None:
        """A password that no line can carry is refused before it is sent."""
        center = self.meet(password="a\rb")
        self.assertEqual(center.asked(), [])
        self.assertEqual(self.told(), ["connected"])
        self.assert_ended(Refused)

    def test_no_list(self) -> None:
        """A list that is refused ends the visit, in a classroom as elsewhere."""
        for changes in ({}, {"is_classroom": True}):
            self.setUp()
            self.log_in(**changes).says("error busy later")
            self.assert_ended(Refused)

    def test_no_table(self) -> None:
        """A center that has no table of all slots is visited without it."""
        center = self.log_in(is_classroom=True)
        center.asked()
        center.says("error unknown-command no such request")
        self.assertEqual(center.asked(), ["available"])
        self.assertNotIn("all_slots", self.told())

    def test_nothing_free(self) -> None:
        """With nothing free nobody is asked."""
        center = self.log_in()
        center.says(".")
        self.assertEqual(self.screen.told[-1], ("free_slots", "patient1", []))
        self.assert_ended(NoFreeSlot)

    def test_taken(self) -> None:
        """A slot that somebody took in the meantime ends the visit."""
        self.select().says("notavailable")
        self.assertEqual(self.told()[-1], "taken")
        self.assert_ended(SlotTaken)

    def test_reservation_refused(self) -> None:
        """Any other refusal ends it, and leaves no doubt."""
        self.select().says("error busy later")
        self.assert_ended(Refused)
        self.assertNotIn("outcome_unknown", self.told())

    def test_invalid_is_asked_again(self) -> None:
        """Who names no index of the center is asked again, as often as it takes."""
        center = self.list_free()
        for index in ("99", "x"):
            self.screen.types(index)
            self.assertEqual(center.asked(), [f"selection {index}"])
            center.says("invalid")
            self.assertEqual(self.screen.told[-2:], [("index_refused", index), ("ask_index",)])
        for index in ("", "1 2"):
            self.screen.types(index)
            self.assertEqual(center.asked(), [])
            self.assertEqual(self.screen.told[-2:], [("index_refused", index), ("ask_index",)])
        self.screen.types("2")
        center.says("doc2 42000")
        self.assertEqual(self.screen.told[-1], ("reserved", 42000))

    def test_invalid_choice(self) -> None:
        """A choice made beforehand that is no index ends the visit."""
        self.select(choose="2").says("invalid")
        invalid = self.assert_ended(InvalidIndex)
        self.assertIn("'2'", str(invalid))
        self.assertNotIn("ask_index", self.told())

    def test_end_of_input(self) -> None:
        """Who has no more to say is let go, at once or after an invalid index."""
        self.list_free()
        self.screen.ends_input(EndOfInput("end"))
        self.assert_ended(EndOfInput)
        self.setUp()
        center = self.list_free()
        self.screen.types("99")
        center.says("invalid")
        self.screen.ends_input(EndOfInput("end"))
        self.assert_ended(EndOfInput)
