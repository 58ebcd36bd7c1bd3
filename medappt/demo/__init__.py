"""``medappt demo``: whole scenarios on free loopback ports, with real processes, told role by role.

Without options the visit of patients at one health center; with ``--federation`` three cities.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from medappt.demo import cities, visits
from medappt.demo.stage import DemoFailed, Stage


def main(arguments: Sequence[str] = ()) -> int:
    """Play a scenario: 0 if everything went as it should, else 1, and says what did not."""
    parser = argparse.ArgumentParser(prog="medappt demo", description=__doc__, allow_abbrev=False)
    parser.add_argument(
        "--federation", action="store_true", help="three cities that book at one another"
    )
    play = cities.play if parser.parse_args(arguments).federation else visits.play
    try:
        with tempfile.TemporaryDirectory(prefix="medappt-demo-") as folder, ExitStack() as stack:
            play(Stage(Path(folder), stack))
    except (DemoFailed, OSError) as failure:
        print(f"medappt demo: {failure}", file=sys.stderr)  # noqa: T201
        return 1
    return 0
