"""The ``medappt`` command: what the words on its line mean."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from medappt import __version__
from medappt.commands import audit
from medappt.model.limits import LINE_BYTES
from medappt.role.files import read_file
from medappt.role.options import coercion, to_path, to_port
from medappt.role.startup import CannotStart
from medappt.wire import words
from medappt.wire.datafiles import BrokenFile, check_user_name
from medappt.wire.foreign import Dialect
from medappt.wire.requests import Authenticate, format_request

T = TypeVar("T")

DONE, FAILED = 0, 1
"""Exit codes; 2 is argparse's for wrong usage, 3 means that nobody answered."""

DEFAULT_SERVER = ("127.0.0.1", 21000)


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
        return FAILED
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
    _add_patient(commands.add_parser("patient", help="visit a center, and ask the doctor's price"))
    _add_passwd(commands.add_parser("passwd", help="print a line for users.txt"))
    audit.configure(commands.add_parser("audit", help=audit.HELP, allow_abbrev=False))
    commands.add_parser("demo", help="the whole scenario on this machine", add_help=False)
    return parser


def _add_patient(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Log in at a health center, take an appointment, and ask the doctor what it will cost."
    )
    add = parser.add_argument
    add(
        "--id",
        type=_typed(_to_number),
        required=True,
        metavar="N",
        help="who comes: patientN.txt and patientNinsurance.txt of the data",
    )
    add(
        "--data",
        type=_typed(to_path),
        default=Path("data"),
        metavar="DIR",
        help="where the files are (default: data)",
    )
    add(
        "--server",
        type=_typed(to_server),
        default=DEFAULT_SERVER,
        metavar="HOST:PORT",
        help="the health center (default: 127.0.0.1:21000)",
    )
    add(
        "--doctor-host",
        type=_typed(to_host),
        metavar="HOST",
        help="where the doctor is (default: on the server's host)",
    )
    add("--choose", metavar="INDEX", help="take this appointment, and ask nobody")
    add(
        "--dialect",
        choices=[dialect.value for dialect in Dialect],
        default=Dialect.LINE.value,
        help="how the server and its doctors speak (default: line)",
    )
    add(
        "--classroom",
        action="store_true",
        help="show the password, and the table of all appointments",
    )
    add(
        "--doctor-port-offset",
        type=_typed(_to_offset),
        default=0,
        metavar="N",
        help="add N to the doctor's port the server names (default: 0)",
    )
    parser.set_defaults(run=_patient)


def _patient(parsed: argparse.Namespace) -> int:
    # not before: the other commands need neither reactor nor tables
    from medappt.patient.command import PatientOptions, run_patient

    host, port = parsed.server
    return run_patient(
        PatientOptions(
            number=parsed.id,
            data=parsed.data,
            server_host=host,
            server_port=port,
            doctor_host=parsed.doctor_host,
            doctor_port_offset=parsed.doctor_port_offset,
            choose=parsed.choose,
            is_classroom=parsed.classroom,
            dialect=Dialect(parsed.dialect),
        )
    )


def _add_passwd(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Print a line for users.txt with a hash in place of the password, which is asked for on"
        " the terminal, or read from standard input: one line."
    )
    parser.add_argument("user", type=_typed(to_user), metavar="USER")
    parser.add_argument(
        "--password-file",
        type=_typed(to_path),
        metavar="F",
        help="read the password from the first line of this file",
    )
    parser.set_defaults(run=_passwd)


def _passwd(parsed: argparse.Namespace) -> int:
    # not before: the other commands need no hashes
    from medappt.center.passwords import Argon2Hasher

    password = _read_password(parsed.password_file)
    check_password(parsed.user, password)
    sys.stdout.write(f"{parsed.user} {Argon2Hasher().hash(words.encode(password))}\n")
    return DONE


def _read_password(file: Path | None) -> str:
    if file is not None:
        return _first_line(read_file(file))
    if sys.stdin is None:
        raise CannotStart("there is no standard input to read a password from")
    if not sys.stdin.isatty():
        return _first_line(sys.stdin.buffer.readline(LINE_BYTES + 2))
    try:
        password = getpass.getpass("Password: ")
        if getpass.getpass("Once more: ") == password:
            return password
    except EOFError:
        raise CannotStart("end of input: no password was given") from None
    raise CannotStart("the two passwords differ")


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


def _demo(arguments: Sequence[str]) -> int:
    # not before: it needs what all the roles need
    from medappt.demo import main as play

    return play(arguments)


def _typed(convert: Callable[[str], T]) -> Callable[[str], T]:
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


_to_number = coercion(_number, "a whole number")
_to_offset = coercion(_offset, "a difference of ports")
