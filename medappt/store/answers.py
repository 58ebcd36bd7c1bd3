"""The answers that are kept for tagged requests, as JSON."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

from medappt.model.appointments import (
    Added,
    Booked,
    Cancelled,
    Fate,
    Relocation,
    Removed,
    Reserved,
    Swapped,
)
from medappt.model.refusals import Code, Refusal

NumberedAnswer: TypeAlias = Reserved | Cancelled | Refusal
"""What requests about numbered slots answer."""

Answer: TypeAlias = NumberedAnswer | Booked | Swapped | Added | Removed


def encode_answer(answer: Answer) -> str:
    """One line of JSON: the kind and its values."""
    match answer:
        case Reserved():
            kept: dict[str, list[Any]] = {"reserved": [answer.doctor, answer.port]}
        case Cancelled():
            kept = {"cancelled": [answer.code, answer.type]}
        case Booked():
            kept = {"booked": _values(answer)}
        case Swapped():
            kept = {"swapped": _values(answer)}
        case Added():
            kept = {"added": [answer.code, answer.type, answer.capacity]}
        case Removed():
            kept = {
                "removed": [
                    [row.patient, row.fate.value, row.new_code, row.is_confirmed]
                    for row in answer.rows
                ]
            }
        case _:
            kept = {"refused": [answer.code.value, answer.text]}
    return json.dumps(kept)


def _values(answer: Booked | Swapped) -> list[Any]:
    return [answer.code, answer.type, answer.doctor, answer.host, answer.port]


def decode_answer(text: str) -> Answer:
    """What ``encode_answer`` wrote."""
    [(kind, values)] = json.loads(text).items()
    match kind:
        case "reserved":
            return Reserved(doctor=values[0], port=values[1])
        case "cancelled":
            return Cancelled(code=values[0], type=values[1])
        case "booked" | "swapped":
            code, type_, doctor, host, port = values
            answer = Booked if kind == "booked" else Swapped
            return answer(code=code, type=type_, doctor=doctor, host=host, port=port)
        case "added":
            return Added(code=values[0], type=values[1], capacity=values[2])
        case "removed":
            return Removed(
                rows=tuple(
                    Relocation(
                        patient=patient, fate=Fate(fate), new_code=new_code, is_confirmed=confirmed
                    )
                    for patient, fate, new_code, confirmed in values
                )
            )
    return Refusal(code=Code(values[0]), text=values[1])
