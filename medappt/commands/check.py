"""``medappt check``: whether a center could start with its settings, and reaches its peers."""

from __future__ import annotations

import argparse

from medappt.commands.centers import add_config, named_config

HELP = "whether a center's settings, files, ports and peers are right"


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser its words."""
    parser.description = (
        "Look at what a center starts with, without changing it: settings, users, key, store,"
        " ports and peers. One line for each, ok or fail; exit code 1 if any fails."
    )
    add_config(parser)
    parser.set_defaults(run=_run)


def _run(parsed: argparse.Namespace) -> int:
    # not before: the other commands need neither stores nor a federation
    from medappt.commands.checking import check
    from medappt.commands.probing import probe
    from medappt.commands.world import run_command

    config = named_config(parsed)
    return run_command(lambda world: check(world, config, probe))
