"""What centers say to one another (section 8): frozen messages and the payloads they travel in.

    home → owner    HOLD, CONFIRM, RELEASE, WAIT, UNWAIT
    owner → home    STATUS (a place in doubt), MOVE (of a removed slot; or to who waits)
    home → owner    PLACES, and owner → home RECORDS: what the other keeps, to be compared
    any → any       LIST, HEADS
    any → any       STALE, to who sends as an earlier run of itself; neither request nor reply

A payload is a JSON array in its one canonical form: a request is its sequence, its word and its
values, a reply the whole key of the request, a word and values. All else is no message.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from medappt.model.audit import AuditHead as AuditHead
from medappt.model.ids import SlotName
from medappt.model.records import Cursor, Entry, Held, Listing, Page, RecordState
from medappt.model.refusals import Code, Refusal
from medappt.wire import federation_fields as form
from medappt.wire.envelope import HIGHEST, PAYLOAD_BYTES, RANDOM_BYTES, Incarnation
from medappt.wire.federation_fields import NotOurs

R_co = TypeVar("R_co", covariant=True)


class Request(Generic[R_co]):
    """A message that asks; ``R_co`` is what answers it. Every one may come any number of times."""

    __slots__ = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """It is so now, by this request or an earlier one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lost:
    """The place to confirm is unknown or was released."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordIs:
    """The home's answer to STATUS; ``None``: it has no such record."""

    state: RecordState | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Moving:
    """The home has the record. ``refused`` is the last option of a page refused whole: the next
    page, please; ``None`` says nothing yet."""

    refused: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Gone:
    """The home has no such record any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListPage:
    """Open slots by start, then ID. With ``more`` the list goes on behind the last row."""

    rows: tuple[Listing, ...]
    more: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptHead:
    """The head of the asker's audit that was kept before; ``None`` if there was none."""

    head: AuditHead | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Entries:
    """What has not begun, by ID. With ``more`` it goes on behind the last."""

    entries: tuple[Entry, ...]
    more: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold(Request[Held | Refusal]):
    """Keep a place in a slot for a patient of the sender, under an ID of the sender's making;
    ``replaces`` is the ID of the place they are moved from (R7)."""

    id: str
    name: SlotName
    patient: str
    replaces: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Confirm(Request[Done | Lost]):
    """The home has committed: the place is taken."""

    id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Release(Request[Done]):
    """The place is given back, whatever it was."""

    id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait(Request[Done]):
    """The patient of a released place waits for another."""

    id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Unwait(Request[Done]):
    """The patient waits no more."""

    id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Status(Request[RecordIs]):
    """How does the record of this place stand?"""

    id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Move(Request[Moving | Gone]):
    """Take one of the options instead of a place in a removed slot, or for a patient who waits."""

    id: str
    page: Page


@dataclass(frozen=True, kw_only=True, slots=True)
class List(Request[ListPage]):
    """Open slots of ``type``, from the first or behind the place ``after``."""

    type: str
    after: Cursor | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Heads(Request[KeptHead]):
    """The head of the sender's audit, to be kept."""

    head: AuditHead


@dataclass(frozen=True, kw_only=True, slots=True)
class Places(Request[Entries]):
    """The places of patients of the sender, and who of them waits, behind the ID ``after``."""

    after: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Records(Request[Entries]):
    """The records of places in slots of the sender, behind the ID ``after``."""

    after: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Stale:
    """Answers a datagram of ``refused``: a run of its sender with the boot number ``highest`` has
    been heard."""

    refused: Incarnation
    highest: int


Reply: TypeAlias = (
    Held | Refusal | Done | Lost | RecordIs | Moving | Gone | ListPage | KeptHead | Entries
)

