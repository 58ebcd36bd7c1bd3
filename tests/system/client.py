"""Somebody who talks to the roles. Every wait has a deadline."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 40.0
"""Seconds for anything that must happen: far more than it takes on the slowest machine."""

T = TypeVar("T")


def wait_until(condition: Callable[[], T], what: str) -> T:
    """The first true value of ``condition``; fails with ``what`` where there is none in time."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)
    return value


class Client:
    """A connection to a health center; ``stream`` is the socket, or what wraps it."""

    def __init__(self, port: int, source: str | None = None) -> None:
        address = None if source is None else (source, 0)
        self.stream = socket.create_connection(("127.0.0.1", port), PATIENCE, address)
        self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    @property
    def local_port(self) -> int:
        port: int = self.stream.getsockname()[1]
        return port

    def send(self, data: bytes) -> None:
        self.stream.sendall(data)

    def flood(self, data: bytes, most: int) -> int:
        """Send ``data`` again and again, reading nothing, until nothing more is taken or ``most``
        bytes were: how many."""
        sent = 0
        self.stream.settimeout(1.0)
        while sent < most:
            try:
                sent += self.stream.send(data)
            except (TimeoutError, ConnectionError):
                break
        self.stream.settimeout(PATIENCE)
        return sent

    def line(self) -> str:
        """The next line, without its end; ``EOFError`` where the server closed before it."""
        while b"\n" not in self._received:
            data = self.stream.recv(65536)
            if not data:
                raise EOFError(f"closed behind {self._received!r}")
            self._received += data
        line, _, self._received = self._received.partition(b"\n")
        return line.decode()

    def rows(self) -> list[str]:
        """The next lines, up to the one with the dot."""
        rows = []
        while (row := self.line()) != ".":
            rows.append(row)
        return rows

    def ask(self, request: str) -> str:
        """Send a request and read its one line."""
        self.send(request.encode() + b"\n")
        return self.line()

    def ask_rows(self, request: str) -> list[str]:
        """Send a request and read its rows."""
        self.send(request.encode() + b"\n")
        return self.rows()

    def login(self, user: str = "patient1", password: str = "password111") -> Client:
        """Log in, which must be good."""
        assert self.ask(f"authenticate {user} {password}") == "success"
        return self

    def is_closed(self) -> bool:
        """Wait for the server's close: whether it came without another byte."""
        try:
            return self._received + self.stream.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self.stream.close()


def ask_doctor(port: int, datagram: bytes) -> bytes:
    """A doctor's answer; sent again where there is none, for datagrams can be lost."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as patient:
        patient.connect(("127.0.0.1", port))
        patient.settimeout(1.0)

        def ask() -> bytes:
            patient.send(datagram)
            try:
                return patient.recv(100)
            except TimeoutError:
                return b""

        return wait_until(ask, f"the doctor's answer to {datagram!r}")
