"""``medappt book --insurance``: what the visit will cost is asked, and shown."""

from __future__ import annotations

import json

from tests.commands.scripted import ScriptedCase, ScriptedCenter

BOOKED = "booked MTLA100227 Dental doc1 {host} 41000"
PLACE = "MTLA100227  Dental  doc1  10.0.0.1  41000"
WORDS = ("book", "MTLA100227", "Dental")


class CostCase(ScriptedCase):
    """The doctor answers ``amount``, or nothing."""

    amount: bytes | None = b"30"
    host = "10.0.0.1"

    def setUp(self) -> None:
        super().setUp()
        self.asked: list[tuple[bytes, tuple[str, int]]] = []

    def meanwhile(self) -> None:
        for port in self.network.ports:
            if port.is_open:
                self.asked += port.sent
                if port.sent and self.amount is not None:
                    port.receive(self.amount, "10.0.0.1", 41000)

    def book(self, *words: str, user: str = "MTLP2345") -> int:
        self.center = ScriptedCenter({"book": BOOKED.format(host=self.host)})
        return self.run_as(user, *WORDS, *words)


class EstimateTests(CostCase):
    def test_asked(self) -> None:
        """The doctor is asked with the patient's name and plan; the answer is shown."""
        self.assertEqual(self.book("--insurance", "insurance1"), 0)
        self.assertEqual(self.asked, [(b"MTLP2345 insurance1", ("10.0.0.1", 41000))])
        self.assertEqual(self.told, [PLACE, "estimate  insurance1  30"])
        self.assertEqual(self.complaints, [])

    def test_for_a_patient(self) -> None:
        """The name is the patient's, whoever books."""
        self.book("MTLP2346", "--insurance", "insurance1", user="MTLA2345")
        self.assertEqual(self.asked[0][0], b"MTLP2346 insurance1")

    def test_file(self) -> None:
        """The plan may be in a file."""
        plan = self.file("plan.txt", "# mine\ninsurance2\n")
        self.assertEqual(self.book("--insurance-file", str(plan)), 0)
        self.assertEqual(self.asked[0][0], b"MTLP2345 insurance2")
        self.assertEqual(self.book("--insurance-file", str(plan) + "x"), 1)
        self.assertIn("No such file", self.err.getvalue())
        self.assertEqual(self.center.connections, [])
        self.assert_usage_error(
            "not allowed with", *WORDS, "--as=MTLP2345", "--insurance=a", "--insurance-file=b"
        )

    def test_terminal(self) -> None:
        """On a terminal it is a table."""
        self.is_terminal = True
        self.assertEqual(self.book("--insurance", "insurance1"), 0)
        self.assertIn("Cost", self.out.getvalue())

    def test_json(self) -> None:
        """For programs it is a field."""
        self.assertEqual(self.book("--json", "--insurance", "insurance1"), 0)
        [line] = self.told
        self.assertEqual(json.loads(line)["estimate"], {"plan": "insurance1", "amount": "30"})

    def test_unknown_plan(self) -> None:
        """A doctor without a price for the plan says ``unknown``."""
        self.amount = b"unknown"
        self.assertEqual(self.book("--insurance", "gold"), 0)
        self.assertEqual(self.told[1], "estimate  gold  unknown")


class NoEstimateTests(CostCase):
    amount = None

    def test_silent(self) -> None:
        """A doctor who does not answer is asked again, then it is 3; the appointment stands."""
        self.assertEqual(self.book("--insurance", "insurance1"), 3)
        self.assertEqual(len(self.network.ports[-1].sent), 5)
        self.assertEqual(self.told, [PLACE])
        self.assertEqual(
            self.complaints, ["medappt: the doctor did not answer; the appointment stands"]
        )
        self.assertIn("quit", self.center.asked)

    def test_json(self) -> None:
        """Programs read the place all the same."""
        self.assertEqual(self.book("--json", "--insurance", "insurance1"), 3)
        [line] = self.told
        told = json.loads(line)
        self.assertEqual((told["booked"]["id"], told["estimate"]), ("MTLA100227", None))
        self.assertEqual(len(self.complaints), 1)

    def test_nowhere(self) -> None:
        """Where the center does not know the doctor, nobody can be asked."""
        self.host = "-"
        self.assertEqual(self.book("--insurance", "insurance1"), 3)
        self.assertIn("it is not known where to ask", self.err.getvalue())
        self.assertIn("the appointment stands", self.err.getvalue())

    def test_no_way(self) -> None:
        """Nor where there is no way to the doctor."""
        self.network.no_way = OSError(101, "Network is unreachable")
        self.assertEqual(self.book("--insurance", "insurance1"), 3)
        self.assertIn("there is no way to 10.0.0.1", self.err.getvalue())

    def test_interrupted(self) -> None:
        """Who is interrupted while the doctor is asked has the place, and reads so."""
        self.meanwhile = self.interrupt  # type: ignore[method-assign]
        self.assertEqual(self.book("--json", "--insurance", "insurance1"), 1)
        [line] = self.told
        self.assertEqual(json.loads(line)["booked"]["id"], "MTLA100227")
        self.assertEqual(self.complaints, ["medappt: interrupted"])


class NamedDoctorTests(CostCase):
    host = "doctors.example"

    def meanwhile(self) -> None:
        if self.names.receivers:
            self.names.answer("10.0.0.1")
        super().meanwhile()

    def test_name(self) -> None:
        """A doctor's host may be a name."""
        self.assertEqual(self.book("--insurance", "insurance1"), 0)
        self.assertEqual(self.names.asked, ["doctors.example"])
        self.assertEqual(self.told[-1], "estimate  insurance1  30")
