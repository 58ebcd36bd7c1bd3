"""What was promised stands, and nothing is sold twice: races, kills, restarts (R1)."""

from __future__ import annotations

import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Semaphore

import pytest

from tests.system.client import Client
from tests.system.data import cheap_hash, openings
from tests.system.roles import Server, Stage

RACERS = 200
KILLS = 2
BUYERS = 4
SLOTS = 600
SOLD_BEFORE_A_KILL = 40


def buy(client: Client, indices: range, sold: Semaphore) -> dict[int, str]:
    """Ask for all these slots at once, read until the server is gone: what was answered."""
    answers = {}
    try:
        client.send(b"".join(b"selection %d\n" % index for index in indices))
        for index in indices:
            answers[index] = client.line()
            if answers[index] != "notavailable":
                sold.release()
    except (EOFError, ConnectionError):
        pass
    return answers


def owners(server: Server, stage: Stage, count: int) -> dict[int, list[str]]:
    """Who has each slot, as the administrator is told."""
    administrator = stage.client(server.port).login("boss", "secret")
    administrator.send(b"".join(b"patients %d\n" % index for index in range(1, count + 1)))
    return {index: administrator.rows() for index in range(1, count + 1)}


def write_buyers(stage: Stage) -> None:
    lines = [f"buyer{number} password{number}\n" for number in range(BUYERS)]
    stage.write("users.txt", "".join([*lines, "boss secret admin\n"]))


@pytest.mark.timeout(180)
def test_one_winner_of_two_hundred(stage: Stage) -> None:
    """Of 200 clients of 200 users who ask for the last place at once, over TCP, one gets it, and
    199 are told that it is not available."""
    users = [f"racer{number} {cheap_hash(f'secret{number}')}\n" for number in range(RACERS)]
    stage.write("users.txt", "".join([*users, "boss secret admin\n"]))
    server = stage.server()
    racers = [stage.client(server.port) for _ in range(RACERS)]
    for number, racer in enumerate(racers):
        racer.send(f"authenticate racer{number} secret{number}\n".encode())
    assert [racer.line() for racer in racers] == ["success"] * RACERS

    for racer in racers:
        racer.send(b"selection 4\n")
    answers = [racer.line() for racer in racers]

    assert sorted(set(answers)) == ["doc1 41000", "notavailable"]
    assert answers.count("doc1 41000") == 1
    winner = answers.index("doc1 41000")
    assert owners(server, stage, 4)[4] == [f"racer{winner} booked"]


def test_what_was_acknowledged_survives_kills_under_load(stage: Stage) -> None:
    """A server killed again and again while clients compete for its slots has, after each start,
    every reservation it ever acknowledged, and none of them twice."""
    write_buyers(stage)
    stage.write("availabilities.txt", openings(SLOTS))
    acknowledged: dict[int, str] = {}
    for round_ in range(KILLS):
        server = stage.server()
        clients = [
            stage.client(server.port).login(f"buyer{number}", f"password{number}")
            for number in range(BUYERS)
        ]
        first = 1 + round_ * SLOTS // KILLS
        sold = Semaphore(0)
        with ThreadPoolExecutor(BUYERS) as pool:
            shopping = [
                pool.submit(buy, client, range(first, SLOTS + 1), sold) for client in clients
            ]
            for _ in range(SOLD_BEFORE_A_KILL):
                assert sold.acquire(timeout=20)
            server.kill()
            for number, bought in enumerate(shopping):
                for index, answer in bought.result().items():
                    if answer != "notavailable":
                        assert answer == "doc1 41000"
                        assert index not in acknowledged
                        acknowledged[index] = f"buyer{number} booked"

    server = stage.server()
    sold_to = owners(server, stage, SLOTS)
    assert len(acknowledged) >= KILLS * SOLD_BEFORE_A_KILL
    assert {index: sold_to[index] for index in acknowledged} == {
        index: [row] for index, row in acknowledged.items()
    }
    assert all(len(rows) <= 1 for rows in sold_to.values())


