"""The commands of patients and administrators: what is asked, what is shown, how they end."""

from __future__ import annotations

import json

from medappt.model.refusals import Code
from tests.commands.scripted import HANG_UP, PASSWORD, SILENCE, ScriptedCase, ScriptedCenter

SLOTS = "MTLA100227 3\nQUEE110227 0\n! SHE unreachable\n."
BOOKED = "booked MTLA100227 Dental doc1 10.0.0.1 41000"
FIRST_TAG = "@" + "01" * 16


class RequestCase(ScriptedCase):
    def ask(self, words: str, reply: str, user: str = "MTLP2345") -> int:
        """Run a command whose request is answered so."""
        line = words.replace(" --json", "")
        self.center = ScriptedCenter({line: reply})
        return self.run_as(user, *words.split())


class PlainTests(RequestCase):
    """Standard output is no terminal: aligned columns, without titles."""

    def test_list(self) -> None:
        """The slots of every city; who did not answer is told apart."""
        self.assertEqual(self.ask("list Dental", SLOTS), 0)
        self.assertEqual(self.told, ["MTLA100227  3", "QUEE110227  0"])
        self.assertEqual(self.complaints, ["medappt: SHE is unreachable, its slots are not listed"])
        self.assertEqual(self.servers, [("center.example", 21000)])

    def test_login(self) -> None:
        """The login comes first, and the leave is taken last."""
        self.ask("list Dental", ".")
        self.assertEqual(
            self.center.asked,
            [f"authenticate MTLP2345 {PASSWORD}", "notices", "list Dental", "quit"],
        )
        self.assertEqual(self.told, [])

    def test_book(self) -> None:
        """A place, and where its cost is told."""
        self.assertEqual(self.ask("book MTLA100227 Dental", BOOKED), 0)
        self.assertEqual(self.told, ["MTLA100227  Dental  doc1  10.0.0.1  41000"])
        self.assertEqual(
            self.complaints, ["medappt: doc1 tells the cost at 10.0.0.1 port 41000, over UDP"]
        )

    def test_book_unknown(self) -> None:
        """What the center does not know of the doctor is said to be unknown."""
        self.ask("book MTLA100227 Dental", "booked MTLA100227 Dental - - -")
        self.assertEqual(self.told, ["MTLA100227  Dental  -  -  -"])
        self.assertEqual(self.complaints, ["medappt: it is not known where to ask for the cost"])
        self.ask("book MTLA100227 Dental", "booked MTLA100227 Dental - 10.0.0.1 7")
        self.assertEqual(
            self.complaints, ["medappt: the doctor tells the cost at 10.0.0.1 port 7, over UDP"]
        )

    def test_cancel(self) -> None:
        """A place is given back: by its ID, its type, its patient, or its index."""
        for words, reply, told in (
            ("cancel MTLA100227", "cancelled MTLA100227 Dental", "MTLA100227  Dental"),
            ("cancel MTLA100227 Dental", "cancelled MTLA100227 Dental", "MTLA100227  Dental"),
            ("cancel MTLA100227 MTLP2345", "cancelled MTLA100227 Dental", "MTLA100227  Dental"),
            ("cancel 3", "cancelled 3 -", "3  -"),
            ("cancel 3 MTLP2345", "cancelled 3 -", "3  -"),
        ):
            self.assertEqual(self.ask(words, reply), 0, words)
            self.assertEqual(self.told, [told])

    def test_swap(self) -> None:
        """One place for another."""
        words = "swap MTLA100227 Dental QUEE110227 Surgeon MTLP2345"
        self.ask(words, "swapped QUEE110227 Surgeon doc2 ::1 42000", "MTLA0001")
        self.assertEqual(self.told, ["QUEE110227  Surgeon  doc2  ::1  42000"])

    def test_schedule(self) -> None:
        """Appointments in every city, aligned."""
        rows = (
            "MTLA100227 Dental booked 2027-02-10T13:00:00-05:00\n"
            "QUEE110227 Physician waitlisted 2027-02-11T18:00:00-05:00\n."
        )
        self.ask("schedule", rows)
        self.assertEqual(
            self.told,
            [
                "MTLA100227  Dental     booked      2027-02-10T13:00:00-05:00",
                "QUEE110227  Physician  waitlisted  2027-02-11T18:00:00-05:00",
            ],
        )
        self.assertEqual(self.ask("schedule MTLP2345", ".", "MTLA0001"), 0)

    def test_administrators(self) -> None:
        """Who has a place, a slot opened, one closed, and one that would be."""
        for words, reply, told in (
            ("patients MTLA100227 Dental", "MTLP2345 moved\n.", ["MTLP2345  moved"]),
            ("patients 3", "MTLP2345 booked\n.", ["MTLP2345  booked"]),
            ("add MTLA100227 Dental 12", "added MTLA100227 Dental 12", ["MTLA100227  Dental  12"]),
            (
                "remove MTLA100227 Dental",
                "MTLP0001 MTLA110227\nMTLP0002 waitlisted\nQUEP0003 moving\n.",
                [
                    "MTLP0001  moved       MTLA110227",
                    "MTLP0002  waitlisted  -",
                    "QUEP0003  moving      -",
                ],
            ),
            (
                "remove MTLA100227 Dental preview",
                "QUEP0003 MTLA110227 unconfirmed\n.",
                ["QUEP0003  unconfirmed  MTLA110227"],
            ),
        ):
            self.assertEqual(self.ask(words, reply, "MTLA0001"), 0, words)
            self.assertEqual(self.told, told)
        self.assertNotIn("notices", self.center.asked)

    def test_unprintable(self) -> None:
        """What a server says cannot move the cursor."""
        self.ask("patients 3", "a\x1b[2J booked\n.")
        self.assertEqual(self.told, ["a\\x1b[2J  booked"])


