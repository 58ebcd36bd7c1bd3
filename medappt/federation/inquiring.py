"""What a center needs to ask the homes of patients about them, by itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from twisted.internet.interfaces import IReactorTime

from medappt.federation.authority import Authority
from medappt.federation.owners import Asks


@dataclass(frozen=True, kw_only=True, slots=True)
class Inquiring:
    """``link`` asks the centers of the cities ``peers``; what they answer is for ``authority``."""

    authority: Authority
    link: Asks
    peers: Collection[str]
    clock: IReactorTime
