"""What a visit costs under an insurance plan (section 5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{2})?", re.ASCII)


def is_amount(text: str) -> bool:
    """Whether ``text`` is an amount such as ``30`` or ``30.50``: it stays the text it is."""
    return _AMOUNT.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class PriceList:
    """The amount for each plan, as the doctor's file writes it."""

    amounts: Mapping[str, str] = field(default_factory=dict)

    def estimate(self, plan: str) -> str | None:
        """The amount for ``plan``; ``None`` where the doctor has no price for it."""
        return self.amounts.get(plan)
