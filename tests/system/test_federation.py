"""Three centers as processes: counts, lists over all of them, and a peer that is down."""

from __future__ import annotations

import select
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.system.client import Client, wait_until
from tests.system.federation import CITIES, Federation, code, patient, run_federation
from tests.system.proxy import FOUL
from tests.system.roles import Stage

PATIENTS = 41
DAYS = 28
PARTS = "MAE"


@pytest.fixture(scope="module")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    """Three centers that the tests of this module share, each using weeks of its own."""
    with (
        Stage(tmp_path_factory.mktemp("federation")) as stage,
        run_federation(stage, patients=PATIENTS) as federation,
    ):
        yield federation


def what(answer: str) -> str:
    """``booked``, ``swapped``..., or the code of an error."""
    words = answer.split()
    return words[1] if words[0] == "error" else words[0]


def race(federation: Federation, *requests: tuple[str, str]) -> Counter[str]:
    """Users log in on a connection each, and then all send their line before anybody reads."""
    with ExitStack() as stack:
        clients = [stack.enter_context(federation.connect(user)) for user, _ in requests]
        for client, (_, line) in zip(clients, requests, strict=True):
            client.send(f"{line}\n".encode())
        return Counter(what(client.line()) for client in clients)


def has_answer(client: Client) -> bool:
    return bool(select.select([client.stream], [], [], 0)[0])


@pytest.mark.parametrize(("owner", "day"), [("MTL", 0), ("QUE", 1)])
def test_forty_sessions_on_five_places(federation: Federation, owner: str, day: int) -> None:
    """Forty patients of one city who ask for a slot of capacity 5 at once, at home or in another
    city: exactly 5 get a place."""
    slot = code(owner, day)
    federation.open_slots(slot, capacity=5)
    line = f"book {slot} Physician"
    answers = race(federation, *((patient("MTL", 1 + n), line) for n in range(40)))
    assert answers == {"booked": 5, "full": 35}
    assert len(federation.rows(f"{owner}A0001", f"patients {slot} Physician")) == 5


def test_thirty_patients_of_three_cities_on_three_places(federation: Federation) -> None:
    """Exactly 3 get a place."""
    slot = code("SHE", 2)
    federation.open_slots(slot, capacity=3)
    line = f"book {slot} Physician"
    answers = race(
        federation, *((patient(city, 1 + n), line) for n in range(10) for city in CITIES)
    )
    assert answers == {"booked": 3, "full": 27}
    assert len(federation.rows("SHEA0001", f"patients {slot} Physician")) == 3


def test_three_a_week_from_six_connections(federation: Federation) -> None:
    """Of six bookings in other cities, in one week, that a patient sends at once on six
    connections, exactly 3 are booked (R4)."""
    slots = [code(city, 7 + day) for day, city in enumerate(["QUE", "SHE"] * 3)]
    federation.open_slots(*slots)
    user = patient("MTL", 41)  # who was in no race before
    answers = race(federation, *((user, f"book {slot} Physician") for slot in slots))
    assert answers == {"booked": 3, "weekly-limit": 3}
    assert len(federation.rows(user, "schedule")) == 3


def test_administrator_books_for_thirty(federation: Federation) -> None:
    """Thirty bookings for thirty patients, sent in one piece on one connection, are answered in
    their order."""
    slot = code("QUE", 14)
    federation.open_slots(slot, capacity=20)
    lines = [f"@{n} book {slot} Physician {patient('MTL', 1 + n)}" for n in range(30)]
    answers = federation.ask("MTLA0001", *lines)
    assert [answer.split()[0] for answer in answers] == [f"@{n}" for n in range(30)]
    assert Counter(what(answer.partition(" ")[2]) for answer in answers) == {
        "booked": 20,
        "full": 10,
    }


def test_whole_list_of_another_city(federation: Federation) -> None:
    """The 84 slots of four weeks in one city are listed in another, in their order; in foul
    weather each answer has all of them or names the city, and one has them all."""
    slots = [code("QUE", 21 + day, part) for day in range(DAYS) for part in PARTS]
    federation.open_slots(*slots, capacity=7)
    rows = [f"{slot} 7" for slot in slots]

    def listed() -> list[str]:
        answer = federation.rows(patient("SHE", 1), "list Physician")
        return [row for row in answer if row in rows or row.startswith("!")]

    assert listed() == rows

    def is_whole() -> bool:
        found = listed()
        missing = [row for row in found if row.startswith("!")]
        assert set(missing) <= {"! MTL unreachable", "! QUE unreachable"}
        assert found == ([] if "! QUE unreachable" in missing else rows) + missing
        return "! QUE unreachable" not in missing

    with federation.proxy.in_weather(FOUL):
        wait_until(is_whole, "a whole list")


def test_peer_that_is_down(federation: Federation) -> None:
    """A killed peer makes ``unreachable``: a list names it, and a booking there is answered and
    not done later. Meanwhile other requests are served, of other patients and of the same one."""
    local, abroad = code("MTL", 60), code("QUE", 60)
    federation.open_slots(local, abroad, capacity=PATIENTS)
    federation.kill("QUE")
    user = patient("MTL", 1)
    with federation.connect("MTLA0001") as administrator, federation.connect(user) as waiting:
        waiting.send(f"@abroad book {abroad} Physician\n".encode())
        for number in range(2, PATIENTS):
            line = f"book {local} Physician {patient('MTL', number)}"
            assert what(administrator.ask(line)) == "booked"
        shown = administrator.ask_rows(f"schedule {user}")
        assert abroad not in " ".join(shown)  # not decided yet
        assert not has_answer(waiting)
        assert "! QUE unreachable" in administrator.ask_rows("list Physician")
        answer = waiting.line()
    assert answer.startswith("@abroad error unreachable ")
    federation.start("QUE")
    assert federation.ask(user, f"@abroad book {abroad} Physician") == [answer]
    federation.settle()
    assert federation.rows("QUEA0001", f"patients {abroad} Physician") == []
    assert what(federation.ask(user, f"book {abroad} Physician")[0]) == "booked"


def test_cut_in_one_direction(federation: Federation) -> None:
    """Where requests arrive and answers do not, a booking is ``unreachable``, and the place is
    given back."""
    slot = code("SHE", 67)
    federation.open_slots(slot)
    federation.proxy.cut("SHE", "MTL")
    user = patient("MTL", 2)
    assert what(federation.ask(user, f"book {slot} Physician")[0]) == "unreachable"
    federation.proxy.mend()
    federation.settle()
    assert what(federation.ask(user, f"book {slot} Physician")[0]) == "booked"
