"""Every request and its reply, on the wire."""

from __future__ import annotations

from typing import cast
from zoneinfo import ZoneInfo

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from medappt.center.center import Center
from medappt.center.realm import Visitor
from medappt.model.identity import User
from medappt.model.refusals import Refusal
from medappt.wire.requests import Help, Request
from tests.center.fixtures import MONDAY, MemoryCenter

ANYBODY = Visitor(User(name="patient1"), cast(Center, None), "192.0.2.1")


class BeforeLoginTests(SynchronousTestCase):
    """Before a login only ``authenticate``, ``help`` and ``quit`` are served."""

    def test_everything_else_is_unauthenticated(self) -> None:
        """Known requests are refused, and the next line is read."""
        client = MemoryCenter().connect()
        for line in ("available", "slots", "selection 1", "cancel 1", "schedule", "patients 1"):
            with self.subTest(line):
                self.assertEqual(client.ask(line), ["error unauthenticated log in first"])
        self.assertEqual(client.ask("authenticate patient1 password111"), ["success"])

    def test_syntax_comes_before_rights(self) -> None:
        """A line that is no request is told so, whoever sends it."""
        client = MemoryCenter().connect()
        self.assertEqual(client.ask("selection"), ["error syntax expected: selection INDEX"])
        self.assertEqual(client.ask("dance"), ["error unknown-command no such request, try help"])
        self.assertEqual(
            client.ask("authenticate patient1"),
            ["error syntax expected: authenticate USER PASSWORD"],
        )

    def test_requests_of_centers_with_a_city_are_unknown(self) -> None:
        """A center without a city does not serve IDs and types."""
        client = MemoryCenter().login()
        for line in (
            "list Dental",
            "book MTLA100227 Dental",
            "swap A B C D",
            "add A B 1",
            "remove A B",
        ):
            with self.subTest(line):
                self.assertEqual(
                    client.ask(line), ["error unknown-command no such request, try help"]
                )

    def test_help_names_what_is_open(self) -> None:
        """Each user is told their own requests."""
        center = MemoryCenter()
        client = center.connect()
        self.assertEqual(client.ask("help"), ["authenticate USER PASSWORD", "help", "quit", "."])
        patient = center.login().ask("help")
        self.assertIn("selection INDEX", patient)
        self.assertNotIn("patients INDEX", patient)
        self.assertIn("patients INDEX", center.login("boss", "password999").ask("help"))

    def test_an_empty_line_is_ignored(self) -> None:
        """Blank lines are no requests."""
        client = MemoryCenter().connect()
        self.assertEqual(client.send(b"\n\r\n  \t \nhelp\r\n")[0], "authenticate USER PASSWORD")


class LoginTests(SynchronousTestCase):
    """``authenticate`` answers ``success``, or ``failure`` and closes."""

    def test_success(self) -> None:
        """The right password opens the session, whatever the keyword's case."""
        client = MemoryCenter().connect()
        self.assertEqual(client.ask("AUTHENTICATE patient1 password111"), ["success"])
        self.assertFalse(client.transport.write_closed)

    def test_failure_discards_what_was_pipelined(self) -> None:
        """Nothing behind a failed login is looked at, and the connection is closed."""
        center = MemoryCenter()
        client = center.connect()
        lines = client.send(
            b"authenticate patient1 wrong\nauthenticate patient1 password111\nhelp\n"
        )
        self.assertEqual(lines, ["failure"])
        self.assertTrue(client.transport.write_closed)
        self.assertEqual(client.ask("help"), [])

    def test_an_unknown_user_fails_alike(self) -> None:
        """Nobody learns which names exist."""
        self.assertEqual(
            MemoryCenter().connect().ask("authenticate nobody password111"), ["failure"]
        )

    def test_a_name_that_is_no_text_fails_alike(self) -> None:
        """Bytes that are no UTF-8 are a name that nobody has."""
        client = MemoryCenter().connect()
        self.assertEqual(client.send(b"authenticate \xff\xfe\x01 p\xe9\n"), ["failure"])

    def test_a_second_login_is_refused(self) -> None:
        """The session stays who it is."""
        client = MemoryCenter().login()
        self.assertEqual(
            client.ask("authenticate patient2 password222"), ["error syntax already logged in"]
        )
        client.ask("selection 1")
        self.assertEqual(client.ask("schedule"), ["1 - booked 2026-11-24T13:00:00+00:00", "."])

    def test_the_tag_of_a_login_is_echoed(self) -> None:
        """A tag begins the first line of every reply."""
        client = MemoryCenter().connect()
        self.assertEqual(client.ask("@a authenticate patient1 password111"), ["@a success"])
        self.assertEqual(client.ask("@b available")[0], "@b 1 Tue 01pm")
        self.assertEqual(client.ask("@c selection"), ["@c error syntax expected: selection INDEX"])

    def test_what_waits_for_a_login_is_answered_behind_it(self) -> None:
        """Requests may be pipelined behind the login."""
        lines = MemoryCenter().connect().send(b"authenticate patient1 password111\nselection 4\n")
        self.assertEqual(lines, ["success", "doc1 41000"])