_ID = form.RECORD_ID
_REQUESTS: Mapping[str, tuple[type[Request[Any]], Mapping[str, form.Field]]] = {
    "HOLD": (
        Hold,
        {
            "id": _ID,
            "name": form.SLOT_NAME,
            "patient": form.PATIENT,
            "replaces": form.optional(_ID),
        },
    ),
    "CONFIRM": (Confirm, {"id": _ID}),
    "RELEASE": (Release, {"id": _ID}),
    "WAIT": (Wait, {"id": _ID}),
    "UNWAIT": (Unwait, {"id": _ID}),
    "STATUS": (Status, {"id": _ID}),
    "MOVE": (Move, {"id": _ID, "page": form.OPTIONS}),
    "LIST": (List, {"type": form.NAME, "after": form.optional(form.CURSOR)}),
    "HEADS": (Heads, {"head": form.HEAD}),
    "PLACES": (Places, {"after": form.optional(_ID)}),
    "RECORDS": (Records, {"after": form.optional(_ID)}),
}
_REPLIES: Mapping[str, tuple[type[Reply], Mapping[str, form.Field]]] = {
    "HELD": (Held, {"start": form.INSTANT, "contact": form.CONTACT}),
    "NO": (Refusal, {"code": form.member_of(Code), "text": form.TEXT}),
    "DONE": (Done, {}),
    "LOST": (Lost, {}),
    "IS": (RecordIs, {"state": form.optional(form.member_of(RecordState))}),
    "MOVING": (Moving, {"refused": form.optional(form.SLOT_ID)}),
    "GONE": (Gone, {}),
    "ROWS": (ListPage, {"rows": form.ROWS, "more": form.FLAG}),
    "KEPT": (KeptHead, {"head": form.optional(form.HEAD)}),
    "ENTRIES": (Entries, {"entries": form.ENTRIES, "more": form.FLAG}),
}
_WORDS: Mapping[type, str] = {
    kind: word for table in (_REQUESTS, _REPLIES) for word, (kind, _) in table.items()
}
_ANSWERS: Mapping[type[Request[Any]], tuple[type[Reply], ...]] = {
    Hold: (Held, Refusal),
    Confirm: (Done, Lost),
    Release: (Done,),
    Wait: (Done,),
    Unwait: (Done,),
    Status: (RecordIs,),
    Move: (Moving, Gone),
    List: (ListPage,),
    Heads: (KeptHead,),
    Places: (Entries,),
    Records: (Entries,),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestKey:
    """What tells a request from every other: who sent it, in which run, under which sequence."""

    sender: str
    incarnation: Incarnation
    sequence: int


def answers(request: Request[Any], reply: Reply) -> bool:
    """Whether ``reply`` is an answer to a request like ``request``."""
    return isinstance(reply, _ANSWERS[type(request)])


def format_request(sequence: int, request: Request[Any]) -> bytes:
    """The payload of a request. Raises ``ValueError`` for values that cannot travel."""
    word = _WORDS[type(request)]
    return _dump([form.COUNT.write(sequence), word, *_values(request, _REQUESTS[word][1])])


def parse_request(
    sender: str, incarnation: Incarnation, payload: bytes
) -> tuple[RequestKey, Request[Any]] | None:
    """The request that ``incarnation`` of the center ``sender`` sent, or ``None``."""
    match _load(payload):
        case [sequence, str(word), *values] if word in _REQUESTS:
            try:
                request = _message(*_REQUESTS[word], values)
                key = RequestKey(
                    sender=sender, incarnation=incarnation, sequence=form.COUNT.read(sequence)
                )
                if format_request(key.sequence, request) == payload:
                    return key, request
            except NotOurs:
                return None
    return None


def format_reply(key: RequestKey, reply: Reply) -> bytes:
    """The payload of the reply to ``key``. Raises ``ValueError`` for values that cannot travel."""
    word = _WORDS[type(reply)]
    sequence = form.COUNT.write(key.sequence)
    run = form.RUN.write(key.incarnation)
    return _dump([run, sequence, word, *_values(reply, _REPLIES[word][1])])


def parse_reply(asker: str, payload: bytes) -> tuple[RequestKey, Reply] | None:
    """The reply in a datagram to the center ``asker``, or ``None``."""
    match _load(payload):
        case [run, sequence, str(word), *values] if word in _REPLIES:
            try:
                reply = _message(*_REPLIES[word], values)
                key = RequestKey(
                    sender=asker,
                    incarnation=form.RUN.read(run),
                    sequence=form.COUNT.read(sequence),
                )
                if format_reply(key, reply) == payload:
                    return key, reply
            except NotOurs:
                return None
    return None


def format_stale(stale: Stale) -> bytes:
    """The payload of a STALE."""
    return _dump([form.RUN.write(stale.refused), form.COUNT.write(stale.highest)])


def parse_stale(payload: bytes) -> Stale | None:
    """The STALE in a datagram, or ``None``."""
    match _load(payload):
        case [run, highest]:
            try:
                stale = Stale(refused=form.RUN.read(run), highest=form.COUNT.read(highest))
                if format_stale(stale) == payload:
                    return stale
            except NotOurs:
                return None
    return None


def fill_page(rows: Sequence[Listing], *, more: bool = False) -> ListPage:
    """As many of ``rows`` (by start, then ID) as fit a datagram. ``more`` tells that others follow
    behind them. Raises ``ValueError`` for rows that cannot travel."""
    fitting = _fitting(form.written_rows(rows), ListPage(rows=(), more=False), brackets=2)
    return ListPage(rows=tuple(rows[:fitting]), more=more or fitting < len(rows))


def fill_entries(entries: Sequence[Entry], *, more: bool = False) -> Entries:
    """As many of ``entries`` (by ID) as fit a datagram; like ``fill_page``."""
    fitting = _fitting(form.written_entries(entries), Entries(entries=(), more=False), brackets=0)
    return Entries(entries=tuple(entries[:fitting]), more=more or fitting < len(entries))


def _fitting(written: Iterable[list[object]], empty: Reply, *, brackets: int) -> int:
    """How many of what is ``written`` fit a datagram, each without so many of its brackets. The
    reply is ``empty`` without them."""
    room = PAYLOAD_BYTES - len(format_reply(_LONGEST_KEY, empty)) + 1  # no comma behind the last
    count = 0
    for each in written:
        room -= len(_dump(each)) - brackets + 1  # with a comma behind it
        if room < 0:
            break
        count += 1
    return count


def _message(
    kind: Callable[..., Any], names: Mapping[str, form.Field], values: Sequence[object]
) -> Any:
    if len(values) != len(names):
        raise NotOurs(f"{len(names)} values")
    pairs = zip(names.items(), values, strict=True)
    return kind(**{name: field.read(value) for (name, field), value in pairs})


def _values(message: Request[Any] | Reply, names: Mapping[str, form.Field]) -> list[object]:
    return [field.write(getattr(message, name)) for name, field in names.items()]


def _load(payload: bytes) -> list[object] | None:
    if len(payload) > PAYLOAD_BYTES:
        return None
    try:
        values = json.loads(payload.decode("utf-8"))
    except (ValueError, RecursionError):  # a thousand brackets are no message either
        return None
    return values if isinstance(values, list) else None


def _dump(values: Sequence[object]) -> bytes:
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    payload = text.encode("utf-8")
    if len(payload) > PAYLOAD_BYTES:
        raise ValueError(f"a message has at most {PAYLOAD_BYTES} bytes, not {len(payload)}")
    return payload


_LONGEST_KEY = RequestKey(
    sender="",
    incarnation=Incarnation(boot=HIGHEST, random=bytes(RANDOM_BYTES)),
    sequence=HIGHEST,
)
