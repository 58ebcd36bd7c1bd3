"""Home: what happened to patients' appointments without their asking, told once (R7)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, false, insert, not_, select, true, update

from medappt.model.records import Notice, NoticeKind, Record
from medappt.store import schema
from medappt.store.connection import Connection, Statement
from medappt.store.instants import from_seconds, to_seconds
from medappt.store.slots import to_name

_notices = schema.notices
_FIELDS = ("at", "patient", "root", "kind", "type", "code", "new_code")
_ADD = Statement(
    insert(_notices).values({name: bindparam(name) for name in _FIELDS} | {"is_told": false()})
)
_is_untold = (_notices.c.patient == bindparam("whose")) & not_(_notices.c.is_told)
_UNTOLD = Statement(
    select(*_notices.c[("number", *_FIELDS)]).where(_is_untold).order_by(_notices.c.number)
)
_TOLD = Statement(
    update(_notices)
    .where(_is_untold, _notices.c.number <= bindparam("last"))
    .values(is_told=true())
)


def give_notice(
    connection: Connection,
    now: datetime,
    record: Record,
    kind: NoticeKind,
    new_code: str | None = None,
) -> None:
    """Note what happened to ``record``, which is given as it was before."""
    connection.change(
        _ADD,
        at=to_seconds(now),
        patient=record.patient,
        root=record.root,
        kind=kind.value,
        type=record.name.type,
        code=str(record.name.code),
        new_code=new_code,
    )


def untold_notices(connection: Connection, patient: str) -> list[Notice]:
    """What a patient has not been told yet, in the order it happened."""
    return [
        Notice(
            number=number,
            at=from_seconds(at),
            patient=whose,
            root=root,
            kind=NoticeKind(kind),
            name=to_name(code, type_),
            new_code=new_code,
        )
        for number, at, whose, root, kind, type_, code, new_code in connection.rows(
            _UNTOLD, whose=patient
        )
    ]


def mark_told(connection: Connection, patient: str, last: int) -> None:
    """The patient was told all up to the notice with the number ``last``."""
    connection.change(_TOLD, whose=patient, last=last)
