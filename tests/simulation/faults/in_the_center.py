"""Faults at the doors: who may do what, and what is said to whom."""

from __future__ import annotations

from typing import Any

from medappt.center.turns import Turns
from medappt.center.visitor import Visitor
from medappt.federation.city import City
from medappt.model import rules
from medappt.model.ids import PersonId
from medappt.model.prices import PriceList
from medappt.store.results import Tagged
from tests.simulation.faults.fault import Faults
from tests.simulation.patching import Patches

FAULTS = Faults()


@FAULTS.add("tag-of-a-connection", seed=1)
def _tag_of_a_connection(patched: Patches) -> None:
    """A tag that comes again on another connection is a new one."""
    first: dict[tuple[str, str], str] = {}

    def tagged(self: Visitor, tag: str | None, text: str) -> Tagged | None:
        if tag is not None:
            source = self.origin.source
            if first.setdefault((self.user.name, tag), source) != source:
                tag = f"{tag}@{source}"[:64]
        made: Tagged | None = before(self, tag, text)
        return made

    before = patched.attribute(Visitor, "tagged", tagged)


@FAULTS.add("patients-act-for-others", seed=1)
def _patients_act_for_others(patched: Patches) -> None:
    """Whoever is named, the request is done for them."""

    def whom(person: PersonId, named: PersonId | None) -> PersonId:
        return named or person

    patched.function(rules.whom, whom)


@FAULTS.add("slots-of-other-cities", seed=1)
def _slots_of_other_cities(patched: Patches) -> None:
    """Administrators add slots of any city."""
    patched.attribute(City, "_judge_own", lambda self, slot: self._judge_types(slot))


@FAULTS.add("every-plan-costs-the-same", seed=1)
def _every_plan_costs_the_same(patched: Patches) -> None:
    """Doctors name the first price of their list."""
    patched.attribute(PriceList, "estimate", lambda self, plan: next(iter(self.amounts.values())))


@FAULTS.add("reply-lost", seed=1)
def _reply_lost(patched: Patches) -> None:
    """Every twentieth reply is not sent."""
    count = 0

    def answer(self: Turns, *what: Any) -> None:
        nonlocal count
        count += 1
        if count % 20:
            before(self, *what)

    before = patched.attribute(Turns, "answer", answer)
