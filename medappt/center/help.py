"""What ``help`` answers: the requests open to a user (section 4)."""

from __future__ import annotations

from medappt.center.city_visitor import CityVisitor
from medappt.center.visitor import AnyVisitor
from medappt.wire.replies import Rows

OPEN_TO_ALL = ("authenticate USER PASSWORD", "help", "quit")
_NUMBERED = ("available", "slots", "selection INDEX", "cancel INDEX")
_ENDINGS = ("help", "quit")
_OF_PATIENTS = (*_NUMBERED, "schedule", *_ENDINGS)
_OF_ADMINISTRATORS = (*_NUMBERED, "schedule USER", "patients INDEX", *_ENDINGS)
_OF_CITY_PATIENTS = (
    "list TYPE",
    "book ID TYPE",
    "cancel ID [TYPE]",
    "swap OLDID OLDTYPE NEWID NEWTYPE",
    "schedule",
    *_NUMBERED,
    *_ENDINGS,
)
_OF_CITY_ADMINISTRATORS = (
    "list TYPE",
    "book ID TYPE PATIENT",
    "cancel ID [TYPE] PATIENT",
    "swap OLDID OLDTYPE NEWID NEWTYPE PATIENT",
    "schedule PATIENT",
    "patients ID TYPE",
    "add ID TYPE CAPACITY",
    "remove ID TYPE [preview]",
    "available",
    "slots",
    "cancel INDEX PATIENT",
    "patients INDEX",
    *_ENDINGS,
)


def help_rows(visitor: AnyVisitor | None) -> Rows:
    """The requests open to a visitor, or to somebody who has not logged in."""
    if visitor is None:
        return Rows(rows=OPEN_TO_ALL)
    is_administrator = visitor.user.is_administrator
    if isinstance(visitor, CityVisitor):
        return Rows(rows=_OF_CITY_ADMINISTRATORS if is_administrator else _OF_CITY_PATIENTS)
    return Rows(rows=_OF_ADMINISTRATORS if is_administrator else _OF_PATIENTS)
