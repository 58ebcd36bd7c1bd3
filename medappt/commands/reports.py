"""What requests come to, ready to be shown: as a table, and as JSON for programs.

The titles and the JSON are documented in ``docs/commands.md``; programs rely on them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from medappt.model.appointments import (
    Added,
    Attendance,
    Booked,
    Cancelled,
    NoticeRow,
    Removed,
    Reserved,
    Scheduled,
    SlotList,
    Swapped,
)
from medappt.model.slots import FreeSlot, SlotState

Json: TypeAlias = "str | int | bool | Sequence[Json] | Mapping[str, Json] | None"

NONE = "-"
"""Stands in a table for what is not known, or is not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """``rows`` have a cell for each of ``titles``; ``data`` is the same for programs.
    ``complaints`` are lines about what is missing. ``place`` is what an estimate can be asked
    for."""

    titles: Sequence[str]
    rows: Sequence[Sequence[str]]
    data: Mapping[str, Json] = field(default_factory=dict)
    complaints: Sequence[str] = ()
    place: Booked | Swapped | None = None


def listed(found: SlotList) -> Report:
    """Of ``list``."""
    return Report(
        titles=("ID", "Free"),
        rows=[(str(slot.code), str(slot.free)) for slot in found.slots],
        data={
            "slots": [{"id": str(slot.code), "free": slot.free} for slot in found.slots],
            "unreachable": list(found.unreachable),
        },
        complaints=[
            f"{city} is unreachable, its slots are not listed" for city in found.unreachable
        ],
    )


def placed(place: Booked | Swapped) -> Report:
    """Of ``book`` and ``swap``."""
    contact = (place.doctor, place.host, place.port)
    data: dict[str, Json] = {
        type(place).__name__.lower(): {
            "id": place.code,
            "type": place.type,
            "doctor": place.doctor,
            "host": place.host,
            "port": place.port,
        }
    }
    if isinstance(place, Booked):
        data["estimate"] = None  # until a doctor was asked, and has answered
    return Report(
        titles=("ID", "Type", "Doctor", "Host", "Port"),
        rows=[(place.code, place.type, *(NONE if each is None else str(each) for each in contact))],
        data=data,
        place=place,
    )


def reserved(place: Reserved) -> Report:
    """Of ``selection``."""
    return Report(titles=("Doctor", "Port"), rows=[(place.doctor, str(place.port))])


def cancelled(place: Cancelled) -> Report:
    """Of ``cancel``."""
    return Report(
        titles=("ID", "Type"),
        rows=[(place.code, place.type)],
        data={"cancelled": {"id": place.code, "type": _type(place.type)}},
    )


def scheduled(appointments: Sequence[Scheduled]) -> Report:
    """Of ``schedule``."""
    rows = [
        (each.code, each.type, each.state.value, each.start.isoformat(timespec="seconds"))
        for each in appointments
    ]
    return Report(
        titles=("ID", "Type", "State", "Start"),
        rows=rows,
        data={
            "appointments": [
                {"id": code, "type": _type(type_), "state": state, "start": start}
                for code, type_, state, start in rows
            ]
        },
    )


def attended(attendances: Sequence[Attendance]) -> Report:
    """Of ``patients``."""
    rows = [(each.patient, each.state.value) for each in attendances]
    return Report(
        titles=("Patient", "State"),
        rows=rows,
        data={"patients": [{"patient": patient, "state": state} for patient, state in rows]},
    )


def added(slot: Added) -> Report:
    """Of ``add``."""
    return Report(
        titles=("ID", "Type", "Capacity"),
        rows=[(slot.code, slot.type, str(slot.capacity))],
        data={"added": {"id": slot.code, "type": slot.type, "capacity": slot.capacity}},
    )


def removed(outcome: Removed, *, is_preview: bool) -> Report:
    """Of ``remove``: what became, or would become, of each patient."""
    return Report(
        titles=("Patient", "Fate", "New ID"),
        rows=[
            (
                row.patient,
                row.fate.value if row.is_confirmed else "unconfirmed",
                row.new_code or NONE,
            )
            for row in outcome.rows
        ],
        data={
            "preview" if is_preview else "removed": [
                {
                    "patient": row.patient,
                    "fate": row.fate.value,
                    "new_id": row.new_code,
                    "confirmed": row.is_confirmed,
                }
                for row in outcome.rows
            ]
        },
    )


def free_slots(slots: Sequence[FreeSlot]) -> Report:
    """Of ``available``."""
    return Report(
        titles=("Index", "Day", "Time"),
        rows=[(str(slot.index), slot.time.day_label, slot.time.time_label) for slot in slots],
    )


def all_slots(slots: Sequence[SlotState]) -> Report:
    """Of ``slots``."""
    return Report(
        titles=("Index", "Day", "Time", "Doctor", "State"),
        rows=[
            (
                str(slot.index),
                slot.time.day_label,
                slot.time.time_label,
                slot.doctor,
                "free" if slot.free else "taken",
            )
            for slot in slots
        ],
    )


def helped(lines: Sequence[str]) -> Report:
    """Of ``help``."""
    return Report(titles=("Request",), rows=[(line,) for line in lines])


def noticed(notices: Sequence[NoticeRow]) -> list[Json]:
    """Notices, for programs."""
    return [
        {
            "kind": notice.kind.value,
            "id": str(notice.code),
            "type": notice.type,
            "new_id": None if notice.new_code is None else str(notice.new_code),
            "at": notice.at.isoformat(timespec="seconds"),
        }
        for notice in notices
    ]


def _type(word: str) -> str | None:
    """The type of an appointment; numbered slots have none."""
    return None if word == NONE else word
