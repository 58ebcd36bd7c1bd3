"""The rows of ``list``, ``remove`` and ``notices``, of centers with a city only, both ways."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from medappt.model.appointments import (
    Fate,
    ListedSlot,
    NoticeRow,
    Relocation,
    Removed,
    SlotList,
)
from medappt.model.ids import is_city, parse_appointment_id
from medappt.model.records import NoticeKind
from medappt.model.slots import parse_index
from medappt.wire import words
from medappt.wire.replies import UNKNOWN, Rows, UnexpectedReply

_FATES = {fate.value: fate for fate in (Fate.WAITLISTED, Fate.MOVING)}


def list_rows(found: SlotList) -> Rows:
    """``ID FREE`` per slot, then ``! CITY unreachable`` per city."""
    slots = (f"{each.code} {each.free}" for each in found.slots)
    return Rows(rows=(*slots, *(f"! {city} unreachable" for city in found.unreachable)))


def removed_rows(removed: Removed) -> Rows:
    """``PATIENT NEWID``, ``PATIENT waitlisted`` or ``PATIENT moving`` per patient, and
    ``PATIENT NEWID unconfirmed`` where it is a guess; there is no word for a guessed wait."""
    return Rows(rows=tuple(map(_removed_row, removed.rows)))


def _removed_row(row: Relocation) -> str:
    if row.new_code is None:
        return f"{row.patient} {row.fate.value}"
    return f"{row.patient} {row.new_code}{'' if row.is_confirmed else ' unconfirmed'}"


def parse_list(rows: Rows) -> SlotList:
    """The rows of ``list``; ``UnexpectedReply`` if they are others."""
    slots, unreachable = [], []
    for row in rows.rows:
        match words.split(row):
            case ["!", city, "unreachable"] if is_city(city):
                unreachable.append(city)
            case [word, number]:
                code, free = parse_appointment_id(word), parse_index(number)
                if code is None or free is None:
                    raise UnexpectedReply("a row that is no slot and its free places")
                slots.append(ListedSlot(code=code, free=free))
            case _:
                raise UnexpectedReply("a row that is no slot and its free places")
    return SlotList(slots=tuple(slots), unreachable=tuple(unreachable))


def parse_removed(rows: Rows) -> Removed:
    """The rows of ``remove``; ``UnexpectedReply`` if they are others."""
    return Removed(rows=tuple(map(_parse_removed_row, rows.rows)))


def _parse_removed_row(row: str) -> Relocation:
    match words.split(row):
        case [patient, word] if word in _FATES:
            return Relocation(patient=patient, fate=_FATES[word])
        case [patient, code, *rest] if rest in ([], ["unconfirmed"]) and parse_appointment_id(code):
            return Relocation(
                patient=patient, fate=Fate.MOVED, new_code=code, is_confirmed=not rest
            )
        case _:
            raise UnexpectedReply("a row that is no patient and what becomes of them")


def notices_rows(notices: Sequence[NoticeRow]) -> Rows:
    """``NUMBER KIND ID TYPE NEWID AT`` per notice: the ID before and after, ``-`` for none, and
    the instant in ISO 8601 with offset."""
    return Rows(
        rows=tuple(
            f"{each.number} {each.kind.value} {each.code} {each.type} {each.new_code or UNKNOWN}"
            f" {each.at.isoformat(timespec='seconds')}"
            for each in notices
        )
    )


def parse_notices(rows: Rows) -> list[NoticeRow]:
    """The rows of ``notices``; ``UnexpectedReply`` if they are others."""
    return [_parse_notice(row) for row in rows.rows]


def _parse_notice(row: str) -> NoticeRow:
    try:
        number_word, kind, code_word, type_, new_word, at_word = words.split(row)
        number, code = parse_index(number_word), parse_appointment_id(code_word)
        new_code, at = parse_appointment_id(new_word), datetime.fromisoformat(at_word)
        if number is None or code is None or (new_code is None and new_word != UNKNOWN):
            raise ValueError
        if at.tzinfo is None:
            raise ValueError
        return NoticeRow(
            number=number, kind=NoticeKind(kind), code=code, type=type_, new_code=new_code, at=at
        )
    except ValueError:
        raise UnexpectedReply("a row that is no notice") from None
