"""The avatars of a center with a city, asked directly."""

from __future__ import annotations

from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from medappt.center.answers import Answers
from medappt.center.center import Center
from medappt.center.city_visitor import CityVisitor
from medappt.center.sentences import Peer
from medappt.center.visitor import AnyVisitor, IVisitor
from medappt.federation.city import City
from medappt.model.appointments import Added, Cancelled
from medappt.model.identity import User
from medappt.model.origins import Origin
from medappt.model.refusals import Code, Refusal, Refused
from medappt.store.answers import Answer
from medappt.wire.requests import Malformed
from tests.center.cities import CityCase
from tests.federation.federated import person
from tests.store.cities import name

SLOT = name("MTLM100227")


class DirectTests(CityCase):
    """What no line of the protocol can ask."""

    def visitor(self, user: str) -> AnyVisitor:
        avatar: Deferred[Any] = self.centers["MTL"].realm.requestAvatar(
            user.encode(), Peer("192.0.2.1", 5), IVisitor
        )
        self.run_for(0.1)
        return cast(AnyVisitor, self.successResultOf(avatar)[1])

    def test_numbered_slots(self) -> None:
        """They are those of the center; a schedule is of somebody who could be a patient."""
        numbered = self.visitor("MTLP2345").numbered
        self.assertEqual(len(self.result(numbered.slots())), 6)
        self.assertEqual(self.refused(numbered.schedule("patient1")), "syntax")

    def test_answered_before(self) -> None:
        """A line that is refused now, but was answered under its tag, gets that answer."""
        self.admin.ask("@t add MTLM100227 Physician 1")
        asked = Malformed(
            refusal=Refusal(code=Code.SYNTAX, text="no"),
            tag="t",
            text="add MTLM100227 Physician 1",
            has_effect=True,
        )
        answers = Answers(self.centers["MTL"].sentences, Peer("192.0.2.1", 5))
        reply = self.result(answers.to_malformed(asked, self.visitor("MTLA2345")))
        self.assertEqual(reply, Added(code="MTLM100227", type="Physician", capacity=1))


class _Lenient:
    """A city that finds an answer under every tag."""

    async def refuse(self, *arguments: object) -> Answer:
        return Cancelled(code="MTLM100227", type="Physician")


class RightsTests(SynchronousTestCase):
    """Who has not the right does not get what somebody had once."""

    def test_no_answer_is_a_right(self) -> None:
        """The refusal stands, whatever is on record."""
        user = User(name="MTLP2345")
        origin = Origin(actor=user.name, role=user.role, source="192.0.2.1:5")
        city, center = cast(City, _Lenient()), cast(Center, None)
        visitor = CityVisitor(user, person("MTLP2345"), center, city, origin)
        failure = self.failureResultOf(Deferred.fromCoroutine(visitor.add(SLOT, 1, "t")), Refused)
        self.assertIs(failure.value.refusal.code, Code.FORBIDDEN)
