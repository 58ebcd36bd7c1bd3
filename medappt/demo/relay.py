"""A line between two cities that loses a datagram when it is told to."""

from __future__ import annotations

import selectors
import socket
from threading import Event, Thread

from medappt.demo.stage import say

_LONGEST = 8_192
_LOOK_SECONDS = 0.1
"""How soon the line notices that it is closed."""


class Relay(Thread):
    """Carries datagrams between a city *here*, which finds the other at ``port_here``, and one
    *there*, which finds it at ``port_there``: a city hears only from where its peer is said to
    be."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._here = self._open()
        self._there = self._open()
        self._to: dict[socket.socket, tuple[socket.socket, tuple[str, int]]] = {}
        self._loses = Event()
        self._is_closed = Event()

    @staticmethod
    def _open() -> socket.socket:
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.bind(("127.0.0.1", 0))
        return opened

    @property
    def port_here(self) -> int:
        port: int = self._here.getsockname()[1]
        return port

    @property
    def port_there(self) -> int:
        port: int = self._there.getsockname()[1]
        return port

    def join_up(self, here: int, there: int) -> None:
        """Begin to carry between the ports of the two cities."""
        self._to[self._here] = self._there, ("127.0.0.1", there)
        self._to[self._there] = self._here, ("127.0.0.1", here)
        self.start()

    def lose_next(self) -> None:
        """The next datagram from here to there does not arrive."""
        self._loses.set()

    def run(self) -> None:
        with selectors.DefaultSelector() as selector:
            for each in self._to:
                selector.register(each, selectors.EVENT_READ)
            while not self._is_closed.is_set():
                for key, _ in selector.select(_LOOK_SECONDS):
                    assert isinstance(key.fileobj, socket.socket)
                    self._carry(key.fileobj)

    def _carry(self, arrived: socket.socket) -> None:
        datagram = arrived.recv(_LONGEST)
        if arrived is self._here and self._loses.is_set():
            self._loses.clear()
            say("network", f"a datagram of {len(datagram)} bytes is lost")
            return
        leaving, address = self._to[arrived]
        leaving.sendto(datagram, address)

    def close(self) -> None:
        """Carry nothing more."""
        self._is_closed.set()
        if self.is_alive():
            self.join()
        for each in (self._here, self._there):
            each.close()
