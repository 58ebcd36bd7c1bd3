"""The sentences of section 7, to the letter, and where they are printed."""

from __future__ import annotations

from twisted.logger import Logger, LogPublisher
from twisted.python.failure import Failure

from medappt.patient.addresses import Address
from medappt.patient.sentences import SentencePrinter, Sentences
from tests.patient.fakes import Lines, PatientCase

TCP = Address(host="127.0.0.1", port=50123)
UDP = Address(host="127.0.0.1", port=50200)
DOCTOR = Address(host="::1", port=41000)


class SentenceTests(PatientCase):
    def setUp(self) -> None:
        super().setUp()
        self.sentences = Sentences(7)

    def test_phase_1(self) -> None:
        """Connecting and logging in."""
        self.sentences.connected(TCP)
        self.sentences.login_sent("patient7", "********")
        self.sentences.login_answered(True)
        self.assertEqual(
            self.texts("info"),
            [
                "Phase1: Patient7 has TCP port number: 50123 and IP Address: 127.0.0.1",
                "Phase1: Authentication request from Patient7 with username patient7 and password"
                " ******** has been sent to the Health Center Server",
                "Phase1: Patient7 authentication result: Success",
                "-----Phase1: End of Phase1 Authentication for Patient7.-----",
            ],
        )

    def test_failed_login(self) -> None:
        """A failed login does not end phase 1."""
        self.sentences.login_answered(False)
        self.assertEqual(self.texts("info"), ["Phase1: Patient7 authentication result: Failure"])

    def test_phase_2(self) -> None:
        """Choosing and reserving."""
        self.sentences.introduce_free_slots("patient7")
        self.sentences.prompt()
        self.sentences.reserved(41000)
        self.sentences.taken()
        self.assertEqual(
            self.texts("info"),
            [
                "Phase2: The following appointments are available for patient7:",
                "Please enter the preferred appointment index and press enter:",
                "Phase2: The requested appointment is available and reserved to Patient7. The"
                " assigned doctor port number is 41000",
                "Phase2: The requested appointment from Patient7 is not available.----->Exiting",
            ],
        )

    def test_phase_3(self) -> None:
        """Asking the doctor."""
        self.sentences.doctor_sought(UDP, "insurance1")
        self.sentences.estimate_requested("insurance1", DOCTOR)
        self.sentences.tell_amount("30.50", 41000)
        self.sentences.end()
        self.assertEqual(
            self.texts("info"),
            [
                "Phase3: Patient7 has a dynamic UDP port number: 50200 and IP Address: 127.0.0.1",
                "My insurance: insurance1",
                "Phase3: The cost estimation request from Patient7 with insurance plan insurance1"
                " has been sent to the doctor with port number 41000 and IP address ::1",
                "Phase3: Patient7 receive $ 30.50 estimation cost from doctor with port number"
                " 41000",
                "Phase3: End of Phase3 for Patient7",
            ],
        )

    def test_warnings(self) -> None:
        """What is wrong is a warning, and not among the sentences."""
        self.sentences.classroom()
        self.sentences.index_refused("9")
        self.sentences.outcome_unknown("2")
        self.sentences.no_estimate(41000, "the doctor did not answer")
        self.assertEqual(
            self.texts("warn"),
            [
                "Classroom mode: the password is shown in clear.",
                "The center has no appointment '9'.",
                "Whether appointment 2 was reserved is not known.",
                "No cost estimate from the doctor with port number 41000: the doctor did not"
                " answer. The appointment stands.",
            ],
        )
        self.assertEqual(self.texts("info"), [])

    def test_no_other_sentence_in_one(self) -> None:
        """A value cannot begin a line of its own, move the cursor or be taken for a field."""
        self.sentences.doctor_sought(UDP, "a\nPhase3: {port}\x1b[2J")
        self.assertEqual(self.texts("info")[1], "My insurance: a\\nPhase3: {port}\\x1b[2J")


class PrinterTests(PatientCase):
    """Who sees what."""

    def setUp(self) -> None:
        super().setUp()
        self.out, self.err = Lines(), Lines()
        self.publisher = LogPublisher(SentencePrinter(self.out, self.err))

    def logger(self, namespace: str) -> Logger:
        return Logger(namespace=namespace, observer=self.publisher)

    def test_ours(self) -> None:
        """Sentences go out, what is wrong to the side, the rest nowhere."""
        log = self.logger("medappt.patient.visit")
        log.debug("a")
        log.info("{b}", b="B")
        log.warn("c")
        log.error("d")
        self.assertEqual((self.out.lines, self.err.lines), (["B"], ["c", "d"]))

    def test_others(self) -> None:
        """What Twisted, or a namespace that only begins like ours, tells is not for the screen."""
        for namespace in ("twisted.internet.udp", "medappt.patients", "medappt.role"):
            log = self.logger(namespace)
            log.info("Starting factory")
            log.error("x")
        self.assertEqual((self.out.lines, self.err.lines), ([], []))

    def test_faults(self) -> None:
        """A failure that nobody expected is shown, whoever had it, with where it was."""
        log = self.logger("twisted.internet.base")
        log.failure("while reading", failure=Failure(KeyError("x")))
        log.critical("no failure")
        self.assertEqual(self.err.lines[0], "while reading")
        self.assertIn("KeyError", self.err.lines[1])
        self.assertEqual(self.err.lines[2:], ["no failure"])
        self.assertEqual(self.out.lines, [])
