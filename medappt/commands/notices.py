"""What happened to a patient's appointments without their asking, told at their next command."""

from __future__ import annotations

from collections.abc import Sequence

from medappt.commands.session import Session
from medappt.model.appointments import NoticeRow
from medappt.model.identity import Role
from medappt.model.ids import parse_person
from medappt.model.refusals import Refused
from medappt.patient.failures import LoginRefused, NoAnswer, ServerGone
from medappt.wire.replies import UnexpectedReply


async def untold(session: Session, user: str) -> Sequence[NoticeRow]:
    """What ``user`` has not been told yet; nothing for who is no patient of a city."""
    person = parse_person(user)
    if person is None or person.role is not Role.PATIENT:
        return ()
    try:
        return await session.ask(lambda city: city.notices())
    except Refused:
        # a center that knows no such request, or has no time: nobody is told, and nothing is lost
        return ()


async def tell(session: Session, notices: Sequence[NoticeRow]) -> None:
    """Say that these were shown."""
    if not notices:
        return
    last = max(notice.number for notice in notices)
    try:
        await session.ask(lambda city: city.notices(last))
    except (LoginRefused, NoAnswer, Refused, ServerGone, UnexpectedReply):
        # they are shown once more next time: better than that, or a failure, for who has read them
        return