class TerminalTests(RequestCase):
    """Standard output is a terminal: tables with titles."""

    def test_tables(self) -> None:
        """Each is drawn, an empty one too."""
        self.is_terminal = True
        for words, reply, titles in (
            ("list Dental", SLOTS, ["ID", "Free", "MTLA100227", "QUEE110227"]),
            ("schedule", ".", ["ID", "Type", "State", "Start"]),
            ("book MTLA100227 Dental", BOOKED, ["Doctor", "Host", "Port", "41000"]),
            ("remove MTLA100227 Dental", "MTLP0001 waitlisted\n.", ["Patient", "Fate", "New ID"]),
        ):
            self.assertEqual(self.ask(words, reply), 0)
            for title in titles:
                self.assertIn(title, self.out.getvalue())
            self.assertIn("━", self.out.getvalue())


class JsonTests(RequestCase):
    """``--json``: one object, for programs."""

    def object(self, words: str, reply: str) -> object:
        self.assertEqual(self.ask(f"{words} --json", reply), 0)
        [line] = self.told
        return json.loads(line)

    def test_shapes(self) -> None:
        """Their shapes are promised."""
        place = {"id": "MTLA100227", "type": "Dental"}
        contact = {"doctor": "doc1", "host": "10.0.0.1", "port": 41000}
        nobody = {"doctor": None, "host": None, "port": None}
        start = "2027-02-10T13:00:00-05:00"
        for words, reply, expected in (
            (
                "list Dental",
                SLOTS,
                {
                    "slots": [{"id": "MTLA100227", "free": 3}, {"id": "QUEE110227", "free": 0}],
                    "unreachable": ["SHE"],
                },
            ),
            ("book MTLA100227 Dental", BOOKED, {"booked": place | contact, "estimate": None}),
            (
                "swap QUEE110227 Dental MTLA100227 Dental",
                "swapped MTLA100227 Dental - - -",
                {"swapped": place | nobody},
            ),
            ("cancel MTLA100227", "cancelled MTLA100227 Dental", {"cancelled": place}),
            ("cancel 3", "cancelled 3 -", {"cancelled": {"id": "3", "type": None}}),
            (
                "schedule",
                f"MTLA100227 Dental moved {start}\n3 - booked {start}\n.",
                {
                    "appointments": [
                        {**place, "state": "moved", "start": start},
                        {"id": "3", "type": None, "state": "booked", "start": start},
                    ]
                },
            ),
            (
                "patients MTLA100227 Dental",
                "MTLP2345 booked\n.",
                {"patients": [{"patient": "MTLP2345", "state": "booked"}]},
            ),
            (
                "add MTLA100227 Dental 12",
                "added MTLA100227 Dental 12",
                {"added": {**place, "capacity": 12}},
            ),
            (
                "remove MTLA100227 Dental",
                "MTLP0001 MTLA110227\nMTLP0002 waitlisted\n.",
                {
                    "removed": [
                        {
                            "patient": "MTLP0001",
                            "fate": "moved",
                            "new_id": "MTLA110227",
                            "confirmed": True,
                        },
                        {
                            "patient": "MTLP0002",
                            "fate": "waitlisted",
                            "new_id": None,
                            "confirmed": True,
                        },
                    ]
                },
            ),
            ("remove MTLA100227 Dental preview", ".", {"preview": []}),
        ):
            self.assertEqual(self.object(words, reply), {"notices": [], **expected}, words)

    def test_unreachable(self) -> None:
        """Who did not answer is on standard error too."""
        self.ask("list Dental --json", SLOTS)
        self.assertEqual(len(self.complaints), 1)

    def test_refused(self) -> None:
        """A refusal leaves standard output empty."""
        self.assertEqual(self.ask("book MTLA100227 Dental --json", "error full no place"), 1)
        self.assertEqual(self.told, [])
        self.assertEqual(self.complaints, ["medappt: full: no place"])


