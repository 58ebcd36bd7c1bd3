"""Many histories, on all processors: who fails, and what was exercised."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing import get_context
from threading import Semaphore
from typing import TypeAlias

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from twisted.logger import ILogObserver, LogEvent, globalLogBeginner
from zope.interface import implementer

from tests.simulation.faults import planted
from tests.simulation.story import Story
from tests.simulation.world import SETTLE_SECONDS, Outcome, World

Task: TypeAlias = tuple[int, str | None]
"""A seed, and the name of a planted fault."""

FAILURE_WIDTH = 300


def run_seed(seed: int, fault: str | None = None) -> Outcome:
    """One history, with a planted fault if one is named."""
    with planted(fault):
        return World(seed).run()


def tell(seed: int, fault: str | None, write: Callable[[str], object]) -> Outcome:
    """One history as a story."""
    with planted(fault):
        world = World(seed)
        story = Story(write)
        story.open(seed, world.scenery, world.weather)
        world.timeline.on_note = story
        outcome = world.run()
    write(f"{outcome.seconds:9.3f}  {'the end':12} {outcome.failure or 'every promise was kept'}")
    return outcome


def replay_command(seed: int, fault: str | None = None) -> str:
    """What prints the story of a seed."""
    return f"make simulate SEED={seed}" + ("" if fault is None else f" FAULT={fault}")


def begin_process() -> None:
    """Nobody reads the log of a history but its watch."""
    globalLogBeginner.beginLoggingTo([_Deaf()], redirectStandardIO=False, discardBuffer=True)


@implementer(ILogObserver)
class _Deaf:
    """See ``begin_process``."""

    def __call__(self, event: LogEvent) -> None:
        """Ignore it."""


def _run_task(task: Task) -> tuple[Task, Outcome]:
    return task, run_seed(*task)


def run_all(tasks: Iterable[Task]) -> Iterator[tuple[Task, Outcome]]:
    """The outcomes of ``tasks``, as they come, from as many processes as there are processors.

    Few tasks are taken ahead: which ones come later may depend on these outcomes.
    """
    processes = os.cpu_count() or 1
    ahead = Semaphore(2 * processes)

    def paced() -> Iterator[Task]:
        for task in tasks:
            ahead.acquire()
            yield task

    # fresh interpreters: nothing of one history can be seen by another's process
    with get_context("spawn").Pool(processes, begin_process) as pool:
        for done in pool.imap_unordered(_run_task, paced()):
            yield done
            ahead.release()


@dataclass
class Tally:
    """What came of many histories."""

    seeds: int = 0
    failing: list[int] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    settled: list[float] = field(default_factory=list)
    seconds: float = 0.0
    events: int = 0

    def add(self, outcome: Outcome) -> None:
        self.seeds += 1
        self.counts.update(outcome.counts)
        self.seconds += outcome.seconds
        self.events += outcome.events
        if outcome.failure is None:
            self.settled.append(outcome.settled)
        else:
            self.failing.append(outcome.seed)

    def lines(self) -> Iterator[str]:
        """For people; the last one sums it up."""
        for what, count in sorted(self.counts.items()):
            yield f"{count:9,}  {what}"
        worst = max(self.settled, default=0.0)
        yield (
            f"{self.seconds:,.0f} simulated seconds, {self.events:,} events; settled at the latest "
            f"{worst:.0f} s after the weather had cleared ({SETTLE_SECONDS:.0f} s are allowed)"
        )
        outcomes = sum(self.counts.values())
        yield f"{self.seeds} seeds, {len(self.failing)} failing, {outcomes:,} outcomes counted"


def first_line(failure: str) -> str:
    """A failure in a line."""
    return " ".join(failure.split())[:FAILURE_WIDTH]


def simulate(first: int, seeds: int | None, minutes: float | None, console: Console) -> bool:
    """Run ``seeds`` histories from ``first`` on, or as many as there is time for; whether none
    failed. One line for each that fails, then what was counted."""
    tally = Tally()
    end = None if minutes is None else time.monotonic() + 60 * minutes

    def tasks() -> Iterator[Task]:
        seed = first
        while seeds is None or seed < first + seeds:
            if end is not None and time.monotonic() >= end:
                return
            yield seed, None
            seed += 1

    with progress_bar(console) as progress:
        bar = progress.add_task("seeds", total=seeds)
        for (seed, _), outcome in run_all(tasks()):
            tally.add(outcome)
            progress.advance(bar)
            if outcome.failure is not None:
                line = f"seed {seed} fails: {first_line(outcome.failure)}"
                console.print(line, markup=False, highlight=False, soft_wrap=True)
                console.print(f"    {replay_command(seed)}", markup=False, highlight=False)
    for line in tally.lines():
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    return not tally.failing


def progress_bar(console: Console) -> Progress:
    """How far it is, on a terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )
