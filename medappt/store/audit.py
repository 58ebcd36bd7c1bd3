"""The audit: which events leave a row, and how (section 9).

A row is written in the transaction of what it tells of, so that neither is there without the
other. There is one row for each effect, and one for each refused request of an administrator:

==================  ================================================================================
verb                one row whenever
==================  ================================================================================
selection           a numbered slot was reserved
cancel              an appointment was given back, or waiting ended, at the patient's request
book, swap          the home has decided for a booking or a swap; one row for a swap
move                a patient of this city was moved or placed (R7), here or in another city
waitlist, expire    a patient of this city began to wait; their waiting ended by time
abort               a booking that was not decided when the center stopped, or that the store could
                    not decide, was given up
restore             a record that a restored store had lost was written again
add, remove         a slot was opened, closed; the patients of this city in it have rows of their
                    own behind it, as who gets a place that it opens has
hold                a place was kept for a patient of another city
confirm, release    a place of another city's patient was taken; was given back
wait, unwait        a patient of another city began to wait here; waits no more
add-user …          a line of the users' file is new, different, gone
add-opening …       a line of the availabilities is new, different, gone
rehash              a password's hash was replaced by a newer one of the same password
==================  ================================================================================

All these have the outcome ``done``. A refused request of an administrator, whether it would have
had an effect or only read, has the code of its refusal instead, and the verb of the request:
``preview`` for a preview of a removal, ``request`` for a line that is no request.

No row: a request under a tag that was answered before; a message of a peer that changes nothing,
because it came before or came too late; a refused request of a patient; a request that the store
could not do (``busy``), for then it could not write the row either; what only reads. What is
PENDING is no effect yet, and the first booking on the way to a refusal leaves nothing. What is kept
for the federation itself (boots, heads, the outbox, tombstones), and notices that were told, are
nobody's appointment.

Who acts: a user, from their address; the center of another city (actor ``QUE``, source
``federation QUE``) where its message made this center do it: its HOLD, CONFIRM, RELEASE, WAIT or
UNWAIT, its answer about a hold in doubt, its MOVE; ``center``, without a role, for what follows
from another effect, from the time, or from a start, and with the source ``import`` for what the
files say.

The object is a slot as the protocol names it (``MTLA100227 Physician``), behind it at its owner the
id of the place; ``OLD to NEW`` for a swap or a move; for a numbered slot its index, start and
doctor; or the user, or the opening's index.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import bindparam, or_, select

from medappt.model.audit import DONE, AuditRow, Deed
from medappt.model.identity import Role
from medappt.model.refusals import Refusal
from medappt.store import schema
from medappt.store.connection import Connection, Statement
from medappt.store.instants import from_seconds, to_seconds

ROWS_AT_ONCE = 4_096
"""Rows read at a time: an audit of years does not fit the memory."""

_audit = schema.audit
_PAGE = (
    select(
        *_audit.c["sequence", "at", "actor", "role", "source", "verb"],
        *_audit.c["patient", "object", "outcome", "tag"],
    )
    .where(_audit.c.sequence > bindparam("after"), _audit.c.at >= bindparam("since"))
    .order_by(_audit.c.sequence)
    .limit(bindparam("most"))
)
_ALL = Statement(_PAGE)
_OF_PERSON = Statement(
    _PAGE.where(
        or_(
            _audit.c.patient == bindparam("person"),
            _audit.c.actor == bindparam("person"),
            _audit.c.object == bindparam("person"),
        )
    )
)


def note_effect(connection: Connection, now: datetime, deed: Deed) -> None:
    """``deed`` was done, in this transaction."""
    _note(connection, now, deed, DONE)


def note_refusal(connection: Connection, now: datetime, deed: Deed, refusal: Refusal) -> None:
    """``deed`` was refused: a row if an administrator asked for it, nothing else."""
    if deed.origin.role is Role.ADMINISTRATOR:
        _note(connection, now, deed, refusal.code.value)


def _note(connection: Connection, now: datetime, deed: Deed, outcome: str) -> None:
    origin = deed.origin
    connection.trail.add(
        (
            to_seconds(now),
            origin.actor,
            None if origin.role is None else origin.role.value,
            origin.source,
            deed.verb.value,
            None if deed.patient is None else _plain(deed.patient),
            _plain(deed.object),
            outcome,
            deed.tag,
        )
    )


def _plain(text: str) -> str:
    """What an administrator names may be no text that can be kept."""
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def audit_rows(
    connection: Connection, *, person: str | None = None, since: datetime | None = None
) -> Iterator[AuditRow]:
    """The rows in their order: all, or those about or by ``person``; from an instant on (aware)."""
    after = 0
    seconds = 0 if since is None else to_seconds(since)
    while True:
        page = (
            connection.rows(_ALL, after=after, since=seconds, most=ROWS_AT_ONCE)
            if person is None
            else connection.rows(
                _OF_PERSON, after=after, since=seconds, most=ROWS_AT_ONCE, person=person
            )
        )
        for sequence, at, *rest in page:
            yield _to_row(sequence, at, *rest)
        if len(page) < ROWS_AT_ONCE:
            return
        after = page[-1][0]


def _to_row(
    sequence: int,
    at: int,
    actor: str,
    role: str | None,
    source: str,
    verb: str,
    patient: str | None,
    object_: str,
    outcome: str,
    tag: str | None,
) -> AuditRow:
    return AuditRow(
        sequence=sequence,
        at=from_seconds(at),
        actor=actor,
        role=role,
        source=source,
        verb=verb,
        patient=patient,
        object=object_,
        outcome=outcome,
        tag=tag,
    )
