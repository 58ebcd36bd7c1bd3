"""The requests that only a center with a city serves, put to its operations and worded."""

from __future__ import annotations

from medappt.center.city_visitor import CityVisitor
from medappt.model.appointments import Removed
from medappt.store.answers import Answer
from medappt.wire.city_replies import list_rows, notices_rows, removed_rows
from medappt.wire.city_requests import (
    Add,
    Book,
    CancelId,
    CancelIndexFor,
    CityCommand,
    ListSlots,
    Notices,
    SlotPatients,
    Swap,
)
from medappt.wire.replies import Reply, patients_rows


def as_reply(answer: Answer) -> Reply:
    """The reply that says what the store has kept under a tag."""
    return removed_rows(answer) if isinstance(answer, Removed) else answer


async def answer_city(command: CityCommand, tag: str | None, visitor: CityVisitor) -> Reply:
    """The reply to a request. Raises what the operations raise."""
    match command:
        case ListSlots():
            return list_rows(await visitor.list(command.type))
        case Book():
            return await visitor.book(command.slot, command.patient, tag)
        case CancelId():
            return await visitor.cancel(command.code, command.type, command.patient, tag)
        case CancelIndexFor():
            return await visitor.cancel_index(command.index, command.patient, tag)
        case Swap():
            return await visitor.swap(command.old, command.new, command.patient, tag)
        case SlotPatients():
            return patients_rows(await visitor.patients(command.slot))
        case Add():
            return await visitor.add(command.slot, command.capacity, tag)
        case Notices():
            return notices_rows(await visitor.notices(command.told))
        case _ if command.preview:
            return removed_rows(await visitor.preview(command.slot))
        case _:
            return removed_rows(await visitor.remove(command.slot, tag))