class SelectionTests(SynchronousTestCase):
    """``selection`` reserves the next occurrence of an opening."""

    def test_a_free_slot_is_reserved(self) -> None:
        """The doctor and their port are the answer, and the slot is free no more."""
        client = MemoryCenter().login()
        self.assertEqual(client.ask("selection 2"), ["doc2 42000"])
        self.assertNotIn("2 Mon 03pm", client.ask("available"))
        self.assertIn("2 Mon 03pm doc2 taken", client.ask("slots"))

    def test_a_taken_slot_is_not_available_to_anybody(self) -> None:
        """Not even to who has it."""
        center = MemoryCenter()
        first, second = center.login(), center.login("patient2", "password222")
        first.ask("selection 2")
        self.assertEqual(second.ask("selection 2"), ["notavailable"])
        self.assertEqual(first.ask("selection 2"), ["notavailable"])

    def test_what_is_no_index_is_invalid(self) -> None:
        """One word that names no slot is ``invalid``; the patient may ask again."""
        client = MemoryCenter().login()
        for word in (
            "0",
            "7",
            "-1",
            "+1",
            "1.0",
            "1_0",
            "abc",
            "99999999999999999999",
            "\u0661",
            "1\0",
            "\udcff",
        ):
            with self.subTest(word):
                self.assertEqual(client.ask(f"selection {word}"), ["invalid"])
        self.assertEqual(client.ask("selection 1"), ["doc1 41000"])

    def test_none_or_several_words_are_no_selection(self) -> None:
        """``selection`` takes one word."""
        client = MemoryCenter().login()
        for line in ("selection", "selection 1 2"):
            self.assertEqual(client.ask(line), ["error syntax expected: selection INDEX"])

    def test_an_opening_is_free_again_a_week_later(self) -> None:
        """Index 2 names the next occurrence that has not begun."""
        center = MemoryCenter()
        client = center.login()
        client.ask("selection 2")
        center.now = MONDAY.replace(hour=15)
        self.assertIn("2 Mon 03pm", client.ask("available"))
        self.assertEqual(client.ask("schedule"), ["."])
        self.assertEqual(client.ask("selection 2"), ["doc2 42000"])
        self.assertEqual(client.ask("schedule"), ["2 - booked 2026-11-30T15:00:00+00:00", "."])

    def test_a_store_that_fails_is_busy(self) -> None:
        """What could not be made durable is not promised; later it may be."""
        center = MemoryCenter()
        client = center.login()
        begin = center.database.begin
        self.patch(center.database, "begin", _fail)
        self.assertEqual(
            client.ask("selection 1"), ["error busy the center cannot do this now, try again"]
        )
        self.assertEqual(
            client.ask("@t selection"), ["@t error busy the center cannot do this now, try again"]
        )
        self.patch(center.database, "begin", begin)
        self.assertEqual(client.ask("selection 1"), ["doc1 41000"])

    def test_a_defect_costs_one_reply(self) -> None:
        """An exception nobody foresaw is logged, and the connection goes on."""
        center = MemoryCenter()
        client = center.login()
        self.patch(center.center, "free_slots", _fail)
        self.assertEqual(
            client.ask("available"), ["error busy the center cannot do this now, try again"]
        )
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)
        self.assertEqual(client.ask("selection 1"), ["doc1 41000"])

    def test_what_the_session_answers_is_no_visitors_request(self) -> None:
        """To be asked for it is a defect, and costs one reply like any other."""
        center = MemoryCenter()
        client = center.login()
        answers = client.protocol._conversation._core._answers
        reply = Deferred.fromCoroutine(answers.to(Request(command=Help()), ANYBODY))
        self.assertIsInstance(self.successResultOf(reply), Refusal)
        self.assertEqual(len(self.flushLoggedErrors(AssertionError)), 1)


