"""``docs/commands.md`` has what the commands have."""

from __future__ import annotations

import contextlib
import json
import re
from io import StringIO
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from medappt.cli import main
from medappt.commands import reconciling
from medappt.commands.requests import FORMS
from medappt.federation.reconciling import Difference, Side
from medappt.model.records import Entry, Standing
from tests.commands.test_federation import OperatorCase
from tests.commands.test_requests import BOOKED, SLOTS, RequestCase
from tests.store.cities import name

TEXT = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
_OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)")
_FIELD = re.compile(r"`([a-z_]+)`")


def section(title: str) -> str:
    """What stands under a heading, until the next."""
    match = re.search(rf"^#+ {re.escape(title)}$(.*?)(?=^#+ |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert match is not None, title
    return match[1]


def first_cells(text: str) -> list[str]:
    """Of the rows of the tables in ``text``."""
    return [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]


def options_of(*words: str) -> set[str]:
    """The options that the help of a command names."""
    out = StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        main([*words, "--help"])
    return set(_OPTION.findall(out.getvalue())) - {"help"}


class OptionTests(SynchronousTestCase):
    def test_options(self) -> None:
        """The tables have every option, and no other."""
        requests = set().union(*(options_of(form.name) for form in FORMS))
        for title, known in (
            ("Requests", requests),
            ("medappt shell", options_of("shell")),
            ("medappt check", options_of("check")),
            ("medappt federation new-key", options_of("federation", "new-key")),
            ("medappt federation holds", options_of("federation", "holds")),
            ("medappt federation reconcile", options_of("federation", "reconcile")),
        ):
            cells = [cell for cell in first_cells(section(title)) if "--" in cell]
            told = {option for cell in cells for option in _OPTION.findall(cell)}
            self.assertEqual(told, known, title)

    def test_commands(self) -> None:
        """Every request is told with its words."""
        told = [cell for cell in first_cells(section("Requests")) if "medappt " in cell]
        names = {name for cell in told for name in re.findall(r"medappt ([a-z]+)", cell)}
        self.assertEqual(names, {form.name for form in FORMS})
        for form in FORMS:
            words = [*form.words, *(f"[{word}]" for word in form.optional)]
            if form.name != "patients":  # whose words belong together
                self.assertIn(f"`medappt {' '.join([form.name, *words])}`", "".join(told))


class FieldTests(RequestCase):
    """The fields of the JSON."""

    def test_fields(self) -> None:
        """Each object has the fields of its row in the table."""
        rows = [line.split("|")[1:3] for line in section("JSON").splitlines()]
        told = {row[0].strip(" `"): row[1] for row in rows if len(row) == 2}
        start = "2027-02-10T13:00:00-05:00"
        for words, reply in (
            ("list Dental", SLOTS),
            ("book MTLA100227 Dental", BOOKED),
            ("cancel MTLA100227", "cancelled MTLA100227 Dental"),
            ("swap QUEA100227 Dental MTLA100227 Dental", BOOKED.replace("booked", "swapped")),
            ("schedule", f"MTLA100227 Dental booked {start}\n."),
            ("patients 3", "MTLP2345 booked\n."),
            ("add MTLA100227 Dental 1", "added MTLA100227 Dental 1"),
            ("remove MTLA100227 Dental", "MTLP0001 MTLA110227\n."),
            ("remove MTLA100227 Dental preview", "MTLP0001 MTLA110227\n."),
        ):
            self.assertEqual(self.ask(f"{words} --json", reply), 0)
            [line] = self.told
            fields = _FIELD.findall(told[words.split()[0]])
            for field in set(json.loads(line)) - {"notices"}:
                self.assertIn(field, fields, words)
        self.assertEqual(_FIELD.findall(told["all"])[0], "notices")


class HoldFieldTests(OperatorCase):
    def test_fields(self) -> None:
        """The fields of a hold are those of the document."""
        self.hold()
        self.operate("holds", "--config", str(self.config), "--json")
        told = json.loads(self.out.getvalue())
        text = section("medappt federation holds")
        for field in (*told, *told["holds"][0]):
            self.assertIn(f"`{field}`", text)


class DifferenceFieldTests(SynchronousTestCase):
    def test_fields(self) -> None:
        """So are those of a difference between the records of two centers."""
        slot = name("QUEA100227")
        entry = Entry(
            id="MTL-1-00ff-1", standing=Standing.TAKEN, name=slot, start=None, patient="MTLP0001"
        )
        lost = Difference(side=Side.HOME, here=entry, there=None)
        found: dict[str, tuple[Difference, ...]] = {"QUE": (lost,)}
        report = reconciling._report(found, [])
        [row] = report.rows
        self.assertEqual(len(row), len(report.titles))
        told = json.loads(json.dumps(report.data))
        text = section("medappt federation reconcile")
        for field in (*told, *told["differences"][0]):
            self.assertIn(f"`{field}`", text)
