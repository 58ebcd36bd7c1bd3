"""``medappt shell``: requests one after the other, typed or piped."""

from __future__ import annotations

import argparse
import os

from medappt.commands.centers import settings_of
from medappt.commands.requests import add_insurance, add_login, read_login, read_plan

HELP = "requests one after the other, with completion"


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser its words."""
    parser.description = (
        "Log in once, then read requests: list, book, cancel, swap, schedule, patients, add,"
        " remove, and those about numbered slots, as the commands of these names; help says which"
        " are open to the user, quit ends. From a pipe, each line is a request, and the exit code"
        " that of the last that failed."
    )
    add_login(parser)
    add_insurance(parser)
    parser.set_defaults(run=_run)


def _run(parsed: argparse.Namespace) -> int:
    # not before: the other commands need neither a reactor nor readline
    from medappt.commands.completion import Vocabulary
    from medappt.commands.conversation import Visit, converse
    from medappt.commands.prompt import open_prompt

    server, login = read_login(parsed, may_read=False)
    visit = Visit(login=login, server=server, plan=read_plan(parsed))
    vocabulary = Vocabulary(_types(parsed))
    return converse(visit, vocabulary, open_prompt(login.user, vocabulary))


def _types(parsed: argparse.Namespace) -> list[str]:
    """The types of appointment, where the center was found in its settings."""
    if parsed.server is not None:
        return []
    _, settings = settings_of(parsed.user, parsed.config, os.environ)
    return [] if settings.city is None else list(settings.city.doctors)
