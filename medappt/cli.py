"""The ``medappt`` command: what the first of the words on its line means."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from medappt import __version__
from medappt.commands import audit, check, federation, passwd, patient, requests, shell
from medappt.commands.arguments import FAILED, USAGE, WrongUsage
from medappt.role.startup import CannotStart
from medappt.wire import words


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code of the command with these words; ``SystemExit`` for usage, help, version."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["demo"]:  # its words are its own
        return _demo(arguments[1:])
    parsed = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = parsed.run
    try:
        return run(parsed)
    except CannotStart as error:
        sys.stderr.write(f"medappt: {words.displayable(' '.join(str(error).split()))}\n")
        return USAGE if isinstance(error, WrongUsage) else FAILED
    except KeyboardInterrupt:
        sys.stderr.write("medappt: interrupted\n")
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="medappt",
        description="Appointments at a health center.",
        epilog="Exit codes: 0 done; 1 refused or failed; 2 wrong usage; 3 no answer.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"medappt {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        # without abbreviations: who types --password SECRET must not have named a file
        return commands.add_parser(name, help=text, allow_abbrev=False)

    patient.configure(command("patient", patient.HELP))
    for form in requests.FORMS:
        requests.configure(command(form.name, form.help), form)
    shell.configure(command("shell", shell.HELP))
    check.configure(command("check", check.HELP))
    federation.configure(command("federation", federation.HELP))
    passwd.configure(command("passwd", passwd.HELP))
    audit.configure(command("audit", audit.HELP))
    commands.add_parser("demo", help="the whole scenario on this machine", add_help=False)
    return parser


def _demo(arguments: Sequence[str]) -> int:
    # not before: it needs what all the roles need
    from medappt.demo import main as play

    return play(arguments)
