"""``medappt list``, ``book``, ``cancel``, ``swap``, ``schedule``, ``patients``, ``add`` and
``remove``: one request to the center of the user's city."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medappt.commands.arguments import to_server, to_user, typed
from medappt.commands.centers import Server, find_center
from medappt.commands.password import Login, check_password, known_password
from medappt.role.files import load
from medappt.role.options import to_path
from medappt.wire.datafiles import read_insurance


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """A command: the words behind it, those that may be left out, and what it does."""

    name: str
    words: Sequence[str]
    optional: Sequence[str] = ()
    help: str


FORMS = (
    Form(name="list", words=("TYPE",), help="the slots of a type, in every city"),
    Form(name="book", words=("ID", "TYPE"), optional=("PATIENT",), help="take a place"),
    Form(
        name="cancel",
        words=("ID",),
        optional=("TYPE", "PATIENT"),
        help="give a place back, or that of a numbered slot by its index",
    ),
    Form(
        name="swap",
        words=("OLDID", "OLDTYPE", "NEWID", "NEWTYPE"),
        optional=("PATIENT",),
        help="give a place back for another, both or neither",
    ),
    Form(name="schedule", words=(), optional=("PATIENT",), help="a patient's appointments"),
    Form(
        name="patients",
        words=("ID",),
        optional=("TYPE",),
        help="who has a place in a slot, or in a numbered one by its index",
    ),
    Form(name="add", words=("ID", "TYPE", "CAPACITY"), help="open a slot"),
    Form(
        name="remove",
        words=("ID", "TYPE"),
        optional=("preview",),
        help="close a slot and move its patients, or only say what would become of them",
    ),
)


def configure(parser: argparse.ArgumentParser, form: Form) -> None:
    """Give the parser the words of a form."""
    parser.description = f"{form.help[0].upper()}{form.help[1:]}."
    for word in form.words:
        parser.add_argument(word.lower(), metavar=word)
    for word in form.optional:
        parser.add_argument(word.lower(), metavar=word, nargs="?")
    add_login(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    if form.name == "book":
        add_insurance(parser)
    parser.set_defaults(run=lambda parsed: _run(parsed, form))


def add_insurance(parser: argparse.ArgumentParser) -> None:
    """The options about what a booking will cost."""
    insurance = parser.add_mutually_exclusive_group()
    insurance.add_argument(
        "--insurance", metavar="PLAN", help="ask the doctor what it will cost under this plan"
    )
    insurance.add_argument(
        "--insurance-file", type=typed(to_path), metavar="F", help="the plan is in this file"
    )


def read_plan(parsed: argparse.Namespace) -> str | None:
    """The insurance plan that was named, if any. Raises ``CannotStart``."""
    file: Path | None = parsed.insurance_file
    if file is not None:
        return load(file, read_insurance)
    plan: str | None = parsed.insurance
    return plan


def add_login(parser: argparse.ArgumentParser) -> None:
    """The options about who asks, and which center."""
    parser.add_argument(
        "--as",
        dest="user",
        type=typed(to_user),
        required=True,
        metavar="USER",
        help="who asks, such as MTLP2345",
    )
    parser.add_argument(
        "--password-file",
        type=typed(to_path),
        metavar="F",
        help="read the password from the first line of this file"
        " (default: MEDAPPT_PASSWORD, else it is asked for)",
    )
    parser.add_argument(
        "--server",
        type=typed(to_server),
        metavar="HOST:PORT",
        help="the health center (default: that of the user's city)",
    )
    parser.add_argument(
        "--config",
        type=typed(to_path),
        metavar="F",
        help="the settings of that center"
        " (default: MEDAPPT_CONFIG, else data/federation/CITY.toml)",
    )


def read_login(parsed: argparse.Namespace, *, may_read: bool) -> tuple[Server, Login]:
    """Which center to ask, and as whom. Raises ``CannotStart``."""
    server: Server = parsed.server or find_center(parsed.user, parsed.config, os.environ)
    password = known_password(parsed.password_file, os.environ, may_read=may_read)
    check_password(parsed.user, password)
    return server, Login(user=parsed.user, password=password)


def _run(parsed: argparse.Namespace, form: Form) -> int:
    # not before: the other commands need neither reactor nor tables
    from medappt.commands.asking import read_request
    from medappt.commands.errands import Errand, do
    from medappt.commands.world import run_command

    given = [getattr(parsed, word.lower()) for word in (*form.words, *form.optional)]
    request = read_request(form.name, [word for word in given if word is not None])
    plan = read_plan(parsed) if form.name == "book" else None
    server, login = read_login(parsed, may_read=True)
    errand = Errand(
        keyword=form.name,
        request=request,
        login=login,
        server=server,
        plan=plan,
        as_json=parsed.json,
    )
    return run_command(lambda world: do(world, errand))
