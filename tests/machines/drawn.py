"""What ``docs/machines.md`` draws, compared with what a machine did."""

from __future__ import annotations

from collections.abc import Mapping

from twisted.trial.unittest import SynchronousTestCase

from tests.documents import DOCS, arrows, grid, section

MACHINES = DOCS / "machines.md"
NEVER = "-"
"""What a cell says of an event that cannot come in a state."""

Done = Mapping[tuple[str, str], tuple[str, str]]
"""By event and state: the state behind it, and what is answered or sent, if anything."""


class DrawnCase(SynchronousTestCase):
    """A machine and the section of the document that draws it."""

    def assert_drawn(self, title: str, done: Done, initial: str) -> None:
        """The diagram has every change of state and no other, the table every event in every
        state: those that are not in ``done`` are marked as impossible."""
        text = section(MACHINES, title)
        changes = {
            (state, event, after) for (event, state), (after, _) in done.items() if after != state
        }
        self.assertEqual(arrows(text), {("[*]", "", initial), *changes})
        found = {key: ", ".join(filter(None, outcome)) for key, outcome in done.items()}
        told = {key: cell for key, cell in grid(text).items() if cell != NEVER}
        self.assertEqual(told, found)
