"""``python -m tests.simulation``: what ``make simulate`` and ``make simulate-faults`` run."""

from __future__ import annotations

import argparse
import sys
from secrets import randbelow

from rich.console import Console

from tests.simulation.hunting import hunt, replay_recorded
from tests.simulation.runner import begin_process, simulate, tell

FRESH = 1_000_000_000
"""Fresh seeds are drawn below it."""


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 if every promise was kept, and every planted fault found."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="tell the story of one history")
    parser.add_argument("--fault", help="with a planted fault; alone, search for it")
    parser.add_argument("--seeds", type=int, help="how many histories")
    parser.add_argument("--first", type=int, default=0, help="their first seed (0)")
    parser.add_argument("--minutes", type=float, help="as many as there is time for, fresh ones")
    parser.add_argument("--faults", action="store_true", help="search for every planted fault")
    parser.add_argument("--recorded", action="store_true", help="planted faults at their seeds")
    options = parser.parse_args(arguments)
    console = Console()
    if options.seed is not None:
        begin_process()
        outcome = tell(options.seed, options.fault, print)
        return 0 if outcome.failure is None else 1
    if options.recorded:
        return 0 if replay_recorded(console) else 1
    if options.faults or options.fault is not None:
        names = None if options.fault is None else [options.fault]
        return 0 if hunt(names, console) else 1
    first = options.first if options.minutes is None else randbelow(FRESH)
    seeds = options.seeds if options.minutes is None else None
    return (
        0
        if simulate(first, seeds or (None if options.minutes else 100), options.minutes, console)
        else 1
    )


if __name__ == "__main__":
    sys.exit(main())
