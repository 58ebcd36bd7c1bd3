"""Files that are imported at every start: what changed changes, and nothing else (section 6)."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from medappt.wire.replies import Rows, parse_schedule
from tests.system.data import cheap_hash, distant_day
from tests.system.roles import Stage

USERS = "patient1 password111\npatient2 password222\nboss secret admin\n"


def tables(stage: Stage) -> dict[str, list[tuple[object, ...]]]:
    """What a store that nobody uses holds."""
    with closing(sqlite3.connect(stage.folder / "medappt.sqlite3")) as store:
        return {
            name: store.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall()
            for name in ("people", "openings", "appointments", "results")
        }


def test_same_files_again_change_nothing(stage: Stage) -> None:
    """Starting again on the same files changes no row: no password is hashed anew."""
    stage.write("users.txt", USERS)
    first = stage.server()
    assert stage.client(first.port).login().ask("@t selection 1") == "@t doc1 41000"
    stage.end(first)
    before = tables(stage)
    second = stage.server()
    assert stage.client(second.port).login().ask("selection 1") == "notavailable"
    stage.end(second)
    assert tables(stage) == before
    assert len(before["people"]) == 3
    assert len(before["appointments"]) == 1


def test_other_line_ends_and_comments_change_nothing(stage: Stage) -> None:
    """The same lines with CRLF, comments, blanks and in another order are the same files."""
    stage.write("users.txt", USERS)
    stage.server().stop()
    before = tables(stage)
    lines = [f"{line}  \r\n" for line in reversed(USERS.splitlines())]
    stage.write("users.txt", "# who may come\r\n\r\n" + "".join(lines).rstrip())
    stage.server().stop()
    assert tables(stage) == before


def test_changed_users(stage: Stage) -> None:
    """A changed password holds from the next start; who has left the file cannot log in, and
    their appointment stands; who is new can."""
    stage.write("users.txt", USERS)
    first = stage.server()
    assert stage.client(first.port).login("patient2", "password222").ask("selection 2") == (
        "doc2 42000"
    )
    stage.end(first)

    changed = f"patient1 changed\nnewcomer {cheap_hash('welcome')}\nboss secret admin\n"
    stage.write("users.txt", changed)
    port = stage.server().port
    assert stage.client(port).ask("authenticate patient1 password111") == "failure"
    stage.client(port).login("patient1", "changed")
    assert stage.client(port).ask("authenticate patient2 password222") == "failure"
    assert stage.client(port).login("newcomer", "welcome").ask("selection 2") == "notavailable"
    boss = stage.client(port).login("boss", "secret")
    assert boss.ask_rows("patients 2") == ["patient2 booked"]
    assert [row.split()[:3] for row in boss.ask_rows("schedule patient2")] == [["2", "-", "booked"]]


def test_user_who_comes_back(stage: Stage) -> None:
    """Who left the file and is in it again has the appointments they had."""
    first = stage.server()
    assert stage.client(first.port).login().ask("selection 1") == "doc1 41000"
    stage.end(first)
    stage.write("users.txt", "patient2 password222\n")
    stage.server().stop()
    stage.write("users.txt", "patient1 password111\npatient2 password222\n")
    patient = stage.client(stage.server().port).login()
    assert len(patient.ask_rows("schedule")) == 1


def test_hash_is_renewed_at_login(stage: Stage) -> None:
    """A hash with other parameters than today's is replaced at the first login, and the line it
    came from is not imported over it."""
    stage.write("users.txt", f"patient1 {cheap_hash('password111')}\n")
    first = stage.server()
    stage.client(first.port).login()
    stage.end(first)
    renewed = tables(stage)
    assert "m=19456,t=2,p=1" in str(renewed["people"])
    second = stage.server()
    stage.client(second.port).login()
    stage.end(second)
    assert tables(stage) == renewed


def test_changed_opening(stage: Stage) -> None:
    """A reserved occurrence of an opening that was changed or removed stands as it was booked,
    and what the line now says is free."""
    day = distant_day()
    stage.write("availabilities.txt", f"1 {day} 01pm doc1 41000\n2 {day} 02pm doc1 41000\n")
    first = stage.server()
    patient = stage.client(first.port).login()
    assert patient.ask("selection 1") == "doc1 41000"
    assert patient.ask("selection 2") == "doc1 41000"
    schedule = patient.ask_rows("schedule")
    stage.end(first)

    stage.write("availabilities.txt", f"1 {day} 03pm doc2 42000\n3 {day} 04pm doc1 41000\n")
    port = stage.server().port
    assert stage.client(port).login().ask_rows("schedule") == schedule
    other = stage.client(port).login("patient2", "password222")
    assert other.ask_rows("available") == [f"1 {day} 03pm", f"3 {day} 04pm"]
    assert other.ask("selection 2") == "invalid"
    assert other.ask("selection 1") == "doc2 42000"
    assert stage.client(port).login().ask("cancel 2") == "cancelled 2 -"


def test_renumbered_openings_sell_no_hour_twice(stage: Stage) -> None:
    """After the lines were renumbered, an hour of a doctor that is reserved under its old index
    is not free under its new one."""
    day = distant_day()
    stage.write("availabilities.txt", f"1 {day} 01pm doc1 41000\n2 {day} 02pm doc2 42000\n")
    first = stage.server()
    assert stage.client(first.port).login().ask("selection 1") == "doc1 41000"
    stage.end(first)

    stage.write("availabilities.txt", f"1 {day} 02pm doc2 42000\n2 {day} 01pm doc1 41000\n")
    other = stage.client(stage.server().port).login("patient2", "password222")
    assert other.ask_rows("slots") == [f"1 {day} 02pm doc2 free", f"2 {day} 01pm doc1 taken"]
    assert other.ask("selection 2") == "notavailable"
    assert other.ask("selection 1") == "doc2 42000"


@pytest.mark.parametrize("zone", ["America/Toronto", "Asia/Kolkata"])
def test_hours_are_the_center_s(stage: Stage, zone: str) -> None:
    """The hours of the lines are local to ``--timezone``; a schedule tells them with offset."""
    day = distant_day()
    stage.write("availabilities.txt", f"1 {day} 12pm doc1 41000\n2 {day} 12am doc1 41000\n")
    patient = stage.client(stage.server("--timezone", zone).port).login()
    assert patient.ask("selection 1") == "doc1 41000"
    assert patient.ask("selection 2") == "doc1 41000"
    rows = parse_schedule(Rows(rows=tuple(patient.ask_rows("schedule"))))
    assert {(row.code, row.start.hour) for row in rows} == {("1", 12), ("2", 0)}
    assert {row.start.strftime("%a") for row in rows} == {day}
    expected = {"America/Toronto": (-5, -4), "Asia/Kolkata": (5.5,)}[zone]
    for row in rows:
        offset = row.start.utcoffset()
        assert offset is not None
        assert offset.total_seconds() / 3600 in expected
