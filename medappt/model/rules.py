"""Who may act for whom (R5).

Of the other rules of the design (section 3), R1 (capacity) is a key of the store, R2 to R4 and R6
are ``bookings``, R7 is ``moves``, R8 (time) ``calendar`` and R9 ``ids``.
"""

from __future__ import annotations

from medappt.model.identity import User
from medappt.model.ids import PersonId
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


def whom(user: PersonId, named: PersonId | None) -> PersonId:
    """The patient for whom ``user`` acts, in a center with a city (R5).

    A patient acts for themself, named or not. An administrator names a patient (``syntax`` else)
    of the own city. ``forbidden`` is everybody else, whether or not there is such a patient.
    """
    if user.is_administrator:
        if named is None:
            raise Refused(Code.SYNTAX, "an administrator names the patient")
        if named.city != user.city:
            raise Refused(Code.FORBIDDEN, "that is a patient of another city")
        return named
    if named is not None and named != user:
        raise Refused(Code.FORBIDDEN, "that is not your own")
    return user
