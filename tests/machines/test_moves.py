"""A list of options that a home runs down for one of its patients."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from medappt.model.moves import MoveRuns
from medappt.model.records import Page
from tests.machines.drawn import DrawnCase

ID = "MTL-1-0102-1"
PAGE = Page(options=("QUEA100227", "QUEE100227"), is_last=False)
NEXT = Page(options=("QUEA110227",), is_last=True)
EMPTY = Page(options=(), is_last=True)


class MoveMachineTests(DrawnCase):
    """What is kept in memory of the MOVEs about one record."""

    def prepared(self, state: str) -> MoveRuns:
        runs = MoveRuns()
        if state != "idle":
            runs.arrive(ID, PAGE)
        if state == "refused":
            runs.finish(ID, PAGE)
        return runs

    def test_every_pair(self) -> None:
        """The home does what diagram and table say."""
        done = {}
        for state, (event, happen) in product(("idle", "running", "refused"), EVENTS.items()):
            if event.startswith("run ") and state != "running":
                continue
            runs = self.prepared(state)
            happen(runs)
            done[event, state] = (self.standing(runs), told(event, runs))
        self.assert_drawn("Move", done, "idle")

    def standing(self, runs: MoveRuns) -> str:
        if ID in runs._running:
            return "running"
        return "refused" if runs.answer(ID) else "idle"


def told(event: str, runs: MoveRuns) -> str:
    """What is answered to a MOVE; nothing is answered to what else happens."""
    if not event.startswith("MOVE"):
        return ""
    refused = runs.answer(ID)
    return "MOVING" if refused is None else f"MOVING {refused}"


def _end(refused: Page | None) -> Callable[[MoveRuns], object]:
    return lambda runs: runs.finish(ID, refused)


EVENTS: dict[str, Callable[[MoveRuns], object]] = {
    "MOVE": lambda runs: runs.arrive(ID, PAGE),
    "MOVE of another page": lambda runs: runs.arrive(ID, NEXT),
    "run refused whole": _end(PAGE),
    "run of no options": _end(EMPTY),
    "run ended": _end(None),
    "record gone": lambda runs: runs.forget(ID),
}
