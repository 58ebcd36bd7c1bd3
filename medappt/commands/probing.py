"""Asking the peers of a center what their clocks show, beside the center itself."""

from __future__ import annotations

from collections.abc import Mapping

from twisted.internet.error import CannotListenError

from medappt.commands import machine
from medappt.commands.world import World
from medappt.federation.probing import Probed, Prober, probe_peers
from medappt.federation.service import FederationConfiguration
from medappt.role.startup import CannotStart


async def probe(
    world: World, configuration: FederationConfiguration
) -> Mapping[str, Probed | None]:
    """What each peer has answered, ``None`` where it has not. Raises ``CannotStart``."""
    assert configuration.listen is not None, "it was read from a federation's settings"
    prober = Prober(
        city=configuration.city,
        keys=configuration.keys,
        peers=configuration.peers,
        clock=world.clock,
        now=machine.now,
        randomness=world.randomness,
    )
    host, _ = configuration.listen
    try:
        return await probe_peers(prober, list(configuration.peers), world.udp, host)
    except CannotListenError as error:
        raise CannotStart(f"peers cannot be asked from {host}: {error.socketError}") from None
