"""A letter in the outbox of a home."""

from __future__ import annotations

from medappt.model.records import Held, Verb
from medappt.store.booking import Pending, decide
from medappt.store.outbox import acknowledge, post
from tests.machines.drawn import DrawnCase
from tests.store.cities import DOCTOR, TORONTO, City, name
from tests.store.reading import letters

SLOT = name("QUEA100227")


class LetterMachineTests(DrawnCase):
    """What the answers of its owner do to a letter."""

    def answered(self, verb: Verb, *, is_lost: bool, is_active: bool) -> tuple[str, str]:
        """How a letter of ``verb`` stands behind an answer, and whether there is an alarm."""
        home = City("MTL")
        self.addCleanup(home.database.close)
        begun = home.begin("MTLP0001", str(SLOT.code))
        assert isinstance(begun, Pending)
        if is_active:
            home.act(decide, begun, Held(start=SLOT.code.start(TORONTO), contact=DOCTOR))
            for letter in home.do(letters):
                home.do(acknowledge, letter)
        home.do(post, "QUE", verb, begun.id)
        [letter] = home.do(letters)
        is_alarm = home.do(acknowledge, letter, is_lost=is_lost)
        return ("struck" if home.do(letters) == [] else "posted", "alarm" if is_alarm else "")

    def test_every_pair(self) -> None:
        """The home does what diagram and table say."""
        done = {
            ("DONE", "posted"): self.answered(Verb.RELEASE, is_lost=False, is_active=False),
            ("LOST while gone", "posted"): self.answered(
                Verb.CONFIRM, is_lost=True, is_active=False
            ),
            ("LOST while ACTIVE", "posted"): self.answered(
                Verb.CONFIRM, is_lost=True, is_active=True
            ),
        }
        for verb in Verb:
            outcome = self.answered(verb, is_lost=False, is_active=True)
            self.assertEqual(outcome, ("struck", ""), verb)
        self.assert_drawn("Letter", done, "posted")
