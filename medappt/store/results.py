"""Requests that happen once: the answers to tagged requests, kept with their effect (section 4)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeAlias, TypeVar

from sqlalchemy import bindparam, delete, literal_column, select
from sqlalchemy.dialects.sqlite import insert

from medappt.model.appointments import Cancelled, Reserved
from medappt.model.limits import TAG_SECONDS
from medappt.model.refusals import Code, Refusal
from medappt.model.slots import Slot
from medappt.store import schema
from medappt.store.batches import Batch
from medappt.store.connection import Connection, Statement
from medappt.store.instants import to_seconds

Answer: TypeAlias = Reserved | Cancelled | Refusal

REUSED = Refusal(code=Code.SYNTAX, text="tag reused")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tagged:
    """What makes a request the same: who sent it, under which tag, saying what."""

    user: str
    tag: str
    text: str = field(repr=False)

    @property
    def digest(self) -> str:
        """Of the text; it may hold bytes that are no UTF-8, as lone surrogates."""
        data = self.text.encode("utf-8", "surrogateescape")
        return hashlib.blake2b(data, digest_size=32).hexdigest()

    @property
    def key(self) -> tuple[str, str]:
        return self.user, self.tag


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The answer to a request. ``changed`` is the place that changed hands by this very call:
    ``None`` for a refusal, and for an answer that was given before."""

    answer: Answer
    changed: Slot | None = None


class Repeatable(Protocol):
    """A request that may have come before."""

    @property
    def tagged(self) -> Tagged | None: ...

    @property
    def at(self) -> datetime: ...


R = TypeVar("R", bound=Repeatable)

_asked = Batch("user", "tag")
_FIND = Statement(
    select(*schema.results.c["user", "tag", "digest", "answer", "at"]).select_from(
        _asked.table.join(
            schema.results,
            (schema.results.c.user == _asked.field("user"))
            & (schema.results.c.tag == _asked.field("tag")),
        )
    )
)

_FIELDS = ("user", "tag", "digest", "answer", "at")
_answered = Batch(*_FIELDS)
_insert = insert(schema.results).from_select(
    _FIELDS,
    select(*(_answered.field(name) for name in _FIELDS))
    .select_from(_answered.table)
    .where(literal_column("true"))  # without it SQLite reads ON CONFLICT as a join
    .order_by(_answered.order),
)
_KEEP = Statement(
    _insert.on_conflict_do_update(
        index_elements=["user", "tag"],
        set_={name: _insert.excluded[name] for name in ("digest", "answer", "at")},
    )
)

_FORGET = Statement(delete(schema.results).where(schema.results.c.at < bindparam("oldest")))


@dataclass(frozen=True, slots=True)
class _Given:
    digest: str
    answer: Answer


def each_once(
    connection: Connection, requests: Sequence[R], effect: Callable[[list[R]], list[Outcome]]
) -> list[Outcome]:
    """Have those of ``requests`` that did not happen before happen, in order, by one call.

    A request that comes again gets the answer of the first, which may be in the same call; the
    same tag with another text is refused and leaves nothing behind. What ``effect`` answers,
    refusals too, is kept in the same transaction.
    """
    given = _look_up(connection, requests)
    fresh: list[int] = []
    firsts: set[tuple[str, str]] = set()
    for position, request in enumerate(requests):
        if request.tagged is None:
            fresh.append(position)
        elif request.tagged.key not in given and request.tagged.key not in firsts:
            firsts.add(request.tagged.key)
            fresh.append(position)
    outcomes: dict[int, Outcome] = {}
    if fresh:
        happened = effect([requests[position] for position in fresh])
        outcomes = dict(zip(fresh, happened, strict=True))
    rows = []
    for position, outcome in outcomes.items():
        request = requests[position]
        if request.tagged is not None:
            digest = request.tagged.digest
            given[request.tagged.key] = _Given(digest, outcome.answer)
            rows.append(
                (*request.tagged.key, digest, _encode(outcome.answer), to_seconds(request.at))
            )
    if rows:
        connection.change(_KEEP, batch=_answered.encode(rows))
    return [
        outcomes[position] if position in outcomes else _again(request, given)
        for position, request in enumerate(requests)
    ]


def _look_up(connection: Connection, requests: Sequence[R]) -> dict[tuple[str, str], _Given]:
    """The answers on record, but for those too old for the first request that asks."""
    oldest: dict[tuple[str, str], int] = {}
    for request in requests:
        if request.tagged is not None:
            oldest.setdefault(request.tagged.key, to_seconds(request.at) - TAG_SECONDS)
    if not oldest:
        return {}
    return {
        (user, tag): _Given(digest, _decode(answer))
        for user, tag, digest, answer, at in connection.rows(_FIND, batch=_asked.encode(oldest))
        if at >= oldest[user, tag]
    }


def _again(request: Repeatable, given: dict[tuple[str, str], _Given]) -> Outcome:
    assert request.tagged is not None
    before = given[request.tagged.key]
    return Outcome(answer=before.answer if before.digest == request.tagged.digest else REUSED)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Refused:
    tagged: Tagged | None
    at: datetime


def remember(connection: Connection, tagged: Tagged, now: datetime, refusal: Refusal) -> Outcome:
    """Keep the refusal of a request that was refused before it came to the store (its syntax).

    The same rules: what was answered under this tag before is answered again.
    """
    [outcome] = each_once(
        connection, [_Refused(tagged=tagged, at=now)], lambda _: [Outcome(answer=refusal)]
    )
    return outcome


def forget_expired(connection: Connection, now: datetime) -> int:
    """Drop the answers that are older than ``limits.TAG_SECONDS``; how many."""
    return connection.change(_FORGET, oldest=to_seconds(now) - TAG_SECONDS)


def _encode(answer: Answer) -> str:
    match answer:
        case Reserved():
            kept: dict[str, Any] = {"reserved": [answer.doctor, answer.port]}
        case Cancelled():
            kept = {"cancelled": [answer.code, answer.type]}
        case _:
            kept = {"refused": [answer.code.value, answer.text]}
    return json.dumps(kept)


def _decode(text: str) -> Answer:
    [(kind, values)] = json.loads(text).items()
    if kind == "reserved":
        return Reserved(doctor=values[0], port=values[1])
    if kind == "cancelled":
        return Cancelled(code=values[0], type=values[1])
    return Refusal(code=Code(values[0]), text=values[1])
