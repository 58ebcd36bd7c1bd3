"""The datagrams between a patient and a doctor (section 5)."""

from __future__ import annotations

from dataclasses import dataclass

from medappt.model.prices import is_amount
from medappt.wire import words

DATAGRAM_BYTES = 2_048
"""A longer datagram gets no answer: old clients send fixed records of at most 1,024 bytes."""

TEXT_BYTES = 256
"""A longer text gets no answer."""

UNKNOWN = "unknown"
_REPLY_BYTES = 16
_LINE_ENDS_ARE_BLANKS = bytes.maketrans(b"\r\n", b"  ")


@dataclass(frozen=True, kw_only=True, slots=True)
class EstimateRequest:
    """What a datagram asks: the price of ``plan`` for ``name``, if one came.

    ``has_nul`` tells that the client sends NULs and so waits for one. A request of one word may
    be a name as well as a plan: only who knows the plans can tell.
    """

    plan: str
    name: str | None = None
    has_nul: bool = False


def parse_estimate_request(datagram: bytes) -> EstimateRequest | None:
    """What a datagram asks, or ``None`` where it gets no answer."""
    if len(datagram) > DATAGRAM_BYTES:
        return None
    text, nul, _ = datagram.partition(b"\0")
    text = text.strip(b"\r\n \t")
    if not text or len(text) > TEXT_BYTES:
        return None
    # the same blanks as in a price list, where other white space may be part of a plan
    parts = words.split(words.decode(text.translate(_LINE_ENDS_ARE_BLANKS)))
    return EstimateRequest(plan=parts[-1], name=" ".join(parts[:-1]) or None, has_nul=bool(nul))


def format_estimate_request(plan: str, name: str | None = None) -> bytes:
    """The datagram our patient sends."""
    return words.encode(plan if name is None else f"{name} {plan}")


def format_estimate_reply(amount: str | None, *, with_nul: bool = False) -> bytes:
    """The answer: the amount as the price list writes it, ``unknown`` for ``None``.

    Never longer than 16 bytes, whatever was asked: nobody can make a doctor flood a third party.
    """
    reply = (UNKNOWN if amount is None else amount).encode("ascii") + (b"\0" if with_nul else b"")
    if len(reply) > _REPLY_BYTES:
        raise ValueError("no amount of a price list is that long")
    return reply


def parse_estimate_reply(datagram: bytes) -> str | None:
    """The amount, or ``unknown``; ``None`` if this is no doctor's answer. NULs are cut off."""
    text = words.decode(datagram.partition(b"\0")[0]).strip()
    return text if text == UNKNOWN or is_amount(text) else None
