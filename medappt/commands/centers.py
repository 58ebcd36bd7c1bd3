"""Which center a user of a city belongs to, and where it listens (section 6)."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from medappt.commands.arguments import DEFAULT_SERVER, WrongUsage, to_host, typed
from medappt.model.ids import parse_person
from medappt.role.files import load
from medappt.role.options import to_path, to_port
from medappt.role.startup import CannotStart
from medappt.wire.settings import CenterSettings, read_settings

Server: TypeAlias = tuple[str, int]

VARIABLE = "MEDAPPT_CONFIG"
SAMPLES = Path("data") / "federation"
"""Where the settings of the sample cities are."""

_COLON = re.compile(r"(?<!\\):")
_HERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to connect
"""What listens on every address is reached on this machine's own."""


def add_config(parser: argparse.ArgumentParser) -> None:
    """The option of an operator's command about the center's settings."""
    parser.add_argument(
        "--config",
        type=typed(to_path),
        metavar="F",
        help=f"the settings of the center (default: {VARIABLE})",
    )


def named_config(parsed: argparse.Namespace) -> Path:
    """The settings file that was named. Raises ``WrongUsage`` where none was."""
    named: Path | None = parsed.config
    if named is None and os.environ.get(VARIABLE):
        named = Path(os.environ[VARIABLE]).absolute()
    if named is None:
        raise WrongUsage("give the settings of the center with --config")
    return named


def settings_of(
    user: str, config: Path | None, environment: Mapping[str, str]
) -> tuple[Path, CenterSettings]:
    """The settings of the user's own center, and their file: ``config``, else that of
    ``VARIABLE``, else the sample of the city. Raises ``CannotStart``: ``WrongUsage`` for a user
    whose name has no city."""
    person = parse_person(user)
    if person is None:
        raise WrongUsage(f"{user} names no city to find a center by: give --server HOST:PORT")
    file = config or SAMPLES / f"{person.city}.toml"
    if config is None and environment.get(VARIABLE):
        file = Path(environment[VARIABLE])
    settings = load(file, read_settings)
    city = None if settings.city is None else settings.city.city
    if city != person.city:
        whose = "a center without a city" if city is None else city
        raise CannotStart(f"{file}: these are the settings of {whose}, not of {person.city}")
    return file, settings


def find_center(user: str, config: Path | None, environment: Mapping[str, str]) -> Server:
    """Where the user's own center listens. Raises ``CannotStart`` as ``settings_of``."""
    file, settings = settings_of(user, config, environment)
    server = first_server(settings.listen)
    if server is None:
        raise CannotStart(f"{file}: center.listen has no tcp: endpoint to connect to")
    return server


def first_server(listen: Iterable[str]) -> Server | None:
    """Where to connect to a center that listens there: the first ``tcp:`` endpoint with a port;
    where the settings say nothing the default."""
    descriptions = list(listen)
    servers = (server_of(description) for description in descriptions)
    found = next((server for server in servers if server is not None), None)
    return found if descriptions else DEFAULT_SERVER


def server_of(description: str) -> Server | None:
    """Where a client connects to what listens at an endpoint such as
    ``tcp:21000:interface=127.0.0.1``; ``None`` if it is no ``tcp:`` endpoint with a port."""
    kind, *arguments = _COLON.split(description)
    named = {"interface": ""}
    for position, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if equals:
            named[name] = value.replace("\\", "")
        elif position == 0:
            named["port"] = argument
    try:
        port = to_port(named.get("port", ""))
        host = to_host(_HERE.get(named["interface"], named["interface"]))
    except ValueError:
        return None
    return (host, port) if kind in ("tcp", "tcp6") and port else None
