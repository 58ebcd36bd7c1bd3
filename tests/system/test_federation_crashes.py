"""Centers that are killed at the worst moments, and at any: the stores agree afterwards, and every
promise stands."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from medappt.model.records import Held
from medappt.wire.federation import Confirm, RecordIs, Release
from tests.system.client import PATIENCE, Client, wait_until
from tests.system.federation import CITIES, Federation, code, patient, run_federation
from tests.system.proxy import FOUL, says
from tests.system.roles import Stage
from tests.system.visitors import Crowd

KILLS = 5
STEPS = 14
ANSWERS_BEFORE_A_KILL = 18


@pytest.fixture(scope="module")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    """Three centers that the tests of this module share, each with a patient of its own."""
    with (
        Stage(tmp_path_factory.mktemp("crashes")) as stage,
        run_federation(stage, patients=10) as federation,
    ):
        yield federation


def begin(federation: Federation, user: str, line: str) -> Client:
    """A request that is under way; the caller closes the connection."""
    client = federation.connect(user)
    client.send(f"{line}\n".encode())
    return client


def has(federation: Federation, user: str) -> list[str]:
    """The IDs in a patient's schedule."""
    return [row.split()[0] for row in federation.rows(user, "schedule")]


def in_slot(federation: Federation, slot: str) -> list[str]:
    return federation.rows(f"{slot[:3]}A0001", f"patients {slot} Physician")


def test_home_dies_before_it_decides(federation: Federation) -> None:
    """A home that is killed while it waits for the answer to HOLD has booked nothing: the place is
    free when it is back, and the same request under the same tag is done then."""
    user, slot = patient("MTL", 1), code("QUE")
    federation.open_slots(slot)
    line = f"@a book {slot} Physician"
    with federation.proxy.trap(says(Held, "QUE")) as trap, begin(federation, user, line) as client:
        trap.wait()
        federation.kill("MTL")
        assert client.is_closed()
        assert [entry[1] for entry in federation.book_of("QUE").held] == [user]
    federation.start("MTL")
    federation.settle()
    assert (has(federation, user), in_slot(federation, slot)) == ([], [])
    assert federation.ask(user, line) == [f"@a booked {slot} Physician doc1 127.0.0.1 41000"]
    assert has(federation, user) == [slot]


def test_home_dies_behind_its_decision(federation: Federation) -> None:
    """A home that is killed before it could say CONFIRM has booked: the owner hears it when it is
    back, and the same request gets the same answer."""
    user, slot = patient("MTL", 2), code("QUE", 1)
    federation.open_slots(slot)
    line = f"@a book {slot} Physician"
    with federation.proxy.trap(says(Confirm, "MTL")) as trap:
        answer = federation.ask(user, line)
        assert answer[0].startswith("@a booked ")
        trap.wait()
        federation.kill("MTL")
    federation.start("MTL")
    federation.settle()
    assert (has(federation, user), in_slot(federation, slot)) == ([slot], [f"{user} booked"])
    assert federation.ask(user, line) == answer


def test_home_dies_in_a_swap(federation: Federation) -> None:
    """A swap that was decided is done on both sides, whatever dies behind the decision: the new
    place is taken and the old one given back (R6)."""
    user, old, new = patient("MTL", 3), code("QUE", 2), code("SHE", 2)
    federation.open_slots(old, new)
    assert federation.ask(user, f"book {old} Physician")[0].startswith("booked ")
    federation.settle()
    with federation.proxy.trap(lambda passing: isinstance(passing.message, Confirm | Release)):
        answer = federation.ask(user, f"swap {old} Physician {new} Physician")
        assert answer == [f"swapped {new} Physician doc1 127.0.0.1 41000"]
        federation.kill("MTL")
    federation.start("MTL")
    federation.settle()
    assert has(federation, user) == [new]
    assert (in_slot(federation, old), in_slot(federation, new)) == ([], [f"{user} booked"])


