"""The rules that numbered slots need; each bears its number of the design (section 3).

R1 (capacity) is a unique key of the store, R8 (time) is ``calendar``; R2 to R4, R6 and R7 are
about IDs and types, which numbered slots have not.
"""

from __future__ import annotations

from medappt.model.identity import User
from medappt.model.refusals import Code, Refused


def whose_schedule(user: User, named: str | None) -> str:
    """The patient whose schedule ``user`` asks for, in a center without a city (R5).

    A patient sees their own, named or not. An administrator names a patient: ``syntax`` else.
    A patient who names another gets ``forbidden``, whether or not such a patient exists.
    """
    if user.is_administrator:
        if named is None:
            raise Refused(Code.SYNTAX, "schedule needs a patient here")
        return named
    if named is not None and named != user.name:
        raise Refused(Code.FORBIDDEN, "that is not your own schedule")
    return user.name


def require_administrator(user: User) -> None:
    """Only an administrator looks into a slot (R5); ``forbidden`` else."""
    if not user.is_administrator:
        raise Refused(Code.FORBIDDEN, "only an administrator may do this")
