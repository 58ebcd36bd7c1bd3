"""What happened to one's appointments is told at the next command, until it was told."""

from __future__ import annotations

import json

from tests.commands.scripted import HANG_UP, SILENCE, ScriptedCase, ScriptedCenter

AT = "2027-02-10T18:00:00+00:00"
ROWS = (
    f"7 waitlisted MTLA100227 Dental - {AT}\n"
    f"8 moved MTLA100227 Dental QUEE110227 {AT}\n"
    f"9 expired SHEM010227 Surgeon - {AT}\n."
)
TOLD = [
    f"medappt: notice: MTLA100227 Dental was removed; you wait for another ({AT})",
    f"medappt: notice: MTLA100227 Dental was removed; your appointment is now QUEE110227 ({AT})",
    f"medappt: notice: no other place was found for SHEM010227 Surgeon; you no longer wait ({AT})",
]


class NoticeTests(ScriptedCase):
    def ask_list(self, *words: str, **script: str) -> int:
        self.center = ScriptedCenter({"list": ".", "notices": ROWS, **script})
        return self.run_as("MTLP2345", "list", "Dental", *words)

    def acknowledged(self) -> list[str]:
        return [line for line in self.center.asked if line.startswith("notices ")]

    def test_told(self) -> None:
        """They are shown before the reply, on standard error; then the center is told so."""
        self.assertEqual(self.ask_list(), 0)
        self.assertEqual(self.complaints, TOLD)
        self.assertEqual(self.center.asked[1:], ["notices", "list Dental", "notices 9", "quit"])

    def test_json(self) -> None:
        """Programs read them in a field."""
        self.ask_list("--json")
        [line] = self.told
        waits, moved, _ = json.loads(line)["notices"]
        self.assertEqual(
            moved,
            {
                "kind": "moved",
                "id": "MTLA100227",
                "type": "Dental",
                "new_id": "QUEE110227",
                "at": AT,
            },
        )
        self.assertIsNone(waits["new_id"])
        self.assertEqual(self.complaints, [])
        self.assertEqual(self.acknowledged(), ["notices 9"])

    def test_refused(self) -> None:
        """Of a request that was refused programs read nothing, and so the center is not told."""
        self.assertEqual(self.ask_list("--json", list="error busy later"), 1)
        self.assertEqual(self.acknowledged(), [])
        self.assertEqual(self.ask_list(list="error busy later"), 1)
        self.assertEqual(self.complaints, [*TOLD, "medappt: busy: later"])
        self.assertEqual(self.acknowledged(), ["notices 9"])

    def test_old_centers(self) -> None:
        """A center that knows no notices, or has no time for them, costs no word."""
        for refusal in ("error unknown-command no such request", "error busy later"):
            self.assertEqual(self.ask_list(notices=refusal), 0)
            self.assertEqual(self.complaints, [])
            self.assertEqual(self.acknowledged(), [])

    def test_not_acknowledged(self) -> None:
        """If it cannot be told that they were shown, the command is done all the same."""
        for said in ("error busy later", HANG_UP, SILENCE, "nonsense\n."):
            self.assertEqual(self.ask_list(**{"notices 9": said}), 0)
            self.assertEqual(self.complaints, TOLD)

    def test_not_written(self) -> None:
        """What could not be written was not shown."""
        self.center = ScriptedCenter({"list": "MTLA100227 1\n.", "notices": ROWS})
        self.is_full = True
        self.assertEqual(self.run_as("MTLP2345", "list", "Dental"), 1)
        self.assertEqual(self.acknowledged(), [])
        self.assertEqual(self.complaints[-1], "medappt: standard output: No space left on device")

    def test_none(self) -> None:
        """Where nothing happened nothing is said."""
        self.ask_list(notices=".")
        self.assertEqual(self.complaints, [])
        self.assertEqual(self.acknowledged(), [])