class EndingTests(RequestCase):
    """How a command ends other than well."""

    def test_refused(self) -> None:
        """A refusal is one line, and 1."""
        for code in Code:
            reply = f"error {code.value} that is\x1b so"
            self.assertEqual(self.ask("book MTLA100227 Dental", reply), 1)
            self.assertEqual(self.complaints, [f"medappt: {code.value}: that is\\x1b so"])
            self.assertEqual(self.told, [])

    def test_login_refused(self) -> None:
        """A wrong password is 1; it is neither shown nor asked for again."""
        self.center = ScriptedCenter({"authenticate": "failure"})
        self.assertEqual(self.run_as("MTLP2345", "schedule"), 1)
        self.assertEqual(self.complaints, ["medappt: the center refused the login"])
        self.assertEqual(len(self.center.asked), 1)
        self.center = ScriptedCenter({"authenticate": "error busy later"})
        self.assertEqual(self.run_as("MTLP2345", "schedule"), 1)
        self.assertEqual(self.complaints, ["medappt: busy: later"])

    def test_down(self) -> None:
        """A center that cannot be reached is 1."""
        self.center.is_down = True
        self.assertEqual(self.run_as("MTLP2345", "schedule"), 1)
        [complaint] = self.complaints
        self.assertIn("cannot be reached", complaint)
        self.assertFalse(complaint.endswith("."), complaint)  # words may follow it

    def test_silent(self) -> None:
        """A center that does not answer is 3; of a request with an effect nobody knows."""
        self.assertEqual(self.ask("schedule", SILENCE), 3)
        self.assertEqual(self.complaints, ["medappt: the center did not answer within 30 seconds"])
        self.assertEqual(self.ask("book MTLA100227 Dental", SILENCE), 3)
        [complaint] = self.complaints
        self.assertTrue(complaint.endswith("; whether it was done is not known"), complaint)
        self.assertEqual(self.ask("remove MTLA100227 Dental preview", SILENCE), 3)
        self.assertNotIn("whether", self.err.getvalue())

    def test_nonsense(self) -> None:
        """What is no center is told as that."""
        self.assertEqual(self.ask("schedule", "HTTP/1.1 400 Bad Request\n."), 1)
        [complaint] = self.complaints
        self.assertIn("does not speak the health center protocol", complaint)

    def test_form(self) -> None:
        """Words that are no request are never sent: one line, and 2."""
        for words, form in (
            ("book MTLX100227 Dental", "book ID TYPE [PATIENT]"),
            ("book MTLM310227 Dental", "book ID TYPE [PATIENT]"),
            ("book MTLA100227 Dental alice", "book ID TYPE [PATIENT]"),
            ("cancel alice", "cancel ID [TYPE] [PATIENT] or cancel INDEX [PATIENT]"),
            ("swap MTLA100227 Dental 3 Dental", "swap OLDID OLDTYPE NEWID NEWTYPE [PATIENT]"),
            ("schedule alice", "schedule [PATIENT]"),
            ("patients MTLA100227", "patients ID TYPE or patients INDEX"),
            ("add MTLA100227 Dental 0", "add ID TYPE CAPACITY, from 1 to 9999"),
            ("add MTLA100227 Dental -3", "add ID TYPE CAPACITY, from 1 to 9999"),
            ("add MTLA100227 Dental 1000000000", "add ID TYPE CAPACITY, from 1 to 9999"),
            ("remove MTLA100227 Dental later", "remove ID TYPE [preview]"),
        ):
            self.assertEqual(self.run_as("MTLA0001", *words.split()), 2, words)
            self.assertEqual(self.complaints, [f"medappt: syntax: expected: {form}"])
        self.assertEqual(self.center.connections, [])

    def test_unsayable(self) -> None:
        """A word with blanks in it is never sent as two."""
        self.assertEqual(self.run_as("MTLP2345", "list", "Dental\nquit"), 1)
        [complaint] = self.complaints
        self.assertTrue(complaint.startswith("medappt: syntax: "), complaint)

    def test_number_of_words(self) -> None:
        """Words that are missing, or too many, are wrong usage."""
        for words in ("list", "list Dental Surgeon", "book MTLA100227", "add MTLA100227 Dental"):
            self.assert_usage_error("medappt", *words.split(), "--as", "MTLP2345")
        self.assert_usage_error("--as", "list", "Dental")


