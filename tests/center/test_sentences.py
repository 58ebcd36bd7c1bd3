"""The words on the screen, exactly."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.center.fixtures import MemoryCenter
from tests.role.logs import listening_to_the_log


class SentenceTests(SynchronousTestCase):
    """What section 7 has the server say."""

    def told(self, center: MemoryCenter, *lines: str) -> list[str]:
        with listening_to_the_log() as told:
            client = center.connect()
            for line in lines:
                client.ask(line)
        return told.texts()

    def test_a_visit(self) -> None:
        """From login to confirmation, with a wrong index on the way."""
        told = self.told(
            MemoryCenter(),
            "authenticate patient1 password111",
            "available",
            "selection 99",
            "selection 2",
            "selection 2",
        )
        patient = "patient with port number: 54321 and username patient1"
        self.assertEqual(
            told,
            [
                "Phase1: The Health Center Server has received request from a patient with"
                " username patient1 and password ********",
                "Phase1: The Health Center Server sends the response: Success to patient with"
                " username patient1",
                "Phase2: The Health Center Server receives a request for available time slots"
                " from patients with port number: 54321 and IP Address: 127.0.0.1",
                "Phase2: The Health Center Server sends available time slots to patients with"
                " username patient1",
                "Phase2: The Health Center Server receives a request for appointment 99 from "
                + patient,
                "Receiving invalid time index, let patient re-enter",
                "Phase2: The Health Center Server receives a request for appointment 2 from "
                + patient,
                "Phase2: The Health Center Server confirms the following appointment 2 to"
                " patient with username patient1",
                "Phase2: The Health Center Server receives a request for appointment 2 from "
                + patient,
                "Phase2: The Health Center Server rejects the following appointment 2 to"
                " patient with username patient1",
            ],
        )

    def test_a_name_for_an_index(self) -> None:
        """Where names are hidden, one that is sent for an index is hidden too."""
        center = MemoryCenter()
        center.sentences.hide_names(b"key")
        login = "authenticate patient1 password111"
        told = self.told(center, login, "selection patient2", "selection -tient2", "selection 2")
        self.assertNotIn("tient2", " ".join(told))
        self.assertIn("request for appointment 2 from", told[-2])

    def test_a_failed_login(self) -> None:
        """And no password, whatever it was."""
        told = self.told(MemoryCenter(), "authenticate patient1 secret-word")
        self.assertEqual(
            told[-1],
            "Phase1: The Health Center Server sends the response: Failure to patient with"
            " username patient1",
        )
        self.assertNotIn("secret-word", "".join(told))

    def test_a_terminal_is_not_written_to(self) -> None:
        """What could move a cursor or forge a line is shown escaped."""
        told = self.told(MemoryCenter(), "authenticate \x1b[2J\r{x} \x1b[31mred")
        self.assertIn("username \\x1b[2J\\r{x} and password ********", told[0])
        told = self.told(MemoryCenter(), "authenticate patient1 password111", "selection \x1b[2J")
        self.assertIn("appointment \\x1b[2J from", told[2])

    def test_classroom_tells_passwords(self) -> None:
        """As the original exercise does, tables too."""
        center = MemoryCenter(classroom=True)
        told = self.told(center, "authenticate patient1 password111")
        self.assertTrue(told[0].endswith("username patient1 and password password111"))
        with listening_to_the_log() as tables:
            center.sentences.tables([], list(center.board._openings.values())[:1])
        self.assertEqual(tables.texts(), ["Users:\n", "Availabilities:\n1 Tue 01pm doc1 41000"])
