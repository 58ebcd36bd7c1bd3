"""All that ``medappt check`` looks at, in the order in which a center needs it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from medappt.center.city_options import configure_city
from medappt.commands.arguments import DONE, FAILED
from medappt.commands.findings import Finding, in_files
from medappt.commands.reaching import ANSWERS, Probe, at_federation_port, at_peers, at_ports
from medappt.commands.stores import zone_of
from medappt.commands.world import World
from medappt.federation.service import FederationConfiguration
from medappt.role.files import load
from medappt.role.startup import CannotStart
from medappt.wire.settings import CenterSettings, read_settings
from medappt.wire.words import displayable


async def check(world: World, config: Path, probe: Probe) -> int:
    """Tell, line by line, what is right with the settings in ``config`` and what is not: the exit
    code. Peers are asked by ``probe``."""
    is_all_right = True
    async for finding in _findings(world, config, probe):
        is_all_right &= finding.is_ok
        sign = "ok  " if finding.is_ok else "fail"
        world.out.line(displayable(f"{sign}  {finding.subject}: {finding.text}"))
    return DONE if is_all_right else FAILED


async def _findings(world: World, config: Path, probe: Probe) -> AsyncIterator[Finding]:
    try:
        settings = load(config, read_settings)
    except CannotStart as error:  # without them there is nothing else to look at
        yield Finding(subject="settings", text=str(error), is_ok=False)
        return
    yield Finding(subject="settings", text=f"{config}: {_whose(settings)}")
    for finding in in_files(config, settings):
        yield finding
    at_own = await at_ports(world, settings.listen)
    for finding in at_own:
        yield finding
    if settings.city is None or settings.city.federation is None:
        return
    try:
        configuration = _configuration(config, settings)
    except CannotStart as error:
        yield Finding(subject="federation", text=str(error), is_ok=False)
        return
    is_running = any(finding.text == ANSWERS for finding in at_own)
    yield at_federation_port(world, configuration, is_running=is_running)
    for finding in await at_peers(world, configuration, probe):
        yield finding


def _whose(settings: CenterSettings) -> str:
    if settings.city is None:
        return "a center without a city"
    return f"{settings.city.city}, {', '.join(settings.city.doctors)}"


def _configuration(config: Path, settings: CenterSettings) -> FederationConfiguration:
    assert settings.city is not None
    zone = zone_of(settings, config)
    configuration, _ = configure_city(settings.city, config.parent, zone, above=0)
    return configuration
