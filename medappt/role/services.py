"""The services of a process."""

from __future__ import annotations

from collections.abc import Iterable

from twisted.application.service import IService, MultiService


def together(services: Iterable[IService]) -> MultiService:
    """One service of several, which start in this order and stop in the other."""
    whole = MultiService()
    for service in services:
        service.setServiceParent(whole)
    return whole