def test_kill_between_commit_and_reply(stage: Stage) -> None:
    """A reservation whose server died before it could answer stands: its patient gets the answer
    by sending the same tag again, and nobody else gets the slot."""
    mortal = [sys.executable, str(Path(__file__).with_name("mortal.py")), "-n", "--pidfile="]
    place = ["--listen", "tcp:0:interface=127.0.0.1"]
    dying = stage.run_server([*mortal, "medappt-server", "--data", ".", *place])
    client = stage.client(dying.port).login()
    client.send(b"@first-visit selection 1\n")
    assert client.is_closed()
    assert dying.wait() == -signal.SIGKILL

    server = stage.server()
    other = stage.client(server.port).login("patient2", "password222")
    assert other.ask("@first-visit selection 1") == "@first-visit notavailable"
    patient = stage.client(server.port).login()
    assert len(patient.ask_rows("schedule")) == 1
    assert patient.ask("@first-visit selection 1") == "@first-visit doc1 41000"
    assert patient.ask("@first-visit selection 1") == "@first-visit doc1 41000"
    assert len(patient.ask_rows("schedule")) == 1


def test_tags_are_remembered_across_connections_and_kills(stage: Stage) -> None:
    """The first answer to a tag is given again, refusals too, on another connection and after a
    kill; the same tag with another request is an error."""
    server = stage.server()
    client = stage.client(server.port).login()
    assert client.ask("@a selection 3") == "@a doc1 41000"
    assert client.ask("@b selection 99") == "@b invalid"
    assert client.ask("@c cancel 3") == "@c cancelled 3 -"
    refused = client.ask("@d cancel 3")
    assert refused.startswith("@d error not-booked ")
    assert client.ask("@e selection 3") == "@e doc1 41000"
    server.kill()

    again = stage.client(stage.server().port).login()
    assert again.ask("@a selection 3") == "@a doc1 41000"
    assert again.ask("@b SELECTION   99") == "@b invalid"
    assert again.ask("@c cancel 3") == "@c cancelled 3 -"
    assert again.ask("@d cancel 3") == refused
    assert len(again.ask_rows("schedule")) == 1
    assert again.ask("@a selection 4") == "@a error syntax tag reused"
    assert again.ask("selection 3") == "notavailable"
    assert again.ask_rows("@a schedule")[0].startswith("@a 3 - booked ")


def test_backup_under_load_is_a_store(
    stage: Stage, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """On SIGUSR1 a busy server writes a copy that has every reservation acknowledged before, and
    that another server starts from while the first goes on."""
    write_buyers(stage)
    stage.write("availabilities.txt", openings(SLOTS))
    server = stage.server()
    clients = [
        stage.client(server.port).login(f"buyer{number}", f"password{number}")
        for number in range(BUYERS)
    ]
    is_over = Event()

    def shop(number: int) -> dict[int, str]:
        bought = {}
        for index in range(1 + number, SLOTS + 1, BUYERS):
            if is_over.is_set():
                break
            assert clients[number].ask(f"selection {index}") == "doc1 41000"
            bought[index] = f"buyer{number} booked"
            promised.update({index: bought[index]})
            sold.release()
        return bought

    promised: dict[int, str] = {}
    sold = Semaphore(0)
    with ThreadPoolExecutor(BUYERS) as pool:
        shopping = [pool.submit(shop, number) for number in range(BUYERS)]
        for _ in range(SOLD_BEFORE_A_KILL):
            assert sold.acquire(timeout=20)
        before = dict(promised)
        server.signal(signal.SIGUSR1)
        path = server.wait_for("The store was copied to ")
        is_over.set()
        for each in shopping:
            each.result()
    assert path == str(stage.folder / "medappt.sqlite3.backup")

    with Stage(tmp_path_factory.mktemp("restored")) as elsewhere:
        write_buyers(elsewhere)
        elsewhere.write("availabilities.txt", openings(SLOTS))
        (elsewhere.folder / "medappt.sqlite3").write_bytes(Path(path).read_bytes())
        restored = owners(elsewhere.server(), elsewhere, SLOTS)
    assert len(before) >= SOLD_BEFORE_A_KILL
    assert {index: restored[index] for index in before} == {
        index: [row] for index, row in before.items()
    }
    now = owners(server, stage, SLOTS)
    assert {index: now[index] for index in promised} == {
        index: [row] for index, row in promised.items()
    }


def test_store_in_memory_forgets(stage: Stage) -> None:
    """``--store sqlite://`` keeps nothing beyond its process, leaves no file, and has no copy."""
    server = stage.server("--store", "sqlite://")
    server.signal(signal.SIGUSR1)
    server.wait_for("A store in memory has no backup.")
    assert stage.client(server.port).login().ask("selection 1") == "doc1 41000"
    stage.end(server)
    assert not [path.name for path in stage.folder.iterdir() if "sqlite" in path.name]
    again = stage.server("--store", "sqlite://")
    assert stage.client(again.port).login().ask("selection 1") == "doc1 41000"
