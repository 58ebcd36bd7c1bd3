"""Passwords: from a file, the environment, a terminal, or standard input; never an argument."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from medappt.model.limits import LINE_BYTES
from medappt.role.files import read_file
from medappt.role.startup import CannotStart
from medappt.wire import words
from medappt.wire.requests import Authenticate, format_request

VARIABLE = "MEDAPPT_PASSWORD"
_PROMPT = "Password: "


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """Who asks a center, and how they prove it."""

    user: str
    password: str = field(repr=False)


def new_password(file: Path | None) -> str:
    """A password that is made now: from the first line of ``file``, typed twice on a terminal, or
    one line of standard input. Raises ``CannotStart``."""
    if file is not None:
        return _first_line(read_file(file))
    if not _is_terminal():
        return _from_standard_input()
    password = _typed(_PROMPT)
    if _typed("Once more: ") == password:
        return password
    raise CannotStart("the two passwords differ")


def known_password(file: Path | None, environment: Mapping[str, str], *, may_read: bool) -> str:
    """A password to log in with: from the first line of ``file``, else ``VARIABLE``, else typed on
    the terminal. Where standard input is none it is one line of it, if we ``may_read`` that.
    Raises ``CannotStart``."""
    if file is not None:
        return _first_line(read_file(file))
    if environment.get(VARIABLE):
        return environment[VARIABLE]
    if _is_terminal():
        return _typed(_PROMPT)
    if may_read:
        return _from_standard_input()
    raise CannotStart(
        f"no password was given: standard input has the requests, use --password-file or {VARIABLE}"
    )


def _is_terminal() -> bool:
    if sys.stdin is None:
        raise CannotStart("there is no standard input to read a password from")
    return sys.stdin.isatty()


def _typed(prompt: str) -> str:
    try:
        return getpass.getpass(prompt)
    except EOFError:
        raise CannotStart("end of input: no password was given") from None


def _from_standard_input() -> str:
    return _first_line(sys.stdin.buffer.readline(LINE_BYTES + 2))


def _first_line(data: bytes) -> str:
    return words.decode(data.partition(b"\n")[0].removesuffix(b"\r"))


def check_password(user: str, password: str) -> None:
    """Raise ``CannotStart`` unless a patient could log in so: what is no single word, or would not
    fit into a line, no login can carry."""
    if not password:
        raise CannotStart("no password was given")
    if len(words.encode(password)) > LINE_BYTES or "\0" in password:
        raise CannotStart("no login can carry this password: it is too long or holds a NUL")
    try:
        format_request(Authenticate(user=user, password=password))
    except ValueError as error:
        raise CannotStart(f"no login can carry this password: {error}") from None
