"""The heads of other centers' audits, as they told them (section 9)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, delete, insert, select

from medappt.model.audit import AuditHead
from medappt.store import schema
from medappt.store.connection import Connection, Statement
from medappt.store.here import Here
from medappt.store.instants import to_seconds

_heads = schema.heads
_FIND = Statement(select(*_heads.c["sequence", "mac"]).where(_heads.c.city == bindparam("peer")))
_FORGET = Statement(delete(_heads).where(_heads.c.city == bindparam("peer")))
_values: dict[str, Any] = {name: bindparam(name) for name in ("city", "sequence", "mac", "at")}
_KEEP = Statement(insert(_heads).values(_values))


def kept_head(connection: Connection, city: str) -> AuditHead | None:
    """The head that was kept of a city's audit."""
    for sequence, mac in connection.rows(_FIND, peer=city):
        return AuditHead(sequence=sequence, mac=bytes.fromhex(mac))
    return None


def keep_head(connection: Connection, here: Here, city: str, head: AuditHead) -> AuditHead | None:
    """Keep the head of a city's audit in the place of an earlier one: the one that was kept
    before. One that contradicts it is not kept: the other is what shows it."""
    before = kept_head(connection, city)
    if before is None or head.follows(before):
        connection.change(_FORGET, peer=city)
        connection.change(
            _KEEP,
            city=city,
            sequence=head.sequence,
            mac=head.mac.hex(),
            at=to_seconds(here.now),
        )
    return before
