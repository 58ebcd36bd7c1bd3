"""What the store of a city holds, all of it: the program itself reads no more than it needs."""

from __future__ import annotations

from sqlalchemy import select

from medappt.model.records import Verb
from medappt.store import schema
from medappt.store.connection import Connection, Statement
from medappt.store.options import Displaced, to_move, to_offer
from medappt.store.outbox import Letter
from medappt.store.waits import Waiter, waiters

_outbox = schema.outbox
_LETTERS = Statement(select(*_outbox.c["key", "peer", "verb", "record"]).order_by(_outbox.c.key))
CITIES = ("MTL", "QUE", "SHE")


def letters(connection: Connection) -> list[Letter]:
    """What has not been acknowledged, oldest first."""
    return [
        Letter(key=key, peer=peer, verb=Verb(verb), record=record)
        for key, peer, verb, record in connection.rows(_LETTERS)
    ]


def all_waiters(connection: Connection) -> list[Waiter]:
    """Who waits, of whatever city, in order of removal, then booking."""
    found = [each for city in CITIES for each in waiters(connection, city)]
    return sorted(found, key=lambda each: each.order)


def displaced(connection: Connection, owner: str) -> list[Displaced]:
    """Whom the center of ``owner`` has to ask other homes about."""
    others = [city for city in CITIES if city != owner]
    return [
        each for kind in (to_move, to_offer) for city in others for each in kind(connection, city)
    ]
