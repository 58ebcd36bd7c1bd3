"""The values in messages between centers: what each may be, and how it is written in JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from medappt.model.audit import AuditHead
from medappt.model.identity import Role
from medappt.model.ids import (
    AppointmentId,
    SlotName,
    home_of,
    parse_appointment_id,
    parse_person,
)
from medappt.model.records import (
    MOST_OPTIONS,
    Contact,
    Cursor,
    Entry,
    Listing,
    Page,
    Standing,
)
from medappt.wire import words
from medappt.wire.envelope import HIGHEST, RANDOM_BYTES, Incarnation

NAME_BYTES = 64
"""Of a type or a doctor: the longest message must fit, even if it is all quotation marks."""

HOST_BYTES = 255
"""No name in the domain name system is longer."""

TEXT_BYTES = 200
"""Of a refusal: what is longer is cut."""

LATEST = 2**33
"""In UTC seconds, of a slot: beyond the last IDs, which have two digits for the year (R9)."""

MOST_FREE = 9_999
"""A slot's largest capacity (section 4)."""

MAC_BYTES = 32

_HOST = re.compile(rf"[A-Za-z0-9._:%-]{{1,{HOST_BYTES}}}")


class NotOurs(ValueError):
    """A value that no message has."""


@dataclass(frozen=True, slots=True)
class Field:
    """Both ways of one kind of value; both raise ``NotOurs``."""

    write: Callable[[Any], object]
    read: Callable[[object], Any]


def _check(holds: bool, what: str) -> None:
    if not holds:
        raise NotOurs(f"expected {what}")


def _as_it_is(is_one: Callable[[Any], bool], what: str) -> Field:
    def same(value: object) -> object:
        _check(is_one(value), what)
        return value

    return Field(same, same)


def _text(is_one: Callable[[str], object], what: str) -> Field:
    return _as_it_is(lambda value: isinstance(value, str) and bool(is_one(value)), what)


def _whole(least: int, most: int) -> Field:
    # not isinstance: true and false are whole numbers there
    return _as_it_is(
        lambda value: type(value) is int and least <= value <= most,
        f"a whole number from {least} to {most}",
    )


def _is_name(text: str) -> bool:
    return (
        words.is_storable(text) and " " not in text and 1 <= len(text.encode("utf-8")) <= NAME_BYTES
    )


def _is_patient(text: str) -> bool:
    person = parse_person(text)
    return person is not None and person.role is Role.PATIENT


RECORD_ID = _text(home_of, "the ID of a record")
SLOT_ID = _text(parse_appointment_id, "the ID of a slot, such as MTLA100227")
PATIENT = _text(_is_patient, "a patient, such as MTLP2345")
NAME = _text(_is_name, f"a word of at most {NAME_BYTES} bytes")
FLAG = _as_it_is(lambda value: isinstance(value, bool), "true or false")
COUNT = _whole(0, HIGHEST)
_HOST_NAME = _text(_HOST.fullmatch, "a host")
_PORT = _whole(1, 65_535)
_SECONDS = _whole(0, LATEST)
_FREE = _whole(0, MOST_FREE)


def optional(field: Field) -> Field:
    """``field``, or ``None``."""
    return Field(
        lambda value: None if value is None else field.write(value),
        lambda value: None if value is None else field.read(value),
    )


def member_of(kind: type[Enum]) -> Field:
    """A member of ``kind``, by its value."""

    def read(value: object) -> Enum:
        try:
            return kind(value)
        except ValueError as error:
            raise NotOurs(str(error)) from None

    return Field(lambda member: member.value, read)


def _array(value: object, size: int | None = None) -> list[object]:
    if not isinstance(value, list) or (size is not None and len(value) != size):
        raise NotOurs("expected an array")
    return value


def _write_instant(instant: datetime) -> object:
    _check(instant.tzinfo is not None and instant.microsecond == 0, "an aware instant")
    return _SECONDS.write(int(instant.timestamp()))


def _read_instant(value: object) -> datetime:
    return datetime.fromtimestamp(_SECONDS.read(value), UTC)


INSTANT = Field(_write_instant, _read_instant)


def _read_code(value: object) -> AppointmentId:
    code = parse_appointment_id(SLOT_ID.read(value))
    assert code is not None
    return code


def _write_slot_name(name: SlotName) -> object:
    return [SLOT_ID.write(str(name.code)), NAME.write(name.type)]


def _read_slot_name(value: object) -> SlotName:
    code, type_ = _array(value, 2)
    return SlotName(code=_read_code(code), type=NAME.read(type_))


SLOT_NAME = Field(_write_slot_name, _read_slot_name)
_CONTACT = (optional(NAME), optional(_HOST_NAME), optional(_PORT))


def _write_contact(contact: Contact) -> object:
    values = (contact.name, contact.host, contact.port)
    return [field.write(value) for field, value in zip(_CONTACT, values, strict=True)]


