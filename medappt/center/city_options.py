"""What the settings of a city come to: the types, the doctors and the federation of a center."""

from __future__ import annotations

from datetime import tzinfo
from pathlib import Path

from medappt.federation.addresses import resolve
from medappt.federation.keys import load_keys, mode_complaint
from medappt.federation.service import FederationConfiguration
from medappt.wire.city_settings import CitySettings


def configure_city(
    settings: CitySettings, base: Path, zone: tzinfo, above: int
) -> tuple[FederationConfiguration, str | None]:
    """What a center of ``settings`` takes part with, and what is to be said about its key file,
    whose path is relative to ``base``. ``above`` is the operator's override of a restored center.

    Names of hosts are looked up. Raises ``CannotStart``.
    """
    federation = settings.federation
    if federation is None:
        return (
            FederationConfiguration(city=settings.city, zone=zone, doctors=settings.doctors),
            None,
        )
    listen = resolve(*federation.listen)
    peers = {city: resolve(*address, beside=listen) for city, address in federation.peers.items()}
    path = base / federation.key_file
    keys = load_keys(path, [listen[0], *(host for host, _ in peers.values())])
    configuration = FederationConfiguration(
        city=settings.city,
        zone=zone,
        doctors=settings.doctors,
        listen=listen,
        keys=keys.in_order,
        peers=peers,
        above=above,
    )
    return configuration, mode_complaint(path, keys)
