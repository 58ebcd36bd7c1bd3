"""What a doctor answers to which datagram (section 5), without a socket and without a clock.

Older clients send two datagrams, a name and then a plan, and the network may turn them round. So a
word that is no plan is kept for a moment, and so is the sender of a plan that came alone.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, TypeAlias

from medappt.doctor.rate import RateLimit
from medappt.model.prices import PriceList
from medappt.wire import words
from medappt.wire.estimates import (
    EstimateRequest,
    format_estimate_reply,
    parse_estimate_request,
)

HOLD_SECONDS = 0.3
"""How long a word waits for its plan, and how late a name may come behind it (section 5)."""

SENDERS = 4_096
"""Senders whose word is held, and in each generation of those whose plan came alone: forged
senders must not make the doctor grow."""

_ENDS = (b"", b"\0", b"\n", b"\r\n", b"\n\0")
"""How the datagrams end that clients send."""

Sender: TypeAlias = tuple[str, int]
"""Address and port of who sent a datagram, and of who gets its answer."""


class Drop(Enum):
    """Why a datagram gets no answer; the value says it to a person."""

    UNREADABLE = "without a text of 1 to 256 bytes in at most 2,048"
    RATE = "over the limit of requests a second from one address"
    REVERSED = "a name behind its plan, which was answered"
    UNSENT = "an answer that the network did not take"
    FAILED = "an error of this program"


class Answer(NamedTuple):
    """A reply to send, and what it answers.

    ``amount`` is ``None`` where the doctor has no price for ``plan``, ``name`` where none came.
    A tuple and no dataclass: one is made per datagram, and a tuple costs a third.
    """

    reply: bytes
    to: Sender
    plan: str
    name: str | None
    amount: str | None


class _Price(NamedTuple):
    reply: bytes
    plan: str
    amount: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _HeldWord:
    request: EstimateRequest
    deadline: float


class _Recent:
    """Senders seen in the last ``HOLD_SECONDS``, in two generations of at most ``bound``: adding
    one costs the same however many there are, and the oldest are forgotten first."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._begun = float("-inf")
        self._young: dict[Sender, float] = {}
        self._old: dict[Sender, float] = {}

    def add(self, sender: Sender, now: float) -> None:
        if len(self._young) >= self._bound or not 0 <= now - self._begun < HOLD_SECONDS:
            self._old, self._young, self._begun = self._young, {}, now
        self._young[sender] = now

    def take(self, sender: Sender, now: float) -> bool:
        """Whether ``sender`` is one of them; it is no more, then."""
        old, young = self._old.pop(sender, None), self._young.pop(sender, None)
        seen = old if young is None else young
        return seen is not None and 0 <= now - seen < HOLD_SECONDS

    def __len__(self) -> int:
        return len(self._young) + len(self._old)


class Desk:
    """Decides what each datagram that comes to one port gets. All times are in seconds, of any
    one clock.

    ``rate`` may be shared by the ports of a doctor; ``senders`` bounds what is remembered.
    """

    def __init__(self, prices: PriceList, rate: RateLimit, senders: int = SENDERS) -> None:
        self._rate = rate
        self._senders = senders
        self._held: OrderedDict[Sender, _HeldWord] = OrderedDict()
        self._alone = _Recent(senders)
        self.use(prices)

    def use(self, prices: PriceList) -> None:
        """Answer from ``prices`` from now on."""
        self._prices = prices
        self._ready: dict[bytes, _Price] = {}
        for plan in prices.amounts:
            for end in _ENDS:
                self._prepare(words.encode(plan) + end)

    def _prepare(self, datagram: bytes) -> None:
        # most datagrams are one of these, and need no reading
        request = parse_estimate_request(datagram)
        if request is not None and request.name is None:
            price = self._price(request)
            if price is not None:
                self._ready[datagram] = price

    def _price(self, request: EstimateRequest) -> _Price | None:
        amount = self._prices.estimate(request.plan)
        if amount is None:
            return None
        reply = format_estimate_reply(amount, with_nul=request.has_nul)
        return _Price(reply, request.plan, amount)

    def receive(self, datagram: bytes, sender: Sender, now: float) -> Answer | Drop | None:
        """What to do about a datagram that came from ``sender``: send an answer (not always to
        this datagram: it may be for a word that was held), or none; ``None`` tells that a word
        is held until ``next_deadline``."""
        price = self._ready.get(datagram)
        if price is not None:
            if not self._rate.admits(sender[0], now):
                return Drop.RATE
            return self._answer_plan(price, sender, now)
        request = parse_estimate_request(datagram)
        if request is None:
            return Drop.UNREADABLE
        if not self._rate.admits(sender[0], now):
            return Drop.RATE
        price = self._price(request)
        if request.name is not None:
            if price is None:
                return _unknown(request, sender)
            return Answer(price.reply, sender, price.plan, request.name, price.amount)
        if price is not None:
            return self._answer_plan(price, sender, now)
        return self._hold(request, sender, now)

    def _answer_plan(self, price: _Price, sender: Sender, now: float) -> Answer:
        if self._held:
            word = self._held.pop(sender, None)
            if word is not None:
                return Answer(price.reply, sender, price.plan, word.request.plan, price.amount)
        self._alone.add(sender, now)
        return Answer(price.reply, sender, price.plan, None, price.amount)

    def _hold(self, request: EstimateRequest, sender: Sender, now: float) -> Answer | Drop | None:
        if self._alone.take(sender, now):
            return Drop.REVERSED
        first = self._held.pop(sender, None)
        if len(self._held) >= self._senders:
            return _unknown(request, sender)
        self._held[sender] = _HeldWord(request=request, deadline=now + HOLD_SECONDS)
        return None if first is None else _unknown(first.request, sender)

    @property
    def next_deadline(self) -> float | None:
        """When the next held word is to be released; ``None`` if there is none."""
        for word in self._held.values():
            return word.deadline
        return None

    def expire(self, now: float) -> list[Answer]:
        """Release the words whose plan did not come in time: the answers to send."""
        answers = []
        while (deadline := self.next_deadline) is not None:
            # a deadline further off than any can be is of before the clock was set back
            if now < deadline <= now + HOLD_SECONDS:
                break
            sender, word = self._held.popitem(last=False)
            answers.append(_unknown(word.request, sender))
        return answers

    def __len__(self) -> int:
        """The senders something is remembered of."""
        return len(self._held) + len(self._alone)


def _unknown(request: EstimateRequest, to: Sender) -> Answer:
    reply = format_estimate_reply(None, with_nul=request.has_nul)
    return Answer(reply, to, request.plan, request.name, None)
