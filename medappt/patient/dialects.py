"""The dialects a visit can be made in: who stands for the center, and how a doctor is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint

from medappt.patient.distant import VisitedCenter
from medappt.patient.estimate import Question
from medappt.patient.foreign import connect_foreign
from medappt.patient.remote import connect_center
from medappt.wire.estimates import format_estimate_request, parse_estimate_reply
from medappt.wire.foreign import BarePhrases, Dialect, PacketPhrases, Phrases, read_price

_FOREIGN: Mapping[Dialect, Phrases] = {
    Dialect.PACKET: PacketPhrases(),
    Dialect.BARE: BarePhrases(),
}


def connect_in(
    dialect: Dialect, endpoint: IStreamClientEndpoint, clock: IReactorTime
) -> Deferred[VisitedCenter]:
    """Connect to a center that speaks so. Fails with ``NoAnswer`` when it is silent, else
    ``ServerGone``."""
    phrases = _FOREIGN.get(dialect)
    if phrases is None:
        return cast("Deferred[VisitedCenter]", connect_center(endpoint, clock))
    return cast("Deferred[VisitedCenter]", connect_foreign(endpoint, clock, phrases))


def question_in(dialect: Dialect, plan: str, name: str) -> Question:
    """How the doctors of such a center are asked what ``plan`` leaves ``name`` to pay: in *line*
    they may answer ``unknown``, in the others a price or nothing."""
    phrases = _FOREIGN.get(dialect)
    if phrases is None:
        return Question(
            datagrams=(format_estimate_request(plan, name),), understand=parse_estimate_reply
        )
    return Question(datagrams=phrases.estimate(plan, name), understand=read_price)