def _read_contact(value: object) -> Contact:
    values = zip(_CONTACT, _array(value, len(_CONTACT)), strict=True)
    name, host, port = (field.read(each) for field, each in values)
    return Contact(name=name, host=host, port=port)


CONTACT = Field(_write_contact, _read_contact)


def _write_text(text: str) -> object:
    # for people: what would not travel is shown escaped, or cut
    return words.displayable(text).encode("utf-8")[:TEXT_BYTES].decode("utf-8", "ignore")


def _read_text(value: object) -> str:
    if not isinstance(value, str) or _write_text(value) != value:
        raise NotOurs("expected a line of text")
    return value


TEXT = Field(_write_text, _read_text)


def _write_options(page: Page) -> object:
    _check(len(page.options) <= MOST_OPTIONS, f"at most {MOST_OPTIONS} options")
    return [[SLOT_ID.write(option) for option in page.options], FLAG.write(page.is_last)]


def _read_options(value: object) -> Page:
    options, is_last = _array(value, 2)
    codes = tuple(SLOT_ID.read(option) for option in _array(options))
    return Page(options=codes, is_last=FLAG.read(is_last))


OPTIONS = Field(_write_options, _read_options)


def _write_cursor(cursor: Cursor) -> object:
    return [INSTANT.write(cursor.start), SLOT_ID.write(cursor.code)]


def _read_cursor(value: object) -> Cursor:
    start, code = _array(value, 2)
    return Cursor(start=INSTANT.read(start), code=SLOT_ID.read(code))


CURSOR = Field(_write_cursor, _read_cursor)


def _read_bytes(value: object, size: int) -> bytes:
    try:
        data = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError as error:
        raise NotOurs(str(error)) from None
    _check(len(data) == size, f"{size} bytes")
    return data


def _write_run(run: Incarnation) -> object:
    return [run.boot, run.random.hex()]


def _read_run(value: object) -> Incarnation:
    boot, random = _array(value, 2)
    return Incarnation(boot=COUNT.read(boot), random=_read_bytes(random, RANDOM_BYTES))


RUN = Field(_write_run, _read_run)


def _write_head(head: AuditHead) -> object:
    _check(len(head.mac) == MAC_BYTES, f"a code of {MAC_BYTES} bytes")
    return [COUNT.write(head.sequence), head.mac.hex()]


def _read_head(value: object) -> AuditHead:
    sequence, mac = _array(value, 2)
    return AuditHead(sequence=COUNT.read(sequence), mac=_read_bytes(mac, MAC_BYTES))


HEAD = Field(_write_head, _read_head)


def written_rows(rows: Iterable[Listing]) -> Iterator[list[object]]:
    """What is written of each row: the first begins with the type of all; a start is told by the
    distance from the row before."""
    type_ = None
    start, code = 0, ""
    for row in rows:
        written: list[object] = [] if type_ == row.name.type else [NAME.write(row.name.type)]
        _check(type_ in (None, row.name.type), "rows of one type")
        before = start, code
        start, code = _SECONDS.read(INSTANT.write(row.start)), str(row.name.code)
        _check(before < (start, code), "rows by start, then ID")
        type_ = row.name.type
        yield [*written, start - before[0], SLOT_ID.write(code), _FREE.write(row.free)]


def _write_rows(rows: Sequence[Listing]) -> object:
    # one array and no array of arrays: half as many brackets, a few rows more in a page
    return [value for written in written_rows(rows) for value in written]


def _read_rows(value: object) -> tuple[Listing, ...]:
    if value == []:
        return ()
    type_, *values = _array(value)
    _check(len(values) % 3 == 0, "rows of three values")
    rows = []
    start = 0
    for distance, code, free in zip(values[::3], values[1::3], values[2::3], strict=True):
        start += COUNT.read(distance)
        rows.append(
            Listing(
                name=SlotName(code=_read_code(code), type=NAME.read(type_)),
                start=INSTANT.read(start),
                free=_FREE.read(free),
            )
        )
    return tuple(rows)


ROWS = Field(_write_rows, _read_rows)


_START = optional(INSTANT)
_STANDING = member_of(Standing)


def written_entries(entries: Iterable[Entry]) -> Iterator[list[object]]:
    """What is written of each entry; they come by ID."""
    before = ""
    for entry in entries:
        _check(before < entry.id, "entries by ID")
        before = entry.id
        yield [
            RECORD_ID.write(entry.id),
            _STANDING.write(entry.standing),
            *_array(SLOT_NAME.write(entry.name), 2),
            _START.write(entry.start),
            PATIENT.write(entry.patient),
        ]


def _read_entry(value: object) -> Entry:
    id_, standing, code, type_, start, patient = _array(value, 6)
    return Entry(
        id=RECORD_ID.read(id_),
        standing=_STANDING.read(standing),
        name=SLOT_NAME.read([code, type_]),
        start=_START.read(start),
        patient=PATIENT.read(patient),
    )


ENTRIES = Field(
    lambda entries: list(written_entries(entries)),
    lambda value: tuple(_read_entry(each) for each in _array(value)),
)
