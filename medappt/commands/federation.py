"""``medappt federation``: what the operator of a center does about its federation."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from medappt.commands import machine
from medappt.commands.arguments import DONE, WrongUsage, typed
from medappt.commands.centers import add_config, named_config
from medappt.role.files import load
from medappt.role.options import to_count, to_path
from medappt.role.startup import CannotStart
from medappt.wire.city_settings import FederationSettings
from medappt.wire.settings import read_settings

HELP = "the federation's key, places that wait for a home, and comparing records"


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser its words."""
    parser.description = "What the operator of a center does about its federation."
    commands = parser.add_subparsers(required=True, metavar="WHAT")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, allow_abbrev=False)

    _configure_new_key(command("new-key", "make a key, and keep the one before as the second"))
    _configure_holds(command("holds", "places kept for homes that have not decided"))
    _configure_reconcile(command("reconcile", "compare the records with those of the peers"))


def _configure_new_key(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Put a new key into the federation's key file, as the first; the one before is kept behind"
        " it until every center has the new one. A file that is not there is made."
    )
    add_config(parser)
    parser.add_argument(
        "--key-file", type=typed(to_path), metavar="F", help="the key file (default: the center's)"
    )
    parser.set_defaults(run=_new_key)


def _new_key(parsed: argparse.Namespace) -> int:
    # not before: the other commands need no cryptography
    from medappt.federation.keys import is_loopback, new_key

    path: Path | None = parsed.key_file
    is_here = False  # of the file alone nobody knows
    if path is None:
        config = named_config(parsed)
        federation = _federation(config)
        path = config.parent / federation.key_file
        hosts = [federation.listen[0], *(host for host, _ in federation.peers.values())]
        is_here = all(map(is_loopback, hosts))
    keys = new_key(path, machine.randomness, keeps_sample=is_here)
    sys.stdout.write(f"{path}: the first line is a new key\n")
    if keys.retiring is not None:
        sys.stdout.write(
            "The second is the one before: copy the file to every center and start each anew, then"
            " remove that line everywhere.\n"
        )
    return DONE


def _federation(config: Path) -> FederationSettings:
    settings = load(config, read_settings)
    if settings.city is None or settings.city.federation is None:
        raise CannotStart(f"{config}: these are the settings of a center without a federation")
    return settings.city.federation


def _configure_holds(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "List the places this center keeps for patients of other cities while their homes decide."
        " While the store is in use they are read from the copy its center wrote last."
    )
    add_config(parser)
    parser.add_argument(
        "--store", metavar="URL", help="the store to list from (default: the center's)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--release",
        metavar="ID",
        help="give the place of this id back, for a home that will not return; its center must be"
        " stopped",
    )
    parser.set_defaults(run=_holds)


def _holds(parsed: argparse.Namespace) -> int:
    # not before: the other commands need no store
    from medappt.commands.holds import list_holds, release
    from medappt.commands.stores import location_of, named_location

    if parsed.release is not None:
        if parsed.store is not None:
            raise WrongUsage("--release needs the center's settings: --config instead of --store")
        return release(named_config(parsed), parsed.release)
    if parsed.store is not None:
        return list_holds(named_location(parsed.store), as_json=parsed.json)
    config = named_config(parsed)
    return list_holds(location_of(load(config, read_settings), config), as_json=parsed.json)


def _configure_reconcile(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Compare the records of this center with those of its peers, as after one of them was"
        " restored from a copy; show what differs, and settle what has one safe answer. This center"
        " must be stopped, and its peers must run."
    )
    add_config(parser)
    parser.add_argument(
        "--restored",
        action="store_true",
        help="it is this center that was restored: what its patients have elsewhere is written"
        " again",
    )
    parser.add_argument(
        "--boot-above",
        type=typed(to_count),
        default=0,
        metavar="N",
        help="the highest boot number a peer has reported of this center (default: 0)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_reconcile)


def _reconcile(parsed: argparse.Namespace) -> int:
    # not before: the other commands need neither a store nor a federation
    from medappt.commands.reconciling import Comparison, reconcile
    from medappt.commands.world import run_command

    asked = Comparison(
        config=named_config(parsed),
        is_restored=parsed.restored,
        above=parsed.boot_above,
        as_json=parsed.json,
    )
    return run_command(lambda world: reconcile(world, asked))
