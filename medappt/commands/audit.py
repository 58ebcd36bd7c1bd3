"""``medappt audit``: the words on its line."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime
from pathlib import Path

from medappt.model.audit import AuditHead
from medappt.role.options import to_path

HELP = "what happened, and whether its record is as it was written"

_HEAD = re.compile(r"([0-9]{1,18}):([0-9a-fA-F]{64})", re.ASCII)


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser its words."""
    parser.description = "Read the audit of a center, which may be running."
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    verify = commands.add_parser(
        "verify", help="is the audit as it was written?", allow_abbrev=False
    )
    verify.description = (
        "Walk the chain of the audit, which shows whether rows were changed, removed, moved or"
        " put in, and compare it with the heads that other centers have kept, which show whether"
        " its end was cut off. Exit code 1 where it is not as it was written."
    )
    _add_store(verify)
    verify.add_argument(
        "--head",
        type=to_head,
        action="append",
        default=[],
        metavar="SEQ:MAC",
        help="a head that was kept elsewhere; may be given more than once",
    )
    verify.add_argument(
        "--peer-store",
        action="append",
        default=[],
        metavar="URL",
        help="the store of another center, which keeps a head of this one (needs --config)",
    )
    verify.add_argument(
        "--peer-config",
        type=_path,
        action="append",
        default=[],
        metavar="FILE",
        help="the settings of another center, whose store does (needs --config)",
    )
    verify.set_defaults(run=_verify)
    show = commands.add_parser("show", help="print the rows", allow_abbrev=False)
    show.description = (
        "Print the rows of the audit: columns with tabs between them, or a table on a terminal."
    )
    _add_store(show)
    show.add_argument("--patient", metavar="P", help="only rows about, or by, this user")
    show.add_argument(
        "--since",
        type=to_instant,
        metavar="T",
        help="only rows from this instant on, such as 2027-02-08T09:00 (UTC unless told)",
    )
    show.set_defaults(run=_show)


def _add_store(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--store",
        metavar="URL",
        help="where the center keeps its record (default: that of the settings, or"
        " sqlite:///medappt.sqlite3)",
    )
    parser.add_argument(
        "--config", type=_path, metavar="FILE", help="the settings file of the center"
    )


def _verify(parsed: argparse.Namespace) -> int:
    # not before: the other commands need no store
    from medappt.commands.auditing import verify

    return verify(parsed)


def _show(parsed: argparse.Namespace) -> int:
    # not before: the other commands need no store
    from medappt.commands.auditing import show

    return show(parsed)


def _path(value: str) -> Path:
    try:
        return to_path(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def to_head(value: str) -> AuditHead:
    """``SEQ:MAC``, as ``medappt audit verify`` prints it."""
    match = _HEAD.fullmatch(value)
    if match is None:
        raise argparse.ArgumentTypeError(
            f"expected SEQ:MAC, a number and 64 hexadecimal digits, not {value!r}"
        )
    return AuditHead(sequence=int(match[1]), mac=bytes.fromhex(match[2]))


def to_instant(value: str) -> datetime:
    """An instant in ISO 8601, in UTC where it says no offset."""
    try:
        instant = datetime.fromisoformat(value)
        instant = instant.replace(tzinfo=instant.tzinfo or UTC)
        return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"expected an instant such as 2027-02-08 or 2027-02-08T09:00-05:00, not {value!r}"
        ) from None
