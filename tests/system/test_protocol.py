"""The health center protocol over real TCP: framing, order, refusals, bad input (section 4)."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.system.client import Client
from tests.system.data import distant_day
from tests.system.roles import Server, Stage

DAY = distant_day()
SLOTS = 40
LONG_STREAM = 10_000_000


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One folder for all tests of this module, which take slots of their own."""
    with Stage(tmp_path_factory.mktemp("protocol")) as stage:
        stage.write("users.txt", "patient1 password111\npatient2 password222\nboss secret admin\n")
        rows = [f"{index} {DAY} 01pm doc{index} {41000 + index}\n" for index in range(1, SLOTS + 1)]
        stage.write("availabilities.txt", "".join(rows))
        yield stage


@pytest.fixture(scope="module")
def server(house: Stage) -> Server:
    return house.server()


@pytest.fixture
def stranger(server: Server) -> Iterator[Client]:
    """A connection that has not logged in."""
    with Client(server.port) as client:
        yield client


@pytest.fixture
def patient(stranger: Client) -> Client:
    """A connection of patient1."""
    return stranger.login()


# framing


def test_byte_by_byte(stranger: Client) -> None:
    """Requests that come in single bytes are the requests they are."""
    for request, answer in [
        (b"authenticate patient1 password111\r\n", "success"),
        (b"selection 1\n", "doc1 41001"),
        (b"quit\n", "bye"),
    ]:
        for position in range(len(request)):
            stranger.send(request[position : position + 1])
        assert stranger.line() == answer
    assert stranger.is_closed()


def test_joined(stranger: Client) -> None:
    """A whole session in one segment is answered in order."""
    stranger.send(
        b"authenticate patient1 password111\nselection 2\n\n\r\nselection 2\r\nHELP\nselection x\n"
        b"cancel 2\nselection 2\nquit\n"
    )
    assert [stranger.line() for _ in range(3)] == ["success", "doc2 41002", "notavailable"]
    assert "quit" in stranger.rows()
    assert [stranger.line() for _ in range(4)] == [
        "invalid",
        "cancelled 2 -",
        "doc2 41002",
        "bye",
    ]
    assert stranger.is_closed()


def test_thousand_pipelined_requests(patient: Client) -> None:
    """A thousand requests of several kinds, sent without waiting, are answered in order."""
    requests = ["selection 3", "slots", "selection abc", "nonsense", "schedule", "cancel 3"]
    patient.send("".join(f"@{n} {requests[n % 6]}\n" for n in range(1000)).encode())
    expected = {
        0: "doc3 41003",
        1: f"1 {DAY} 01pm doc1 ",
        2: "invalid",
        3: "error unknown-command ",
        4: "",
        5: "cancelled 3 -",
    }
    for number in range(1000):
        first = patient.line()
        assert first.startswith(f"@{number} {expected[number % 6]}"), first
        if number % 6 in (1, 4):
            patient.rows()


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_longest_line(patient: Client, end: bytes) -> None:
    """A line of 512 bytes before its end is served."""
    patient.send(b"selection ".ljust(512, b"7") + end)
    assert patient.line() == "invalid"
    assert patient.ask("selection none") == "invalid"


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_line_too_long(patient: Client, end: bytes) -> None:
    """A line of 513 bytes is too long: what came before is answered, and the server closes."""
    patient.send(b"selection abc\n" + b"selection ".ljust(513, b"7") + end + b"selection abc\n")
    assert patient.line() == "invalid"
    assert patient.line().startswith("error too-long ")
    assert patient.is_closed()


def test_stream_without_line_ends(stranger: Client, server: Server) -> None:
    """Ten megabytes without a line end are refused once, and do not make the server grow."""
    before = server.resident_bytes
    try:
        stranger.send(b"a" * LONG_STREAM)
    except ConnectionError:  # the server has closed long before the last byte
        pass
    else:
        assert stranger.line().startswith("error too-long ")
        assert stranger.is_closed()
    assert server.resident_bytes - before < LONG_STREAM // 2


