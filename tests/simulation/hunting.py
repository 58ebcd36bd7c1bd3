"""The hunt for planted faults: a simulation that does not find them proves nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console

from tests.simulation.directed import SCRIPTS
from tests.simulation.faults import FAULTS
from tests.simulation.runner import Task, first_line, progress_bar, run_all

SEEDS = 60
"""A fault must be found within so many histories."""

DIRECTED = tuple(range(-len(SCRIPTS), 0))
"""The seeds of those that are not drawn."""


def hunt(names: Iterable[str] | None, console: Console) -> bool:
    """Search for each of the named faults, or for all, from seed 1 on; whether none survived."""
    wanted = list(FAULTS if names is None else names)
    survivors = list(wanted)

    def tasks() -> Iterator[Task]:
        # seed by seed: most are found by the first few
        for seed in (*DIRECTED, *range(1, SEEDS + 1)):
            for name in list(survivors):
                if name in survivors:
                    yield seed, name

    with progress_bar(console) as progress:
        bar = progress.add_task("faults", total=len(wanted))
        for (seed, name), outcome in run_all(tasks()):
            if outcome.failure is not None and name in survivors:
                survivors.remove(name)
                progress.advance(bar)
                _tell(console, name, seed, outcome.failure)
    for name in survivors:
        line = f"{name}: NOT FOUND in {SEEDS} seeds ({FAULTS[name].what})"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(f"{len(wanted)} faults, {len(survivors)} surviving", highlight=False)
    return not survivors


def replay_recorded(console: Console) -> bool:
    """Run every fault's recorded seed. One that does not show it any more, for the code has changed
    and with it the history, is searched for; whether each was found."""
    lost = []
    tasks: list[Task] = [(fault.seed, fault.name) for fault in FAULTS.values()]
    for (seed, name), outcome in run_all(tasks):
        assert name is not None
        if outcome.failure is None:
            lost.append(name)
            line = (
                f"{name}: not found at its seed {seed} any more, searched for: record the new one"
            )
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            _tell(console, name, seed, outcome.failure)
    console.print(f"{len(tasks)} faults, {len(lost)} not found at their seeds", highlight=False)
    return not lost or hunt(lost, console)


def _tell(console: Console, name: str, seed: int, failure: str) -> None:
    line = f"{name}: found at seed {seed}: {first_line(failure)}"
    console.print(line, markup=False, highlight=False, soft_wrap=True)
