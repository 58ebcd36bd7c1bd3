"""Home: what owners have to be told, kept with what made it true until they acknowledge it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Integer, bindparam, delete, insert, select

from medappt.model.records import RecordState, Verb
from medappt.store import schema
from medappt.store.connection import Connection, Statement
from medappt.store.records import find_record


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """``peer`` has to be told ``verb`` about the record ``record``, until it acknowledges."""

    key: int
    peer: str
    verb: Verb
    record: str


_outbox = schema.outbox
_OLDEST = Statement(
    select(*_outbox.c["key", "peer", "verb", "record"])
    .where(_outbox.c.peer == bindparam("peer"))
    .order_by(_outbox.c.key)
    .limit(bindparam("most", type_=Integer))
)
_POST = Statement(
    insert(_outbox).values({name: bindparam(name) for name in ("peer", "verb", "record")})
)
_STRIKE = Statement(delete(_outbox).where(_outbox.c.key == bindparam("letter")))


def post(connection: Connection, peer: str, verb: Verb, record: str) -> None:
    """Have ``peer`` told."""
    connection.change(_POST, peer=peer, verb=verb.value, record=record)


def oldest_letters(connection: Connection, peers: Iterable[str], most: int) -> list[Letter]:
    """What each of ``peers`` has not acknowledged, at most so many for each, oldest first. The
    order they arrive in does not matter."""
    return [
        Letter(key=key, peer=peer, verb=Verb(verb), record=record)
        for each in peers
        for key, peer, verb, record in connection.rows(_OLDEST, peer=each, most=most)
    ]


def acknowledge(connection: Connection, letter: Letter, *, is_lost: bool = False) -> bool:
    """Strike a letter out that its peer has answered. Whether that is cause for alarm: the answer
    to CONFIRM was LOST (``is_lost``), and the record is still ACTIVE; else a RELEASE came first."""
    connection.change(_STRIKE, letter=letter.key)
    if not is_lost:
        return False
    record = find_record(connection, letter.record)
    return record is not None and record.state is RecordState.ACTIVE
