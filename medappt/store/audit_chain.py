"""The chain that shows whether the audit is still as it was written (section 9).

    mac of a commit = HMAC-SHA256(key, mac of the commit before, rows of the commit as JSON)

The first commit is chained to 32 zero bytes. The mac stands in the last row of its commit; that row
and its mac are the head. Who changes, removes, swaps or adds rows cannot make the macs without the
key. Who cuts the end off leaves a whole chain: that is found by a copy of a later head.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, String, bindparam, case, insert, select

from medappt.model.audit import AuditHead
from medappt.store import schema
from medappt.store.batches import Batch
from medappt.store.connection import Connection, Statement
from medappt.store.trail import MAC_BYTES

FIRST_MAC = bytes(MAC_BYTES)
"""What the first commit is chained to."""

ROWS_AT_ONCE = 4_096
"""Rows read at a time: an audit of years does not fit the memory."""

_FIELDS = (
    *("sequence", "at", "actor", "role", "source", "verb"),
    *("patient", "object", "outcome", "tag"),
)
_LOWEST = -(2**63)  # a row could have been inserted before the first

_audit = schema.audit
_rows = Batch(*_FIELDS)
_ADD = Statement(
    insert(_audit).from_select(
        (*_FIELDS, "mac"),
        select(
            *(_rows.field(name) for name in _FIELDS),
            case((_rows.field("sequence") == bindparam("last", Integer), bindparam("mac", String))),
        ).select_from(_rows.table),
        include_defaults=False,
    )
)
_LAST = Statement(select(*_audit.c["sequence", "mac"]).order_by(_audit.c.sequence.desc()).limit(1))
_MAC = Statement(select(_audit.c.mac).where(_audit.c.sequence == bindparam("number")))
_PAGE = Statement(
    select(*(_audit.c[name] for name in _FIELDS), _audit.c.mac)
    .where(_audit.c.sequence >= bindparam("first"))
    .order_by(_audit.c.sequence)
    .limit(bindparam("most"))
)


class ChainBroken(Exception):
    """The audit is not what was written. ``sequence`` is where; the text says what."""

    def __init__(self, sequence: int, text: str) -> None:
        super().__init__(text)
        self.sequence = sequence


class EndMissing(ChainBroken):
    """The audit ends before a head that it had."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """An audit that holds together: its rows, its commits, and its head, ``None`` if it is
    empty."""

    rows: int
    commits: int
    head: AuditHead | None


def seal(connection: Connection) -> None:
    """Write what the transactions of this commit have noted, as one link behind the last. The
    last thing before COMMIT; nothing where nothing was noted."""
    noted = connection.trail.take()
    if not noted:
        return
    last, before = _last(connection)
    rows: list[tuple[str | int | None, ...]] = [
        (last + number, *row) for number, row in enumerate(noted, 1)
    ]
    batch = _rows.encode(rows)
    mac = _mac(connection.trail.key, before, batch)
    connection.change(_ADD, batch=batch, last=last + len(rows), mac=mac.hex())


def _last(connection: Connection) -> tuple[int, bytes]:
    for sequence, mac in connection.rows(_LAST):
        return sequence, _from_hex(mac)
    return 0, FIRST_MAC


def _from_hex(mac: object) -> bytes:
    """What is no mac, by somebody's change, is taken as an empty one: the center goes on, and
    ``verify_chain`` tells."""
    try:
        return bytes.fromhex(mac) if isinstance(mac, str) else b""
    except ValueError:
        return b""


def _mac(key: bytes, before: bytes, text: str) -> bytes:
    return hmac.digest(key, before + text.encode("ascii"), "sha256")


def audit_head(connection: Connection) -> AuditHead | None:
    """The head as the last commit left it; ``None`` of an audit that is empty, or whose last row
    bears no mac by somebody's change."""
    sequence, mac = _last(connection)
    return AuditHead(sequence=sequence, mac=mac) if sequence and len(mac) == MAC_BYTES else None


def has_head(connection: Connection, head: AuditHead) -> bool:
    """Whether this audit goes through ``head``: it is, or once was, its head."""
    return connection.rows(_MAC, number=head.sequence) == [(head.mac.hex(),)]


def verify_chain(connection: Connection, key: bytes, heads: Sequence[AuditHead] = ()) -> Verified:
    """Walk the whole audit. ``key`` is the chain's, ``heads`` are copies of earlier heads.

    Raises ``ChainBroken`` for the first row that is missing, or commit that is not as it was
    written; then for the first of ``heads`` that the audit does not go through.
    """
    rows = commits = 0
    before = FIRST_MAC
    head: AuditHead | None = None
    commit: list[tuple[Any, ...]] = []
    for number, (*row, mac) in enumerate(_walk(connection), 1):
        sequence = row[0]
        if sequence != number:
            raise _misnumbered(number, sequence)
        commit.append(tuple(row))
        rows += 1
        if mac is None:
            continue
        before = _check(key, before, commit, mac)
        commits += 1
        head = AuditHead(sequence=sequence, mac=before)
        commit = []
    if commit:
        first = commit[0][0]
        raise ChainBroken(first, f"rows from {first} on belong to no commit")
    for copy in sorted(heads, key=lambda each: each.sequence):
        _check_copy(connection, copy, rows)
    return Verified(rows=rows, commits=commits, head=head)


def _walk(connection: Connection) -> Iterator[tuple[Any, ...]]:
    first = _LOWEST
    while True:
        page = connection.rows(_PAGE, first=first, most=ROWS_AT_ONCE)
        yield from page
        if len(page) < ROWS_AT_ONCE:
            return
        first = page[-1][0] + 1


def _misnumbered(expected: int, sequence: int) -> ChainBroken:
    if sequence < expected:
        return ChainBroken(sequence, f"row {sequence} was inserted before the first")
    missing = (
        f"row {expected} is"
        if sequence == expected + 1
        else (f"rows {expected} to {sequence - 1} are")
    )
    return ChainBroken(expected, f"{missing} missing")


def _check(key: bytes, before: bytes, commit: Sequence[tuple[Any, ...]], mac: object) -> bytes:
    """The mac of ``commit``, which must be ``mac``."""
    first, last = commit[0][0], commit[-1][0]
    try:
        expected = _mac(key, before, _rows.encode(commit))
    except TypeError:  # bytes, which none of ours are
        expected = b""
    if not expected or not hmac.compare_digest(expected, _from_hex(mac)):
        which = f"row {first} is" if first == last else f"one of rows {first} to {last} is"
        raise ChainBroken(first, f"{which} not what was written")
    return expected


def _check_copy(connection: Connection, copy: AuditHead, rows: int) -> None:
    if copy.sequence > rows:
        raise EndMissing(
            rows + 1,
            f"the end was cut off: {rows} rows are left, and row {copy.sequence} was the last of"
            " a commit once",
        )
    if not has_head(connection, copy):
        raise ChainBroken(
            copy.sequence, f"row {copy.sequence} is not the one that another center has heard of"
        )
