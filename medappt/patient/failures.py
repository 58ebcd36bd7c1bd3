"""How a visit, or a request to a center, can end other than well."""

from __future__ import annotations

from medappt.wire.words import displayable


class ServerGone(Exception):
    """The center cannot be reached, or its connection ended before the answer."""


class NoAnswer(Exception):
    """The center is silent: it neither answers nor closes."""


class NoEstimate(Exception):
    """No doctor answered. The appointment stands."""


class VisitRefused(Exception):
    """The center said no, or there is nothing to ask it for."""


class LoginRefused(VisitRefused):
    """The center does not know this user with this password."""


class SlotTaken(VisitRefused):
    """Somebody has the chosen slot."""


class InvalidIndex(VisitRefused):
    """What was chosen is no index of the center."""

    def __init__(self, index: str) -> None:
        super().__init__(f"the center has no appointment {displayable(index)!r}")
        self.index = index


class NoFreeSlot(VisitRefused):
    """The center has no free slot to choose from."""


class EndOfInput(Exception):
    """The person, or the file, that should have named an index has no more to say."""
