"""``medappt shell``: requests one after the other, typed or piped."""

from __future__ import annotations

import argparse

HELP = "requests one after the other, with completion"


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser its words."""
