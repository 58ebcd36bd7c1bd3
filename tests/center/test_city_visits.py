"""The requests of a center with a city, as its users type them (section 4, R5)."""

from __future__ import annotations

from tests.center.cities import CityCase

DOCTOR = "doc1 127.0.0.1 41000"


class PatientTests(CityCase):
    """What a patient may do: their own, in every city."""

    def test_help(self) -> None:
        """Lists what is open to a patient, and no request of administrators."""
        rows = self.patient.ask("help")
        self.assertIn("swap OLDID OLDTYPE NEWID NEWTYPE", rows)
        self.assertFalse([row for row in rows if row.startswith(("add", "remove", "patients"))])

    def test_a_visit_to_other_cities(self) -> None:
        """List, book, swap, look and cancel."""
        self.open_slots("MTLM100227", "QUEM110227", "SHEE120227", capacity=2)
        ask = self.patient.ask
        self.assertEqual(
            ask("list Physician"), ["MTLM100227 2", "QUEM110227 2", "SHEE120227 2", "."]
        )
        self.assertEqual(
            ask("book QUEM110227 Physician"), [f"booked QUEM110227 Physician {DOCTOR}"]
        )
        self.assertEqual(
            ask("swap QUEM110227 Physician SHEE120227 Physician MTLP2345"),
            [f"swapped SHEE120227 Physician {DOCTOR}"],
        )
        self.assertEqual(
            ask("list Physician"), ["MTLM100227 2", "QUEM110227 2", "SHEE120227 1", "."]
        )
        self.assertEqual(
            ask("schedule"), ["SHEE120227 Physician booked 2027-02-12T18:00:00-05:00", "."]
        )
        self.assertEqual(ask("cancel SHEE120227"), ["cancelled SHEE120227 Physician"])
        self.assertEqual(ask("schedule"), ["."])

    def test_numbered_slots_are_served_too(self) -> None:
        """They stand in the same schedule, by start."""
        self.open_slots("MTLM100227")
        self.patient.ask("book MTLM100227 Physician")
        self.assertEqual(self.patient.ask("selection 1"), ["doc1 41000"])
        self.assertEqual(
            self.patient.ask("schedule MTLP2345"),
            [
                "1 - booked 2027-02-09T13:00:00-05:00",
                "MTLM100227 Physician booked 2027-02-10T08:00:00-05:00",
                ".",
            ],
        )
        self.assertEqual(self.patient.ask("cancel 1"), ["cancelled 1 -"])

    def test_nobody_elses(self) -> None:
        """Whoever is named, the server decides; nothing is told about them."""
        self.open_slots("MTLM100227")
        for line in (
            "book MTLM100227 Physician MTLP2346",
            "book MTLM100227 Physician MTLP9999",
            "cancel MTLM100227 QUEP2345",
            "cancel 1 MTLP2346",
            "swap MTLM100227 Physician QUEM110227 Physician MTLP2346",
            "schedule MTLP2346",
        ):
            self.assertEqual(self.patient.ask(line), ["error forbidden that is not your own"])
        for line in (
            "add MTLM110227 Physician 1",
            "remove MTLM100227 Physician",
            "remove MTLM100227 Physician preview",
            "patients MTLM100227 Physician",
            "patients 1",
        ):
            self.assertEqual(
                self.patient.ask(line), ["error forbidden only an administrator may do this"]
            )


class AdministratorTests(CityCase):
    """What an administrator may do: anything for the patients and the slots of their city."""

    def test_help(self) -> None:
        """Lists what is open to an administrator, whose requests name a patient."""
        rows = self.admin.ask("help")
        self.assertIn("book ID TYPE PATIENT", rows)
        self.assertNotIn("selection INDEX", rows)

    def test_for_patients(self) -> None:
        """Every operation of theirs."""
        self.open_slots("QUEM110227", "SHEE120227")
        ask = self.admin.ask
        self.assertEqual(
            ask("book QUEM110227 Physician MTLP2346"), [f"booked QUEM110227 Physician {DOCTOR}"]
        )
        self.assertEqual(
            ask("swap QUEM110227 Physician SHEE120227 Physician MTLP2346"),
            [f"swapped SHEE120227 Physician {DOCTOR}"],
        )
        self.assertEqual(len(ask("schedule MTLP2346")), 2)
        self.assertEqual(
            ask("cancel SHEE120227 Physician MTLP2346"), ["cancelled SHEE120227 Physician"]
        )
        self.patient.ask("selection 2")
        self.assertEqual(ask("patients 2"), ["MTLP2345 booked", "."])
        self.assertEqual(ask("@t cancel 2 MTLP2345"), ["@t cancelled 2 -"])
        self.assertEqual(ask("@t cancel 2 MTLP2345"), ["@t cancelled 2 -"])
        self.assertEqual(
            ask("cancel 2 MTLP2345"),
            ["error not-booked no appointment of yours under this index"],
        )

    def test_slots(self) -> None:
        """Add, look, preview and remove."""
        ask = self.admin.ask
        self.assertEqual(ask("add MTLM100227 Physician 2"), ["added MTLM100227 Physician 2"])
        self.patient.ask("book MTLM100227 Physician")
        self.assertEqual(ask("patients MTLM100227 Physician"), ["MTLP2345 booked", "."])
        ask("add MTLA100227 Physician 1")
        for _ in range(2):
            self.assertEqual(
                ask("remove MTLM100227 Physician preview"), ["MTLP2345 MTLA100227", "."]
            )
        self.assertEqual(ask("@r remove MTLM100227 Physician"), ["@r MTLP2345 MTLA100227", "."])
        self.assertEqual(ask("@r remove MTLM100227 Physician"), ["@r MTLP2345 MTLA100227", "."])
        self.assertEqual(
            self.patient.ask("schedule"),
            ["MTLA100227 Physician moved 2027-02-10T13:00:00-05:00", "."],
        )

    def test_whom(self) -> None:
        """A patient must be named, be of the own city and be known to it."""
        self.open_slots("MTLM100227")
        for line, answer in (
            ("book MTLM100227 Physician", "syntax an administrator names the patient"),
            ("cancel MTLM100227", "syntax an administrator names the patient"),
            ("cancel 1", "syntax an administrator names the patient"),
            ("schedule", "syntax an administrator names the patient"),
            ("book MTLM100227 Physician QUEP2345", "forbidden that is a patient of another city"),
            ("schedule QUEA2345", "forbidden that is a patient of another city"),
            ("book MTLM100227 Physician MTLP9999", "unknown-patient no such patient"),
            ("cancel MTLM100227 MTLP9999", "unknown-patient no such patient"),
            ("schedule MTLA2345", "unknown-patient no such patient"),
            ("cancel 1 MTLA2345", "unknown-patient no such patient"),
            ("book MTLM100227 Foo MTLP9999", "unknown-type no such type of appointment"),
            ("selection 1", "forbidden an administrator has no appointments"),
            ("add QUEM100227 Physician 1", "forbidden that slot is another city's"),
            ("remove QUEM100227 Physician", "forbidden that slot is another city's"),
            ("remove QUEM100227 Physician preview", "forbidden that slot is another city's"),
            ("patients QUEM100227 Physician", "forbidden that slot is another city's"),
        ):
            self.assertEqual(self.admin.ask(line), [f"error {answer}"], line)


