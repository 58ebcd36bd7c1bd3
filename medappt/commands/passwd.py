"""``medappt passwd``: a line for ``users.txt``."""

from __future__ import annotations

import argparse
import sys

from medappt.commands.arguments import DONE, to_user, typed
from medappt.commands.password import check_password, new_password
from medappt.role.options import to_path
from medappt.wire import words

HELP = "print a line for users.txt"


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser its words."""
    parser.description = (
        "Print a line for users.txt with a hash in place of the password, which is asked for on"
        " the terminal, or read from standard input: one line."
    )
    parser.add_argument("user", type=typed(to_user), metavar="USER")
    parser.add_argument(
        "--password-file",
        type=typed(to_path),
        metavar="F",
        help="read the password from the first line of this file",
    )
    parser.set_defaults(run=_run)


def _run(parsed: argparse.Namespace) -> int:
    # not before: the other commands need no hashes
    from medappt.center.passwords import Argon2Hasher

    password = new_password(parsed.password_file)
    check_password(parsed.user, password)
    sys.stdout.write(f"{parsed.user} {Argon2Hasher().hash(words.encode(password))}\n")
    return DONE
