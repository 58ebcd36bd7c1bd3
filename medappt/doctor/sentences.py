"""The doctor's words on the screen (section 7)."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from medappt.doctor.desk import Answer
from medappt.model.prices import PriceList
from medappt.role.narration import Narrator
from medappt.wire.estimates import UNKNOWN
from medappt.wire.words import displayable

ROWS_TOLD = 100
"""Rows of a price list that are told with every request: people read them, on one screen."""

_SENTENCES_PER_ANSWER = 3


def price_table(prices: PriceList) -> str:
    """``PLAN AMOUNT`` and a row for each plan, in columns."""
    told = list(prices.amounts.items())[:ROWS_TOLD]
    rows = [("PLAN", "AMOUNT"), *((displayable(plan), amount) for plan, amount in told)]
    width = max(len(plan) for plan, _ in rows)
    lines = [f"{plan:<{width}} {amount}" for plan, amount in rows]
    left = len(prices.amounts) - len(told)
    if left:
        lines.append(f"({left} more)")
    return "\n".join(lines)


class Sentences:
    """Tells what one doctor does; ``name`` is the N of ``DoctorN``."""

    _log = Logger()

    def __init__(self, name: str, prices: PriceList, clock: IReactorTime) -> None:
        self.doctor = f"Doctor{name}"
        self._narrator = Narrator(self._log, clock)
        self.use(prices)

    def use(self, prices: PriceList) -> None:
        """Tell ``prices`` with the requests from now on."""
        self._table = price_table(prices)

    def listening(self, host: str, port: int) -> None:
        """The doctor has a port."""
        self._narrator.tell(
            "Phase3: {doctor} has a static UDP port {port} and IP Address {host}",
            doctor=self.doctor,
            port=port,
            host=host,
        )

    def answered(self, answer: Answer) -> None:
        """A request came and its answer was sent."""
        if self._narrator.leaves_out(_SENTENCES_PER_ANSWER):
            return
        sentence = "Phase3: {doctor} receives the request from the patient with port number {port}"
        if answer.name is not None:
            sentence += " and name {patient}"
        self._narrator.tell(
            sentence + " with the insurance plan {plan}",
            doctor=self.doctor,
            port=answer.to[1],
            patient=displayable(answer.name or ""),
            plan=displayable(answer.plan),
        )
        self._narrator.tell("{prices}", prices=self._table)
        self._narrator.tell(
            "Phase3: {doctor} has sent estimated price $ {amount} to patient with port number"
            " {port}",
            doctor=self.doctor,
            amount=UNKNOWN if answer.amount is None else answer.amount,
            port=answer.to[1],
        )

    def stop(self) -> None:
        """Tell no more, and leave no timer behind."""
        self._narrator.stop()
