"""A center that removes slots, and one whose patients are in them: what tests of R7 begin with."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from medappt.model.appointments import Booked, Fate, Relocation
from medappt.model.records import Page, RecordState, Verb
from medappt.store.answers import Answer
from medappt.store.booking import Pending, decide
from medappt.store.cancelling import Giveback, give_back
from medappt.store.holding import confirm, release, unwait, wait
from medappt.store.moves import begin_move, ends_run, finish_page
from medappt.store.options import Displaced, page_for, to_move, to_offer
from medappt.store.outbox import acknowledge
from medappt.store.removal import (
    Closed,
    relocations,
    remove_slot,
)
from tests.store.cities import City, ask_owner, book, name
from tests.store.doubles import ADMIN, PATIENT
from tests.store.reading import letters

ANN, BOB, CEC = "MTLP0001", "MTLP0002", "MTLP0003"
QUI, QUO = "QUEP0001", "QUEP0002"
X, Y, Z = "MTLA100227", "MTLA110227", "MTLA130227"
ACTIVE, WAITLISTED = RecordState.ACTIVE, RecordState.WAITLISTED


def moved(patient: str, code: str) -> Relocation:
    return Relocation(patient=patient, fate=Fate.MOVED, new_code=code)


def waitlisted(patient: str) -> Relocation:
    return Relocation(patient=patient, fate=Fate.WAITLISTED)


def moving(patient: str) -> Relocation:
    return Relocation(patient=patient, fate=Fate.MOVING)


class RemovalCase(SynchronousTestCase):
    """Montreal removes; patients are its own and Quebec's."""

    def setUp(self) -> None:
        self.mtl = City("MTL")
        self.que = City("QUE")
        for city in (self.mtl, self.que):
            self.addCleanup(city.database.close)

    def book(self, patient: str, code: str, type_: str = "Physician") -> None:
        home = self.mtl if patient.startswith("MTL") else self.que
        owner = self.mtl if code.startswith("MTL") else self.que
        answer = book(home, owner, patient, code, type_).answer
        self.assertIsInstance(answer, Booked)
        self.deliver()

    def deliver(self) -> None:
        """Every letter of either home arrives and is acknowledged."""
        for home, owner in ((self.mtl, self.que), (self.que, self.mtl)):
            for letter in home.do(letters):
                match letter.verb:
                    case Verb.CONFIRM:
                        self.assertTrue(owner.act(confirm, home.city, letter.record))
                    case Verb.RELEASE:
                        owner.act(release, home.city, letter.record)
                    case Verb.WAIT:
                        owner.act(wait, home.city, letter.record)
                    case Verb.UNWAIT:
                        owner.act(unwait, home.city, letter.record)
                home.do(acknowledge, letter)

    def remove(self, code: str = X) -> tuple[Relocation, ...]:
        closed = self.mtl.act(remove_slot, name(code), origin=ADMIN)
        assert isinstance(closed, Closed), closed
        return self.mtl.do(relocations, closed)

    def cancel(self, patient: str, code: str) -> None:
        home = self.mtl if patient.startswith("MTL") else self.que
        home.act(give_back, Giveback(patient=patient, code=name(code).code, origin=PATIENT))
        self.deliver()

    def run_down(self, displaced: Displaced, page: Page) -> Answer | None:
        """What Quebec does with a MOVE, HOLDs answered at once: the answer that ended it, or
        ``None`` where the page was refused whole."""
        for option in page.options:
            begun = self.que.act(begin_move, "MTL", displaced.id, name(option).code)
            answer: Answer
            if isinstance(begun, Pending):
                held = ask_owner(self.que, self.mtl, begun)
                answer = self.que.act(decide, begun, held).answer
            else:
                answer = begun
            if ends_run(answer):
                return answer
        self.que.act(finish_page, "MTL", displaced.id, is_last=page.is_last)
        return None

    def serve_others(self) -> None:
        """Every MOVE and OFFER that is due, once, and the letters of the homes."""
        for displaced in [*self.mtl.do(to_move, "QUE"), *self.mtl.do(to_offer, "QUE")]:
            page = self.mtl.act(page_for, displaced)
            if page is not None:
                self.run_down(displaced, page)
                self.deliver()