class NoticeTests(CityCase):
    """What happens to patients without their asking is told once."""

    def test_a_removal(self) -> None:
        """Until they say that they were shown it, and to nobody else."""
        self.open_slots("MTLM100227", "MTLA100227")
        self.patient.ask("book MTLM100227 Physician")
        self.admin.ask("remove MTLM100227 Physician")
        self.run_for(5.0)
        for line in ("notices", "notices"):
            rows = self.patient.ask(line)
            self.assertEqual(len(rows), 2)
            number, kind, *what, at = rows[0].split()
            self.assertEqual([kind, *what], ["moved", "MTLM100227", "Physician", "MTLA100227"])
            self.assertTrue(at.startswith("2027-02-08T09:00:0"), at)
        self.assertEqual(self.login("MTLP2346").ask("notices"), ["."])
        self.assertEqual(self.patient.ask("notices x"), ["error syntax expected: notices [NUMBER]"])
        self.assertEqual(self.patient.ask(f"notices {number}"), ["."])
        self.assertEqual(self.patient.ask("notices"), ["."])


class TagTests(CityCase):
    """A tagged request happens once, and its refusal is remembered (section 4)."""

    def test_refusals_of_rights(self) -> None:
        """They get the same answer again, and take the tag up for other texts."""
        for client, line in (
            (self.patient, "add MTLM100227 Physician 1"),
            (self.patient, "cancel 1 MTLP2346"),
            (self.admin, "book MTLM100227 Physician MTLP9999"),
            (self.admin, "selection 1"),
            (self.admin, "cancel 1"),
            (self.admin, "book MTLM300227 Physician"),
        ):
            tag = f"@{line.replace(' ', '')}"
            first = client.ask(f"{tag} {line}")
            self.assertTrue(first[0].startswith(f"{tag} error "), first)
            self.assertEqual(client.ask(f"{tag} {line}"), first)
            self.assertEqual(client.ask(f"{tag} selection 2"), [f"{tag} error syntax tag reused"])

    def test_a_repeat_while_the_first_runs(self) -> None:
        """It joins the first, on whatever connection, and another text is refused."""
        self.open_slots("QUEM110227", capacity=2)
        again = self.login("MTLP2345")
        self.network.is_held = True
        for client in (self.patient, again):
            client.send(b"@t book QUEM110227 Physician\n")
        for line in (b"@t selection 1\n", b"@t book MTLM300227 Physician\n", b"@t cancel 1\n"):
            other = self.login("MTLP2345")
            self.assertEqual(other.send(line), ["@t error syntax tag reused"])
        self.network.is_held = False
        for client in (self.patient, again):
            self.assertEqual(self.later(client), [f"@t booked QUEM110227 Physician {DOCTOR}"])
        self.assertEqual(self.que.taken("QUEM110227"), 1)


class PipelineTests(CityCase):
    """Requests behind one that waits for another city."""

    def test_others_go_on(self) -> None:
        """The answers come in order all the same."""
        self.open_slots("MTLM100227", "QUEM110227", capacity=2)
        self.que.crash()
        self.admin.send(
            b"book QUEM110227 Physician MTLP2345\n"
            b"book MTLM100227 Physician MTLP2346\n"
            b"schedule MTLP2345\n"
        )
        self.assertEqual(self.mtl.taken("MTLM100227"), 1)
        self.assertEqual(self.admin.transport.take(), [])
        self.assertEqual(
            self.later(self.admin, 9.0),
            [
                "error unreachable the other center does not answer",
                f"booked MTLM100227 Physician {DOCTOR}",
                ".",
            ],
        )

    def test_a_city_that_is_down_is_named(self) -> None:
        """The others are listed within a second."""
        self.open_slots("MTLM100227", "QUEM110227")
        self.que.crash()
        self.patient.send(b"list Physician\n")
        self.assertEqual(self.later(self.patient, 1.1), ["MTLM100227 1", "! QUE unreachable", "."])