def test_refusal_of_a_long_line_can_be_read(stranger: Client) -> None:
    """Who sends a line that is too long and then reads is told so."""
    stranger.send(b"b" * 2000)
    assert stranger.line().startswith("error too-long ")
    assert stranger.is_closed()


@pytest.mark.parametrize(
    "line",
    [
        b"\0\0\0",
        b"avail\0able",
        b"selection\0 1",
        b"\xff\xfe\xfd",
        "réservez 1".encode(),
        b"selektion 1",
        b"\x1b[2Jselection 1",
        b"list Physician",
        b"book MTLA100227 Physician",
        b"swap a b c d",
        b"add MTLA100227 Physician 3",
        b"remove MTLA100227 Physician",
    ],
)
def test_unknown_commands(patient: Client, line: bytes) -> None:
    """What is no command of this center is refused, and the next request works."""
    patient.send(line + b"\n")
    assert patient.line().startswith("error unknown-command ")
    assert patient.ask("selection abc") == "invalid"


@pytest.mark.parametrize(
    "line",
    [
        b"selection",
        b"selection 1 2",
        b"available 1",
        b"slots all",
        b"cancel",
        b"cancel abc",
        b"schedule patient1 patient2",
        b"patients",
        b"help me",
        b"quit now",
        b"authenticate patient1",
        b"@" + b"t" * 65 + b" available",
        b"@t\xc3\xa9 available",
        b"@",
        b"@tag",
    ],
)
def test_wrong_forms(patient: Client, line: bytes) -> None:
    """A command in a wrong form is a syntax error, and the next request works."""
    patient.send(line + b"\n")
    assert patient.line().startswith(("error syntax ", "@tag error syntax "))
    assert patient.ask("selection abc") == "invalid"


@pytest.mark.parametrize(
    "index",
    ["-1", "99999999999999999999", "abc", "0", "1.0", "+1", "٣", "1\0", str(SLOTS + 1), "0x1"],
)
def test_indices_that_are_none(patient: Client, index: str) -> None:
    """One word that is no index of the center is ``invalid``, and may be asked again."""
    assert patient.ask(f"selection {index}") == "invalid"
    assert patient.ask("selection -") == "invalid"


# who may what


@pytest.mark.parametrize(
    "request_", ["available", "slots", "selection 1", "cancel 1", "schedule", "patients 1"]
)
def test_before_login(stranger: Client, request_: str) -> None:
    """Before the login nothing of the center is served, and the login still can be sent."""
    assert stranger.ask(request_).startswith("error unauthenticated ")
    assert stranger.ask(f"@t {request_}").startswith("@t error unauthenticated ")
    assert stranger.ask("authenticate patient1 password111") == "success"


def test_help_and_quit_before_login(stranger: Client) -> None:
    """Before the login help names what is served then, and quit is."""
    assert stranger.ask_rows("help") == ["authenticate USER PASSWORD", "help", "quit"]
    assert stranger.ask("@now QUIT") == "@now bye"
    assert stranger.is_closed()


def test_second_login(patient: Client) -> None:
    """A second login is refused, whoever it is of, and the first stays."""
    refusal = "error syntax already logged in"
    assert patient.ask("authenticate patient2 password222") == refusal
    assert patient.ask("authenticate patient1 wrong") == refusal
    assert patient.ask("selection 4") == "doc4 41004"
    assert any(row.startswith("4 ") for row in patient.ask_rows("schedule"))


def test_failed_login_discards_what_follows(house: Stage, server: Server) -> None:
    """After a failed login the server closes; what was pipelined behind it has no effect."""
    client = house.client(server.port)
    client.send(
        b"authenticate patient1 wrong\nauthenticate patient1 password111\nselection 5\nquit\n"
    )
    assert client.line() == "failure"
    assert client.is_closed()
    patient = house.client(server.port).login()
    assert patient.ask("selection 5") == "doc5 41005"


