"""Limits on what one peer, or all of them, may ask of a center (sections 4 and 11)."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.system.client import PATIENCE, Client, wait_until
from tests.system.roles import Server, Stage

FLOOD_BYTES = 64 << 20
GROWTH_BYTES = 24 << 20
"""What a server may grow by while a peer does not read: a few buffers, and Python's own habits."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage(tmp_path_factory.mktemp("limits")) as stage:
        yield stage


@pytest.fixture(scope="module")
def hasty(house: Stage) -> Server:
    """A server without patience."""
    limits = ["login_seconds=1.5", "idle_seconds=1.5", "unanswered=10", "close_seconds=0.5"]
    words = [word for limit in limits for word in ("--limit", limit)]
    return house.server("--store", "sqlite://", *words)


def test_login_limit(hasty: Server) -> None:
    """Who does not send a login in time is closed without a word, and it is logged once."""
    with Client(hasty.port) as silent, Client(hasty.port) as second:
        assert silent.is_closed()
        assert second.is_closed()
    assert hasty.log.count("The limit login_seconds (1.5) was met for the first time.") == 1


def is_ended(client: Client) -> bool:
    """Whether the server closes in time; all that comes before is read."""
    deadline = time.monotonic() + PATIENCE
    try:
        while client.stream.recv(65536):
            if time.monotonic() > deadline:
                return False
    except ConnectionError:
        pass
    return True


@pytest.mark.parametrize("drop", [b"x", b"help\n"])
def test_slow_loris(hasty: Server, drop: bytes) -> None:
    """Bytes that trickle in, or requests that are no login, do not extend the time to log in."""
    with ExitStack() as stack:
        client = stack.enter_context(Client(hasty.port))
        over = threading.Event()

        def trickle() -> None:
            with suppress(OSError):
                while not over.wait(0.05):
                    client.send(drop)

        thread = threading.Thread(target=trickle)
        thread.start()
        stack.callback(thread.join)
        stack.callback(over.set)
        assert is_ended(client)


def test_idle_limit(hasty: Server) -> None:
    """Who has logged in is closed when no complete line came for a while; a line renews the time,
    and single bytes do not."""
    with Client(hasty.port) as client:
        client.login()
        client.send(b"selection abc")
        assert client.is_closed()
    assert hasty.log.count("The limit idle_seconds (1.5) was met for the first time.") == 1


def test_unanswered_limit(hasty: Server) -> None:
    """Who pipelines more requests than may be unanswered is read more slowly, and loses none."""
    with Client(hasty.port) as client:
        client.login()
        client.send(b"".join(b"@%d schedule\n" % number for number in range(500)))
        for number in range(500):
            assert client.line() == f"@{number} ."
    assert "The limit unanswered (10) was met for the first time." in hasty.log


def is_reset(client: Client) -> bool:
    """Whether sending finds the connection closed."""
    client.stream.setblocking(False)
    try:
        client.send(b"\n")
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    return False


def test_peer_that_never_reads(hasty: Server) -> None:
    """A peer that asks and asks and never reads is read no further, does not make the server grow,
    and is closed after the time a peer may be idle; others are served meanwhile."""
    before = hasty.resident_bytes
    with Client(hasty.port) as deaf:
        deaf.login()
        assert deaf.flood(b"slots\n" * 10_000, FLOOD_BYTES) < FLOOD_BYTES
        assert hasty.resident_bytes - before < GROWTH_BYTES
        with Client(hasty.port) as other:
            other.login("patient2", "password222")
            assert other.ask("selection abc") == "invalid"
        wait_until(lambda: is_reset(deaf), "the close of the peer that never reads")


def test_connections_limit(stage: Stage) -> None:
    """Connections beyond the limit are closed at once; when one ends, the next is served."""
    server = stage.server("--limit", "connections=3")
    first, second, third = (stage.client(server.port) for _ in range(3))
    assert third.ask_rows("help")
    assert stage.client(server.port).is_closed()
    assert stage.client(server.port).is_closed()
    server.wait_for("The limit connections (3) was met for the first time.")
    assert first.ask("quit") == "bye"
    first.close()
    third.close()
    assert second.ask_rows("help")

    def is_served() -> bool:
        try:
            return bool(stage.client(server.port).ask_rows("help"))
        except (EOFError, ConnectionError):
            return False

    wait_until(is_served, "the next connection")


def test_blocked_for_a_time(stage: Stage) -> None:
    """Who has failed too often can log in again when the time for it is over."""
    limits = ["failures_per_user=2", "blocked_seconds=2"]
    server = stage.server(*(word for limit in limits for word in ("--limit", limit)))
    right = "authenticate patient1 password111"
    for _ in range(2):
        assert stage.client(server.port).ask("authenticate patient1 wrong") == "failure"
    assert stage.client(server.port).ask(right) == "failure"
    wait_until(lambda: stage.client(server.port).ask(right) == "success", "the next login")


def write_certificate(folder: Path) -> Path:
    """A key and a certificate it signed itself, for 127.0.0.1, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "health center")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "center.pem"
    path.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def secure(client: Client, trusted: Path) -> Client:
    context = ssl.create_default_context(cafile=str(trusted))
    client.stream = context.wrap_socket(client.stream, server_hostname="127.0.0.1")
    return client


def test_tls(stage: Stage) -> None:
    """The protocol is the same inside TLS, with and beside plain connections: whole sessions,
    failures, lines that are too long, and a peer that does not speak TLS at all."""
    pem = write_certificate(stage.folder)
    place = f"ssl:0:privateKey={pem.name}:certKey={pem.name}:interface=127.0.0.1"
    server = stage.server(listen=[place, "tcp:0:interface=127.0.0.1"])
    tls, plain = server.ports

    def connect() -> Client:
        return secure(stage.client(tls), pem)

    client = connect()
    client.send(b"authenticate patient1 password111\nselection 1\n" + b"slots\n" * 500 + b"quit\n")
    assert [client.line(), client.line()] == ["success", "doc1 41000"]
    assert {len(client.rows()) for _ in range(500)} == {6}
    assert client.line() == "bye"
    assert client.is_closed()

    assert connect().ask("authenticate patient1 wrong") == "failure"
    long = connect()
    assert long.ask("x" * 513).startswith("error too-long ")
    assert long.is_closed()
    assert stage.client(plain).login("patient2", "password222").ask("selection 1") == (
        "notavailable"
    )
    confused = stage.client(tls)
    confused.send(b"authenticate patient1 password111\n")
    with pytest.raises((EOFError, ConnectionError, UnicodeDecodeError)):
        confused.line()
    assert connect().login().ask("selection 2") == "doc2 42000"
