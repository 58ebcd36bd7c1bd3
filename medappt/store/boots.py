"""The boot numbers of this center and of its peers: what tells a run of a center from earlier ones
(section 8, requests over UDP)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, delete, func, insert, select, update

from medappt.model.ids import boot_of
from medappt.store import schema
from medappt.store.connection import Connection, Statement


@dataclass(frozen=True, kw_only=True, slots=True)
class Boot:
    """A run of a center: its number, and the random bytes it drew at its start."""

    number: int
    randomness: bytes


_boots = schema.boots
_peers = schema.peers
_LAST = Statement(select(func.max(_boots.c.number)))
_ADD = Statement(
    insert(_boots).values(number=bindparam("number"), randomness=bindparam("randomness"))
)
_FORGET = Statement(delete(_boots).where(_boots.c.number == bindparam("boot")))
_FIND_PEER = Statement(
    select(*_peers.c["boot", "randomness"]).where(_peers.c.city == bindparam("peer"))
)
_ADD_PEER = Statement(
    insert(_peers).values({name: bindparam(name) for name in ("city", "boot", "randomness")})
)
_RAISE_PEER = Statement(
    update(_peers)
    .where(_peers.c.city == bindparam("peer"))
    .values(boot=bindparam("new_boot"), randomness=bindparam("new_randomness"))
)


def start_boot(connection: Connection, randomness: bytes, *, above: int = 0) -> int:
    """The number of the run that starts now: higher than that of every run before, and than
    ``above`` (the operator's override: the highest a peer has reported). Committed before a
    socket opens."""
    number = max(last_boot(connection), above) + 1
    connection.change(_ADD, number=number, randomness=randomness.hex())
    return number


def forget_boot(connection: Connection, number: int) -> None:
    """A peer has refused this run, as it has heard a later one: the next start takes its number
    again and is refused as well, and not accepted one day for having started so often."""
    connection.change(_FORGET, boot=number)


def last_boot(connection: Connection) -> int:
    """The number of the present run; 0 before the first."""
    [(last,)] = connection.rows(_LAST)
    return last or 0


def peer_boot(connection: Connection, peer: str) -> Boot | None:
    """The highest run of a peer that was seen."""
    for number, randomness in connection.rows(_FIND_PEER, peer=peer):
        return Boot(number=number, randomness=bytes.fromhex(randomness))
    return None


def is_of_earlier_run(connection: Connection, peer: str, id_: str) -> bool:
    """Whether an id of the center of the city ``peer`` was made in an earlier run than the highest
    that was seen of it."""
    highest, made_in = peer_boot(connection, peer), boot_of(id_)
    return highest is not None and made_in is not None and made_in < highest.number


def raise_peer_boot(connection: Connection, peer: str, boot: Boot) -> Boot:
    """A datagram of this run of a peer was opened: the highest run on record from now on. It is
    ``boot`` unless that is an earlier run, or one of the same number with other bytes."""
    known = peer_boot(connection, peer)
    if known is None:
        connection.change(_ADD_PEER, city=peer, boot=boot.number, randomness=boot.randomness.hex())
        return boot
    if boot.number <= known.number:
        return known
    connection.change(
        _RAISE_PEER, peer=peer, new_boot=boot.number, new_randomness=boot.randomness.hex()
    )
    return boot
