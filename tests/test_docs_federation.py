"""``docs/federation.md`` and the other pages on running a city say what is so."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import reduce
from importlib import import_module

from twisted.trial.unittest import SynchronousTestCase

from medappt.wire import federation
from tests.documents import DOCS, DOCUMENTS, ROOT, section, table_rows

FEDERATION = DOCS / "federation.md"
PROOFS = ("test_losses.py", "test_crash_points.py")

_TEST = re.compile(r"`(?:(\w+)\.)?(test_\w+)`")


def all_tests() -> dict[str, set[str]]:
    """The classes that have a test of each name; ``""`` for one that is in none."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            class_ = node.name if isinstance(node, ast.ClassDef) else ""
            for each in node.body if isinstance(node, ast.ClassDef) else [node]:
                if isinstance(each, ast.FunctionDef) and each.name.startswith("test_"):
                    found[each.name].add(class_)
    return found


class ProofTests(SynchronousTestCase):
    """The tests that the documents name."""

    def test_named(self) -> None:
        """Every test that is named is there, in the class that is named."""
        known = all_tests()
        for path in DOCUMENTS:
            for class_, test in _TEST.findall(path.read_text(encoding="utf-8")):
                classes = known[test]
                self.assertTrue(class_ in classes if class_ else classes, f"{path.name}: {test}")

    def test_all_losses_and_crashes(self) -> None:
        """Every test of a loss or a crash is named."""
        named = {test for _, test in _TEST.findall(FEDERATION.read_text(encoding="utf-8"))}
        for name in PROOFS:
            text = (ROOT / "tests" / "federation" / name).read_text(encoding="utf-8")
            tests = set(re.findall(r"def (test_\w+)", text))
            self.assertEqual(tests - named, set(), name)


class MessageTests(SynchronousTestCase):
    """What centers say to one another."""

    def test_words(self) -> None:
        """Every request is told with the words that answer it, and no other."""
        rows = list(table_rows(section(FEDERATION, "What centers say")))
        told = {_words(row[0])[0]: set(_words(row[3])) for row in rows}
        known = {
            word: {federation._WORDS[kind] for kind in federation._ANSWERS[request]}
            for word, (request, _) in federation._REQUESTS.items()
        }
        self.assertEqual(told, known)

    def test_weather(self) -> None:
        """Every word has its row in the table of losses."""
        title = "When a message is lost, doubled or late"
        rows = list(table_rows(section(FEDERATION, title)))
        told = {word for row in rows for word in _words(row[0])}
        untried = {"HEADS", "KEPT"}  # they are sent every minute, whatever became of the last
        known = {*federation._REQUESTS, *federation._REPLIES, "STALE"}
        self.assertEqual(told, known - untried)
        self.assertTrue(all(len(row) == 4 and all(row) for row in rows))


class NumberTests(SynchronousTestCase):
    """The constants in the table."""

    def test_values(self) -> None:
        """Each has the value that is told."""
        rows = list(table_rows(section(FEDERATION, "Numbers")))
        self.assertGreater(len(rows), 10)
        for name, value, _ in rows:
            module, _, constant = name.strip("`").rpartition(".")
            actual = reduce(getattr, constant.split("."), import_module(f"medappt.{module}"))
            self.assertEqual(float(value.replace(",", "")), actual, name)


def _words(cell: str) -> list[str]:
    return re.findall(r"`([A-Z]+)`", cell)
