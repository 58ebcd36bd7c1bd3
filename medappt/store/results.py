"""Requests that happen once: the answers to tagged requests, kept with their effect (section 4)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy import bindparam, delete, literal_column, select
from sqlalchemy.dialects.sqlite import insert

from medappt.model.audit import Deed
from medappt.model.limits import TAG_SECONDS
from medappt.model.refusals import Code, Refusal
from medappt.model.slots import Slot
from medappt.store import schema
from medappt.store.answers import Answer, NumberedAnswer, decode_answer, encode_answer
from medappt.store.audit import note_refusal
from medappt.store.batches import Batch
from medappt.store.connection import Connection, Statement
from medappt.store.instants import to_seconds

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

    answer: NumberedAnswer
    changed: Slot | None = None


def tag_of(tagged: Tagged | None) -> str | None:
    """The tag of a request that has one."""
    return None if tagged is None else tagged.tag


class Repeatable(Protocol):
    """A request that may have come before."""

    @property
    def tagged(self) -> Tagged | None: ...

    @property
    def at(self) -> datetime: ...


class Request(Repeatable, Protocol):
    """One that the audit knows."""

    @property
    def deed(self) -> Deed: ...


R = TypeVar("R", bound=Request)

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
    same tag with another text is refused. What ``effect`` answers, refusals too, is kept in the
    same transaction. The audit gets the refusals of administrators; ``effect`` notes its effects.
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
        if isinstance(outcome.answer, Refusal):
            note_refusal(connection, request.at, request.deed, outcome.answer)
        if request.tagged is not None:
            digest = request.tagged.digest
            given[request.tagged.key] = _Given(digest, outcome.answer)
            rows.append(
                (*request.tagged.key, digest, encode_answer(outcome.answer), to_seconds(request.at))
            )
    if rows:
        connection.change(_KEEP, batch=_answered.encode(rows))
    return [
        outcomes[position] if position in outcomes else _outcome_again(connection, request, given)
        for position, request in enumerate(requests)
    ]


def _look_up(
    connection: Connection, requests: Sequence[Repeatable]
) -> dict[tuple[str, str], _Given]:
    """The answers on record, but for those too old for the first request that asks."""
    oldest: dict[tuple[str, str], int] = {}
    for request in requests:
        if request.tagged is not None:
            oldest.setdefault(request.tagged.key, to_seconds(request.at) - TAG_SECONDS)
    if not oldest:
        return {}
    return {
        (user, tag): _Given(digest, decode_answer(answer))
        for user, tag, digest, answer, at in connection.rows(_FIND, batch=_asked.encode(oldest))
        if at >= oldest[user, tag]
    }


def _outcome_again(
    connection: Connection, request: Request, given: dict[tuple[str, str], _Given]
) -> Outcome:
    answer = _again(request, given)
    if answer is REUSED:
        note_refusal(connection, request.at, request.deed, REUSED)
    assert isinstance(answer, NumberedAnswer), "the same text is the same kind of request"
    return Outcome(answer=answer)


def _again(request: Repeatable, given: dict[tuple[str, str], _Given]) -> Answer:
    assert request.tagged is not None
    before = given[request.tagged.key]
    return before.answer if before.digest == request.tagged.digest else REUSED


@dataclass(frozen=True, kw_only=True, slots=True)
class _Bare:
    tagged: Tagged | None
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """The answer to a request; ``is_repeat`` if it was given before and nothing happened now."""

    answer: Answer
    is_repeat: bool = False


def once(
    connection: Connection,
    deed: Deed,
    tagged: Tagged | None,
    now: datetime,
    effect: Callable[[], Answer],
) -> Answered:
    """Have ``effect`` happen unless it did under this tag, and keep what it answers. ``deed`` is
    what is asked; ``effect`` notes what it does in the audit itself, refusals are noted here."""
    before = recall(connection, deed, tagged, now)
    if before is not None:
        return before
    answer = effect()
    if isinstance(answer, Refusal):
        return refuse(connection, deed, tagged, now, answer)
    keep(connection, tagged, now, answer)
    return Answered(answer=answer)


def recall(
    connection: Connection, deed: Deed, tagged: Tagged | None, now: datetime
) -> Answered | None:
    """What was answered under this tag before, or the refusal of a tag that is reused with
    another text, noted in the audit; ``None`` where the request is new, or has no tag."""
    request = _Bare(tagged=tagged, at=now)
    given = _look_up(connection, [request])
    if not given:
        return None
    answer = _again(request, given)
    if answer is REUSED:
        note_refusal(connection, now, deed, REUSED)
        return Answered(answer=REUSED)
    return Answered(answer=answer, is_repeat=True)


def refuse(
    connection: Connection, deed: Deed, tagged: Tagged | None, now: datetime, refusal: Refusal
) -> Answered:
    """``deed`` is refused: kept under its tag, and noted in the audit."""
    note_refusal(connection, now, deed, refusal)
    keep(connection, tagged, now, refusal)
    return Answered(answer=refusal)


def remember(
    connection: Connection, deed: Deed, tagged: Tagged | None, now: datetime, refusal: Refusal
) -> Answered:
    """The same for a request that was refused before it came to the store (its syntax, the rights
    of its user): what was answered under its tag before is answered again."""
    return once(connection, deed, tagged, now, lambda: refusal)


def keep(connection: Connection, tagged: Tagged | None, now: datetime, answer: Answer) -> None:
    """Keep what is answered under this tag, in the place of what was."""
    if tagged is not None:
        row = (*tagged.key, tagged.digest, encode_answer(answer), to_seconds(now))
        connection.change(_KEEP, batch=_answered.encode([row]))


def forget_expired(connection: Connection, now: datetime) -> int:
    """Drop the answers that are older than ``limits.TAG_SECONDS``; how many."""
    return connection.change(_FORGET, oldest=to_seconds(now) - TAG_SECONDS)