def test_rights(house: Stage, server: Server) -> None:
    """A patient sees and cancels their own places only; an administrator looks into the center."""
    patient = house.client(server.port).login()
    other = house.client(server.port).login("patient2", "password222")
    boss = house.client(server.port).login("boss", "secret")
    assert patient.ask("selection 6") == "doc6 41006"
    assert other.ask("cancel 6").startswith("error not-booked ")
    assert other.ask("schedule patient1").startswith("error forbidden ")
    assert other.ask("patients 6").startswith("error forbidden ")
    assert other.ask_rows("schedule patient2") == []
    assert boss.ask_rows("patients 6") == ["patient1 booked"]
    assert any(row.startswith("6 - booked ") for row in boss.ask_rows("schedule patient1"))
    assert boss.ask("schedule nobody").startswith("error unknown-patient ")
    assert boss.ask("patients 999").startswith("error unknown-slot ")
    assert patient.ask("cancel 6") == "cancelled 6 -"
    assert boss.ask_rows("patients 6") == []
    assert f"6 {DAY} 01pm doc6 free" in other.ask_rows("slots")
    assert f"6 {DAY} 01pm" in other.ask_rows("available")


def test_keywords_in_any_case(house: Stage, server: Server) -> None:
    """Keywords are the same in any case, values are not."""
    assert house.client(server.port).ask("AUTHENTICATE patient1 password111") == "success"
    assert house.client(server.port).ask("aUTHENTICATE Patient1 password111") == "failure"
    assert house.client(server.port).ask("authenticate patient1 PASSWORD111") == "failure"


# leaving


def test_half_closed_client_gets_its_answers(stranger: Client) -> None:
    """Who closes their sending side behind their requests still gets every answer."""
    count = 300
    stranger.send(b"authenticate patient2 password222\n" + b"slots\n" * count)
    stranger.stream.shutdown(socket.SHUT_WR)
    assert stranger.line() == "success"
    assert [len(stranger.rows()) for _ in range(count)] == [SLOTS] * count
    assert stranger.is_closed()


def test_half_closed_without_a_line_end(patient: Client) -> None:
    """What is no complete line at the end of input is no request."""
    patient.send(b"selection 7")
    patient.stream.shutdown(socket.SHUT_WR)
    assert patient.is_closed()


def test_client_that_resets(house: Stage, server: Server) -> None:
    """Clients that vanish in the middle of their requests cost the others nothing."""
    for data in (b"", b"authen", b"authenticate patient1 password111\n", b"slots\n" * 50):
        with Client(server.port) as client:
            linger = (1).to_bytes(4, "little") + bytes(4)  # close with a reset
            client.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            client.send(data)
    assert house.client(server.port).login().ask("selection abc") == "invalid"


# failed logins: addresses of their own, so that the tests above are not locked out


def test_failed_logins_lock_out_a_pair_only(house: Stage, server: Server) -> None:
    """After five failures a user and address fail at once, with the right password too; the user
    can log in from elsewhere, and others from there."""
    for _ in range(5):
        client = house.client(server.port, "127.0.0.5")
        assert client.ask("authenticate patient1 wrong") == "failure"
        assert client.is_closed()
    locked = house.client(server.port, "127.0.0.5")
    assert locked.ask("authenticate patient1 password111") == "failure"
    server.wait_for("The limit failures_per_user (5) was met for the first time.")
    assert house.client(server.port, "127.0.0.2").login().ask("selection abc") == "invalid"
    house.client(server.port, "127.0.0.5").login("patient2", "password222")


def test_failed_logins_lock_out_an_address(house: Stage, server: Server) -> None:
    """After twenty failures an address fails at once, whoever it says it is."""
    for number in range(20):
        client = house.client(server.port, "127.0.0.6")
        assert client.ask(f"authenticate nobody{number} wrong") == "failure"
    locked = house.client(server.port, "127.0.0.6")
    assert locked.ask("authenticate patient1 password111") == "failure"
    house.client(server.port, "127.0.0.7").login()