class OnceTests(RequestCase):
    """A request with an effect happens once, whatever becomes of connections."""

    def test_tags(self) -> None:
        """What has an effect has a tag; the others have none."""
        self.ask("book MTLA100227 Dental", BOOKED)
        self.assertEqual(self.center.tags, [FIRST_TAG])
        self.ask("remove MTLA100227 Dental preview", ".")
        self.assertEqual(self.center.tags, [])

    def test_lost(self) -> None:
        """When the connection is lost it is sent again on another, with the same tag."""
        self.center = ScriptedCenter({"book": [HANG_UP, BOOKED]})
        self.assertEqual(self.run_as("MTLP2345", "book", "MTLA100227", "Dental"), 0)
        self.assertEqual(self.center.tags, [FIRST_TAG] * 2)
        self.assertEqual(len(self.center.connections), 2)
        self.assertEqual(self.told, ["MTLA100227  Dental  doc1  10.0.0.1  41000"])

    def test_lost_twice(self) -> None:
        """A second time it is not; whether it was done is not known."""
        self.assertEqual(self.ask("book MTLA100227 Dental", HANG_UP), 1)
        self.assertEqual(self.center.tags, [FIRST_TAG] * 2)
        self.assertEqual(
            self.complaints,
            ["medappt: the connection to the center was closed; whether it was done is not known"],
        )

    def test_lost_reading(self) -> None:
        """What only reads may be asked again without."""
        self.center = ScriptedCenter({"schedule": [HANG_UP, "."]})
        self.assertEqual(self.run_as("MTLP2345", "schedule"), 0)
        self.assertEqual(self.center.asked.count("schedule"), 2)
        self.assertEqual(self.ask("schedule", HANG_UP), 1)
        self.assertEqual(self.complaints, ["medappt: the connection to the center was closed"])
