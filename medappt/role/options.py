"""What the options of every role have in common."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from twisted.python import usage

from medappt.role.startup import refuse

TWISTD_PID_FILE = "twistd.pid"
"""twistd's own default: while it stands, a role takes a name of its own."""

_COERCION_COMPLAINT = "Parameter type enforcement failed: "
"""What Twisted puts before the words of a coercion: it tells the operator nothing."""

T = TypeVar("T")


def coercion(convert: Callable[[str], T], expected: str) -> Callable[[str], T]:
    """A coercion whose complaint says what was expected instead of what Python said."""

    def coerce(value: str) -> T:
        try:
            return convert(value)
        except ValueError:
            raise ValueError(f"expected {expected}, not {value!r}") from None

    return coerce


def parameter(
    name: str, short: str | None, default: object, text: str, convert: Callable[[str], object]
) -> list[object]:
    """An option with a value, as ``optParameters`` wants it: a complaint begins with its name."""

    def coerce(value: str) -> object:
        try:
            return convert(value)
        except ValueError as error:
            raise ValueError(f"--{name}: {error}") from None

    return [name, short, default, text, coerce]


def _port(value: str) -> int:
    port = int(value) if value.isascii() and value.isdigit() else -1
    if not 0 <= port < 65536:
        raise ValueError(value)
    return port


def _count(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise ValueError(value)
    return int(value)


def _path(value: str) -> Path:
    if not value:
        raise ValueError(value)
    return Path(value).absolute()


to_port = coercion(_port, "a port from 0 to 65535")
to_count = coercion(_count, "a whole number")
to_path = coercion(_path, "a path")


def _running_process(pid_file: Path) -> int | None:
    """The process that a pid file names, if it runs. What twistd makes of anything else, a stale
    file or one that holds no number, is right."""
    try:
        process = int(pid_file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    if process <= 0:
        return None
    try:
        os.kill(process, 0)
    except PermissionError:  # it runs, as somebody else
        return process
    except (OSError, OverflowError):
        return None
    return process


class RoleOptions(usage.Options):
    """Options of a twistd role: a usage error is one line on stderr and exit 1, and the pid file
    is named after the role, so that several can be started in one directory."""

    role: ClassVar[str]

    def parseOptions(self, options: Any = None) -> None:
        """Parse as twistd asks us to; ends the process where the words are not right."""
        try:
            usage.Options.parseOptions(self, options)
        except usage.UsageError as error:
            refuse(self.role, str(error).removeprefix(_COERCION_COMPLAINT))

    def postOptions(self) -> None:
        parent = getattr(self, "parent", None)
        if parent is None:
            return
        if parent["pidfile"] == TWISTD_PID_FILE:
            parent["pidfile"] = f"{self.pid_name()}.pid"
        running = _running_process(Path(parent["pidfile"])) if parent["pidfile"] else None
        if running is not None:
            # twistd would say the same, in five lines
            raise usage.UsageError(
                f"already in use by process {running} here ({parent['pidfile']}), with its ports"
                " and its store: start another with --pidfile, or in another directory"
            )

    def pid_name(self) -> str:
        """What this process is called beside others of its directory."""
        return self.role

    def parseArgs(self, *arguments: str) -> None:
        if arguments:
            raise usage.UsageError(f"unexpected {arguments[0]!r}")
