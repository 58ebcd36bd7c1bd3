"""What the cities do for one patient, whatever the weather."""

from __future__ import annotations

from twisted.logger import LogLevel, capturedLogs

from medappt.model.appointments import State
from tests.federation.federated import person
from tests.federation.sieve import SievedCase
from tests.store.cities import name

SLOT, CLOSE = name("QUEA100227"), name("QUEA120227")
PATIENT = "MTLP0001"


class StoryCase(SievedCase):
    """What the cities do for one patient. Each story ends well, and in agreement."""

    def agree(self, seconds: float = 45.0) -> None:
        with capturedLogs() as events:
            self.run_for(seconds, 0.05)
        alarms = [each for each in events if each["log_level"] is LogLevel.critical]
        self.assertEqual(alarms, [])
        self.assert_treated()
        self.assert_agreement()

    def schedule_now(self) -> list[tuple[str, State]]:
        return self.schedule(PATIENT)

    def booking(self) -> None:
        """A booking abroad, answered within 8 seconds."""
        self.add(str(SLOT.code))
        answer = self.book(PATIENT, str(SLOT.code))
        self.run_for(8, 0.05)
        self.successResultOf(answer)
        self.agree()
        self.assertEqual(self.schedule_now(), [(str(SLOT.code), State.BOOKED)])
        self.assertEqual(self.que.taken(str(SLOT.code)), 1)

    def cancellation(self) -> None:
        """What was booked abroad is given back."""
        self.add(str(SLOT.code))
        self.booked(PATIENT, str(SLOT.code))
        self.result(self.mtl.city.cancel(person(PATIENT), SLOT.code), 0.1)
        self.agree()
        self.assertEqual(self.que.taken(str(SLOT.code)), 0)

    def removal(self) -> None:
        """A removed slot, and another one for its patient."""
        self.add(str(SLOT.code))
        self.booked(PATIENT, str(SLOT.code))
        self.add(str(CLOSE.code))
        self.begin(self.que.city.remove(SLOT))
        self.agree()
        self.assertEqual(self.schedule_now(), [(str(CLOSE.code), State.MOVED)])

    def wait(self) -> None:
        """A removed slot, and none for its patient until one is added."""
        self.add(str(SLOT.code))
        self.booked(PATIENT, str(SLOT.code))
        self.begin(self.que.city.remove(SLOT))
        self.run_for(15, 0.05)
        self.assertEqual(self.schedule_now(), [(str(SLOT.code), State.WAITLISTED)])
        self.add(str(CLOSE.code))
        self.agree()
        self.assertEqual(self.schedule_now(), [(str(CLOSE.code), State.MOVED)])

    def doubt(self) -> None:
        """A hold whose home cannot be heard for 10 seconds, and has given it up."""
        self.lose("HELD", 100)
        self.lose("RELEASE", 6)
        self.add(str(SLOT.code))
        answer = self.book(PATIENT, str(SLOT.code))
        self.run_for(9, 0.05)
        self.assertEqual(self.code(answer), "unreachable")
        self.assertEqual(self.que.taken(str(SLOT.code)), 1)
        self.agree()
        self.assertGreater(self.seen["STATUS"], 0)
        self.assertEqual(self.que.taken(str(SLOT.code)), 0)
