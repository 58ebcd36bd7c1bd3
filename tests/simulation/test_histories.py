"""Histories that are kept: the same each time, and those that once found something."""

from __future__ import annotations

import os
import subprocess
import sys
from ast import literal_eval
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.simulation.faults import FAULTS
from tests.simulation.hunting import DIRECTED, SEEDS
from tests.simulation.runner import first_line, run_seed, tell

ROOT = Path(__file__).parents[2]

KEPT = (3, 19, 36, 49, 92)
"""Seeds that are lived through in every run of the tests; what they found is in docs/testing.md."""

_TRACES = "from tests.simulation.runner import run_seed; print([run_seed(s).trace for s in (1, 2)])"


class HistoryTests(SynchronousTestCase):
    def test_kept(self) -> None:
        """In the histories that are kept every promise is kept."""
        for seed in KEPT:
            outcome = run_seed(seed)
            self.assertIsNone(outcome.failure, f"seed {seed}")
            self.assertGreater(outcome.counts["book booked"], 0)

    def test_directed(self) -> None:
        """In the histories that are written, every promise is kept as well."""
        for seed in DIRECTED:
            self.assertIsNone(run_seed(seed).failure, f"seed {seed}")

    def test_same_seed_same_history(self) -> None:
        """A seed makes the same history in another process, whatever its hashes; another seed
        makes another."""
        traces = []
        for hash_seed in ("1", "2"):
            environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
            command = [sys.executable, "-c", _TRACES]
            done = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, check=True, timeout=100
            )
            traces.append(done.stdout)
        self.assertEqual(traces[0], traces[1])
        one, other = literal_eval(traces[0].decode())
        self.assertNotEqual(one, other)

    def test_same_story(self) -> None:
        """The story of a seed is told in the same words each time, and is the history of the
        seed."""
        stories: list[list[str]] = []
        for _ in range(2):
            lines: list[str] = []
            outcome = tell(2, None, lines.append)
            stories.append(lines)
        self.assertEqual(stories[0], stories[1])
        self.assertIn("every promise was kept", stories[0][-1])
        self.assertEqual(run_seed(2).trace, outcome.trace)


class PlantedFaultTests(SynchronousTestCase):
    """All of them are replayed by ``make simulate-faults RECORDED=yes``; these are a sample."""

    def test_enough(self) -> None:
        """There are at least 25, each with a seed within the limit and words of its own."""
        self.assertGreaterEqual(len(FAULTS), 25)
        self.assertEqual(len({fault.what for fault in FAULTS.values()}), len(FAULTS))
        for fault in FAULTS.values():
            self.assertIn(fault.seed, (*DIRECTED, *range(1, SEEDS + 1)), fault.name)

    def _assert_found(self, name: str) -> None:
        outcome = run_seed(FAULTS[name].seed, name)
        self.flushLoggedErrors()
        self.assertIsNotNone(outcome.failure, name)
        assert outcome.failure is not None
        self.assertTrue(first_line(outcome.failure))

    def test_found(self) -> None:
        """A planted fault is found at its recorded seed, and is gone afterwards."""
        for name in ("capacity-forgotten", "tag-forgotten", "audit-not-chained"):
            self._assert_found(name)
            self.assertIsNone(run_seed(FAULTS[name].seed).failure, name)
