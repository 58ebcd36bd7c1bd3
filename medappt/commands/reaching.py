"""What ``medappt check`` finds on the network: the center's own ports, and its peers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Protocol, TypeAlias

from twisted.internet.protocol import DatagramProtocol, Factory

from medappt.center.options import DEFAULT_LISTEN
from medappt.commands.centers import server_of
from medappt.commands.findings import Finding
from medappt.commands.world import World
from medappt.federation.service import FederationConfiguration
from medappt.model.refusals import Refused
from medappt.patient.failures import NoAnswer, ServerGone
from medappt.patient.remote_city import connect_city
from medappt.role.listening import Ports, parse_place
from medappt.role.startup import CannotStart
from medappt.wire.replies import UnexpectedReply

MOST_APART = timedelta(seconds=10)
"""Of the clocks of two centers: beyond it they differ, for too long, about what has begun (R8)."""

ANSWERS = "a health center answers"
"""Where the center listens and is up; whose it is cannot be told."""

_LOOKED_AT = ("tcp", "tcp6", "ssl")
"""Kinds of endpoints that can be opened and closed again without leaving anything behind."""


class Answered(Protocol):
    """What a peer has answered: how far its clock is ``ahead`` of ours, give or take ``within``,
    and the place of the key it answered in among ours, 0 for the first."""

    @property
    def ahead(self) -> timedelta: ...
    @property
    def within(self) -> timedelta: ...
    @property
    def key(self) -> int: ...


Probe: TypeAlias = Callable[
    [World, FederationConfiguration], Awaitable[Mapping[str, Answered | None]]
]
"""Asks every peer once, beside the own center if that runs, and has no effect at them: by city
what each has answered, ``None`` where it has not. Raises ``CannotStart``."""


async def at_ports(world: World, listen: Sequence[str]) -> list[Finding]:
    """Whether each endpoint the center listens on is free, or its center answers there."""
    is_default = not listen
    return [await _at_port(world, place, is_default) for place in listen or DEFAULT_LISTEN]


async def _at_port(world: World, description: str, is_optional: bool) -> Finding:
    subject = f"listen {description}"
    if description.partition(":")[0] not in _LOOKED_AT:
        return Finding(subject=subject, text="not looked at")
    try:
        await _open_and_close(world, description, is_optional)
    except CannotStart as error:
        server = server_of(description)
        if server is not None and await _is_center(world, server):
            return Finding(subject=subject, text=ANSWERS)
        return Finding(subject=subject, text=str(error), is_ok=False)
    return Finding(subject=subject, text="free")


async def _open_and_close(world: World, description: str, is_optional: bool) -> None:
    ports = Ports()
    factory = Factory()  # nobody who connects meanwhile is answered
    factory.noisy = False
    ports.listen(parse_place(world.reactor, description, is_optional=is_optional), factory)
    await ports.close()


async def _is_center(world: World, server: tuple[str, int]) -> bool:
    try:
        center = await connect_city(world.connect(server), world.clock)
    except (NoAnswer, ServerGone):
        return False
    try:
        return "quit" in await center.help()
    except (NoAnswer, Refused, ServerGone, UnexpectedReply):
        return False
    finally:
        await center.close()


def at_federation_port(
    world: World, configuration: FederationConfiguration, *, is_running: bool
) -> Finding:
    """Whether the federation's port is free, or in use while the center ``is_running``."""
    assert configuration.listen is not None, "it was read from a federation's settings"
    host, port = configuration.listen
    subject = f"federation UDP {host} port {port}"
    ports = Ports()
    protocol = DatagramProtocol()
    protocol.noisy = False
    try:
        ports.listen_udp(world.udp, host, port, protocol)
    except CannotStart as error:
        if is_running:
            return Finding(subject=subject, text="in use, as by the center that answers")
        return Finding(subject=subject, text=str(error), is_ok=False)
    ports.close()
    return Finding(subject=subject, text="free")


async def at_peers(
    world: World, configuration: FederationConfiguration, probe: Probe
) -> list[Finding]:
    """How every peer answers ``probe``."""
    try:
        answers = await probe(world, configuration)
    except CannotStart as error:
        return [Finding(subject="peers", text=str(error), is_ok=False)]
    return [_of_peer(city, answers[city]) for city in configuration.peers]


def _of_peer(city: str, answered: Answered | None) -> Finding:
    subject = f"peer {city}"
    if answered is None:
        reason = "does not answer: it is down, has another key, or does not know this city"
        return Finding(subject=subject, text=reason, is_ok=False)
    apart = abs(answered.ahead)
    direction = "ahead of" if answered.ahead > timedelta(0) else "behind"
    text = f"answers, its clock is {apart.total_seconds():.3f} s {direction} ours"
    if answered.key > 0:
        text += "; it has only the key that is to be retired"
    return Finding(subject=subject, text=text, is_ok=apart - answered.within <= MOST_APART)
