"""A record, as the patient's home keeps it of an appointment in another city."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import product

from medappt.model.appointments import Cancelled
from medappt.model.records import REACH, Entry, Held, Record, RecordState, Standing
from medappt.store.answers import Answer
from medappt.store.booking import Pending, abort_pending, decide, record_state
from medappt.store.cancelling import Giveback, give_back
from medappt.store.comparing import write_again
from medappt.store.judgement import FULL
from medappt.store.moves import begin_move, expire, finish_page, record_to_move
from medappt.store.records import find_record
from medappt.store.results import Answered
from tests.machines.drawn import DrawnCase
from tests.store.cities import DOCTOR, TORONTO, City, name
from tests.store.doubles import NOW, origin
from tests.store.reading import letters

SLOT, OTHER = name("QUEA100227"), name("QUEA110227")
PATIENT = "MTLP0001"
HELD = Held(start=SLOT.code.start(TORONTO), contact=DOCTOR)
HELD_OTHER = Held(start=OTHER.code.start(TORONTO), contact=DOCTOR)


class Home:
    """MTL with a record about ``SLOT`` that stands in some state."""

    def __init__(self, state: str) -> None:
        self.city = City("MTL")
        begun = self.city.begin(PATIENT, str(SLOT.code))
        assert isinstance(begun, Pending)
        self.pending = begun
        if state in ("ACTIVE", "WAITLISTED"):
            self.city.act(decide, begun, HELD)
        if state == "WAITLISTED":
            self.city.act(finish_page, "QUE", begun.id, is_last=True)
        if state == "gone":
            self.city.act(decide, begun, FULL)
        self.sent = {letter.key for letter in self.city.do(letters)}

    @property
    def id(self) -> str:
        return self.pending.id

    @property
    def record(self) -> Record | None:
        return self.city.do(find_record, self.id)

    @property
    def state(self) -> str:
        return "gone" if self.record is None else self.record.state.value

    def posted(self) -> str:
        """The letters about this record since it stood so."""
        return " ".join(
            letter.verb.value
            for letter in self.city.do(letters)
            if letter.key not in self.sent and letter.record == self.id
        )


class RecordMachineTests(DrawnCase):
    """What owners answer and ask, and what patients do, in each state of a record."""

    def home(self, state: str) -> Home:
        home = Home(state)
        self.addCleanup(home.city.database.close)
        self.assertEqual(home.state, state)
        return home

    def test_every_pair(self) -> None:
        """The home's transactions do what diagram and table say."""
        done = {}
        for state, (event, happen) in product(("PENDING", "ACTIVE", "WAITLISTED", "gone"), EVENTS):
            if event in DECISIONS and state not in ("PENDING", "gone"):
                continue  # a booking is decided once
            home = self.home(state)
            answer = happen(home)
            done[event, state] = (home.state, " ".join(filter(None, (answer, home.posted()))))
        self.assert_drawn("Record", done, "PENDING")
        self.assertEqual({each.value for each in RecordState}, {"PENDING", "ACTIVE", "WAITLISTED"})

    def test_a_move_keeps_the_root(self) -> None:
        """What a patient is moved to is ACTIVE under a new id and the old root."""
        home = self.home("ACTIVE")
        _take_option(home)
        [record] = home.city.records(PATIENT)
        self.assertEqual((record.root, record.state), (home.id, RecordState.ACTIVE))
        self.assertNotEqual(record.id, home.id)


def _code(answer: Answer) -> str:
    return "" if not hasattr(answer, "code") or isinstance(answer, Cancelled) else _refused(answer)


def _refused(answer: Answer) -> str:
    code = getattr(answer, "code", None)
    return str(getattr(code, "value", ""))


def _decide(reply: Held) -> Callable[[Home], str]:
    return lambda home: _refused(home.city.act(decide, home.pending, reply).answer)


def _decide_forbidden(home: Home) -> str:
    """Meanwhile the patient has booked the same day at home."""
    home.city.add("MTLM100227")
    booked = home.city.begin(PATIENT, "MTLM100227")
    assert isinstance(booked, Answered)
    return _refused(home.city.act(decide, home.pending, HELD).answer)


def _restart(home: Home) -> str:
    home.city.boot()
    home.city.do(abort_pending, NOW)
    return ""


def _cancel(home: Home) -> str:
    answered = home.city.act(
        give_back, Giveback(patient=PATIENT, code=SLOT.code, origin=origin(PATIENT))
    )
    return _code(answered.answer)


def _swap(home: Home) -> str:
    """For a slot of the own city."""
    home.city.add("MTLA110227")
    answered = home.city.begin(PATIENT, "MTLA110227", instead=str(SLOT.code))
    assert isinstance(answered, Answered)
    return _refused(answered.answer)


def _take_option(home: Home) -> str:
    if home.city.do(record_to_move, "QUE", home.id) is None:
        return "GONE"
    begun = home.city.act(begin_move, "QUE", home.id, OTHER.code)
    assert isinstance(begun, Pending)
    home.city.act(decide, begun, HELD_OTHER)
    return "MOVING"


def _refuse_page(*, is_last: bool) -> Callable[[Home], str]:
    def refuse(home: Home) -> str:
        if home.city.do(record_to_move, "QUE", home.id) is None:
            return "GONE"
        home.city.act(finish_page, "QUE", home.id, is_last=is_last)
        return "MOVING"

    return refuse


def _ask(home: Home) -> str:
    state = home.city.do(record_state, "QUE", home.id)
    return "IS nothing" if state is None else f"IS {state.value}"


def _wait_long(home: Home) -> str:
    home.city.now = HELD.start + REACH + timedelta(seconds=1)
    home.city.act(expire)
    return ""


def _write_again(standing: Standing) -> Callable[[Home], str]:
    """What its owner keeps for a record that is not here (``medappt federation reconcile``)."""

    def write(home: Home) -> str:
        home.city.boot()  # only what earlier runs have made is written again
        entry = Entry(id=home.id, standing=standing, name=SLOT, start=HELD.start, patient=PATIENT)
        return "" if home.city.act(write_again, entry) else "refused"

    return write


DECISIONS = {
    "HELD": _decide(HELD),
    "HELD but forbidden": _decide_forbidden,
    "NO or silence": lambda home: _refused(home.city.act(decide, home.pending, FULL).answer),
}
EVENTS: list[tuple[str, Callable[[Home], str]]] = [
    *DECISIONS.items(),
    ("restart", _restart),
    ("STATUS", _ask),
    ("cancel", _cancel),
    ("swap decided", _swap),
    ("MOVE taken", _take_option),
    ("MOVE refused", _refuse_page(is_last=False)),
    ("last MOVE refused", _refuse_page(is_last=True)),
    ("28 days over", _wait_long),
    ("found CONFIRMED", _write_again(Standing.TAKEN)),
    ("found WAITING", _write_again(Standing.WAITING)),
]