def _fail() -> None:
    raise OSError("the disk is gone")


class CancelTests(SynchronousTestCase):
    """``cancel INDEX`` gives back the user's own place."""

    def test_a_place_given_back_is_free(self) -> None:
        """Somebody else can take it."""
        center = MemoryCenter()
        first, second = center.login(), center.login("patient2", "password222")
        first.ask("selection 2")
        self.assertEqual(first.ask("cancel 2"), ["cancelled 2 -"])
        self.assertEqual(second.ask("selection 2"), ["doc2 42000"])

    def test_nobody_cancels_for_another(self) -> None:
        """A place of somebody else is as if it were not there."""
        center = MemoryCenter()
        first, second = center.login(), center.login("patient2", "password222")
        first.ask("selection 2")
        answer = second.ask("cancel 2")
        self.assertEqual(len(answer), 1)
        self.assertTrue(answer[0].startswith("error not-booked "))
        self.assertEqual(answer, second.ask("cancel 77"))
        self.assertIn("2 Mon 03pm doc2 taken", first.ask("slots"))

    def test_what_has_begun_stays(self) -> None:
        """The index already names the next occurrence."""
        center = MemoryCenter()
        client = center.login()
        client.ask("selection 2")
        center.now = MONDAY.replace(hour=15)
        self.assertTrue(client.ask("cancel 2")[0].startswith("error not-booked "))

    def test_what_is_no_index_is_no_request(self) -> None:
        """``cancel`` takes one index."""
        client = MemoryCenter().login()
        for line in ("cancel", "cancel abc", "cancel 1 2", "cancel -1"):
            self.assertEqual(client.ask(line), ["error syntax expected: cancel INDEX"])


class ScheduleTests(SynchronousTestCase):
    """``schedule`` and ``patients``, and who may ask them."""

    def test_times_are_local_to_the_center(self) -> None:
        """START has the offset of the center's time zone."""
        center = MemoryCenter(zone=ZoneInfo("America/Toronto"))
        client = center.login()
        client.ask("selection 2")
        client.ask("selection 1")
        self.assertEqual(
            client.ask("schedule"),
            [
                "2 - booked 2026-11-23T15:00:00-05:00",
                "1 - booked 2026-11-24T13:00:00-05:00",
                ".",
            ],
        )

    def test_a_patient_sees_their_own(self) -> None:
        """Naming oneself is allowed, naming another is forbidden whether they exist or not."""
        client = MemoryCenter().login()
        self.assertEqual(client.ask("schedule patient1"), ["."])
        for other in ("patient2", "nobody"):
            self.assertEqual(
                client.ask(f"schedule {other}"), ["error forbidden that is not your own schedule"]
            )
        self.assertEqual(client.ask("schedule a b"), ["error syntax expected: schedule [PATIENT]"])

    def test_an_administrator_names_a_patient(self) -> None:
        """Without a name it is no request; an unknown one is told."""
        center = MemoryCenter()
        center.login().ask("selection 2")
        boss = center.login("boss", "password999")
        self.assertEqual(
            boss.ask("schedule patient1"), ["2 - booked 2026-11-23T15:00:00+00:00", "."]
        )
        self.assertEqual(boss.ask("schedule boss"), ["."])
        self.assertEqual(boss.ask("schedule"), ["error syntax schedule needs a patient here"])
        for name in ("nobody", "\udcff", "a\0b"):
            self.assertEqual(
                boss.ask(f"schedule {name}"), ["error unknown-patient no such patient"]
            )

    def test_patients_are_for_administrators(self) -> None:
        """Who has the next occurrence of an opening is nobody else's business."""
        center = MemoryCenter()
        client = center.login()
        client.ask("selection 2")
        boss = center.login("boss", "password999")
        self.assertEqual(boss.ask("patients 2"), ["patient1 booked", "."])
        self.assertEqual(boss.ask("patients 1"), ["."])
        self.assertEqual(boss.ask("patients 7"), ["error unknown-slot no such index"])
        self.assertEqual(boss.ask("patients x"), ["error syntax expected: patients INDEX"])
        self.assertEqual(
            client.ask("patients 2"), ["error forbidden only an administrator may do this"]
        )