def test_owner_dies_before_it_is_told(federation: Federation) -> None:
    """An owner that is killed while it holds a place asks the home when it is back: what was booked
    stands, even if CONFIRM never arrives."""
    user, slot = patient("MTL", 4), code("QUE", 3)
    federation.open_slots(slot)
    with federation.proxy.trap(says(Confirm, "MTL")) as trap:
        assert federation.ask(user, f"book {slot} Physician")[0].startswith("booked ")
        trap.wait()
        federation.kill("QUE")
        mark = federation.proxy.mark()
        federation.start("QUE")
        federation.proxy.wait_for(says(RecordIs, "MTL"), since=mark)

        def is_confirmed() -> bool:
            book = federation.book_of("QUE")
            return slot in [entry[2] for entry in book.confirmed] and not book.held

        wait_until(is_confirmed, "the owner's own question to settle it")
    assert in_slot(federation, slot) == [f"{user} booked"]


def test_owner_dies_before_the_home_decides(federation: Federation) -> None:
    """An owner that is killed behind its HOLD is asked again when it is back: whatever the patient
    is told is so."""
    user, slot = patient("MTL", 5), code("QUE", 4)
    federation.open_slots(slot)
    line = f"book {slot} Physician"
    with begin(federation, user, line) as client:
        with federation.proxy.trap(says(Held, "QUE")) as trap:
            trap.wait()
            federation.kill("QUE")
        federation.start("QUE")
        answer = client.line()
    assert answer.split()[:2] in (["booked", slot], ["error", "unreachable"])
    federation.settle()
    booked = answer.startswith("booked ")
    assert has(federation, user) == [slot] * booked
    assert in_slot(federation, slot) == [f"{user} booked"] * booked


def test_both_die(federation: Federation) -> None:
    """Home and owner that are both killed between HOLD and its answer agree that nothing was
    booked."""
    user, slot = patient("MTL", 6), code("QUE", 5)
    federation.open_slots(slot)
    line = f"book {slot} Physician"
    with federation.proxy.trap(says(Held, "QUE")) as trap, begin(federation, user, line) as client:
        trap.wait()
        federation.kill("QUE")
        federation.kill("MTL")
        assert client.is_closed()
    federation.start("MTL", "QUE")
    federation.settle()
    assert (has(federation, user), in_slot(federation, slot)) == ([], [])


def test_home_is_down_at_a_removal(federation: Federation) -> None:
    """The patient of a home that is down is ``moving`` when their slot is removed, and is moved
    when it is back, even if the owner was killed in between (R7)."""
    user, old, new = patient("MTL", 7), code("QUE", 6), code("QUE", 6, "E")
    federation.open_slots(old, new)
    assert federation.ask(user, f"book {old} Physician")[0].startswith("booked ")
    federation.settle()
    federation.kill("MTL")
    assert federation.rows("QUEA0001", f"remove {old} Physician") == [f"{user} moving"]
    federation.kill("QUE")
    federation.start("MTL", "QUE")
    wait_until(lambda: has(federation, user) == [new], "the move")
    federation.settle()
    assert in_slot(federation, new) == [f"{user} moved"]


def test_cancelled_while_the_owner_is_down(federation: Federation) -> None:
    """A cancellation is answered at once, and told to the owner when it is back, even if the home
    was killed in between."""
    user, slot = patient("MTL", 8), code("QUE", 7)
    federation.open_slots(slot)
    assert federation.ask(user, f"book {slot} Physician")[0].startswith("booked ")
    federation.settle()
    federation.kill("QUE")
    assert federation.ask(user, f"cancel {slot}") == [f"cancelled {slot} Physician"]
    federation.kill("MTL")
    federation.start("MTL", "QUE")
    federation.settle()
    assert (has(federation, user), in_slot(federation, slot)) == ([], [])


def test_kills_at_random(stage: Stage) -> None:
    """Centers are killed again and again in foul weather while three cities book, swap, cancel, add
    and remove; who got no answer asks again under the same tag. In the end every answer is true,
    and the stores agree."""
    with run_federation(stage, seed=2) as federation:
        crowd = Crowd(federation, seed=2, steps=STEPS)
        random = Random(2)
        with federation.proxy.in_weather(FOUL), crowd.at_work():
            for _ in range(KILLS):
                for _ in range(ANSWERS_BEFORE_A_KILL):
                    assert crowd.heard.acquire(timeout=PATIENCE)
                city = random.choice(CITIES)
                federation.kill(city)
                federation.start(city)
        crowd.assert_told(federation.settle())
        assert crowd.answers["book booked"], crowd.answers
