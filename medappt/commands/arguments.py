"""What the words on a command line may be, for every command."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TypeVar

from medappt.role.options import coercion, to_port
from medappt.role.startup import CannotStart
from medappt.wire import words
from medappt.wire.datafiles import BrokenFile, check_user_name

T = TypeVar("T")

DONE, FAILED, USAGE, NO_ANSWER = 0, 1, 2, 3
"""Exit codes (section 6)."""

DEFAULT_SERVER = ("127.0.0.1", 21000)


class WrongUsage(CannotStart):
    """Words that argparse took, and that are none of the command all the same."""


def typed(convert: Callable[[str], T]) -> Callable[[str], T]:
    """A coercion whose own complaint argparse shows."""

    def coerce(value: str) -> T:
        try:
            return convert(value)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return coerce


def _number(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise ValueError(value)
    return int(value)


def _offset(value: str) -> int:
    sign = -1 if value.startswith("-") else 1
    return sign * to_port(value.removeprefix("-"))


to_number = coercion(_number, "a whole number")
to_offset = coercion(_offset, "a difference of ports")


def to_host(value: str) -> str:
    """A host name or address; an IPv6 address with or without its brackets."""
    host = value[1:-1] if value.startswith("[") and value.endswith("]") else value
    try:
        host.encode("idna")
    except UnicodeError:
        host = ""
    if words.split(host) != [host] or not host.isprintable():
        raise ValueError(f"expected a host name or address, not {value!r}")
    return host


def to_server(value: str) -> tuple[str, int]:
    """``HOST:PORT``; an IPv6 address in brackets, as in ``[::1]:21000``."""
    host, colon, port_word = value.rpartition(":")
    try:
        port = to_port(port_word)
        if not colon or not port or (":" in host and not host.startswith("[")):
            raise ValueError
        return to_host(host), port
    except ValueError:
        expected = "expected HOST:PORT such as 127.0.0.1:21000 or [::1]:21000"
        raise ValueError(f"{expected}, not {value!r}") from None


def to_user(value: str) -> str:
    """A name that a line of ``users.txt`` can begin with."""
    try:
        check_user_name(value, "USER")
        if words.split(value) != [value] or value.startswith("#"):
            raise ValueError
    except (BrokenFile, ValueError):
        expected = "expected one printable word, no keyword of the protocol, no @ or # before it"
        raise ValueError(f"{expected}, not {value!r}") from None
    return value
