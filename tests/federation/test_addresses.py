"""Tests of looking up hosts before the start."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from twisted.trial.unittest import SynchronousTestCase

from medappt.federation.addresses import Found, resolve
from medappt.federation.link import Address
from medappt.role.startup import CannotStart

NAMES = {
    "que.example": ["192.0.2.7", "192.0.2.8"],
    "she.example": ["2001:DB8:0::7", "192.0.2.9"],
    "link.example": ["fe80::1%lo"],
    "odd.example": [],
}


def look_up(host: str, port: int, family: int, kind: int, /) -> Sequence[Found]:
    """What a name server would say."""
    assert kind == socket.SOCK_DGRAM
    if host not in NAMES:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    found: list[Found] = []
    for address in NAMES[host]:
        own = socket.AF_INET6 if ":" in address else socket.AF_INET
        if family in (socket.AF_UNSPEC, own):
            found.append((own, kind, 17, "", (address, port)))
    return found


class ResolveTests(SynchronousTestCase):
    def resolved(self, host: str, beside: Address | None = None) -> Address:
        return resolve(host, 21_110, beside=beside, look_up=look_up)

    def refused(self, host: str, beside: Address | None = None) -> str:
        with self.assertRaises(CannotStart) as caught:
            self.resolved(host, beside)
        self.assertNotIn("\n", str(caught.exception))
        return str(caught.exception)

    def test_names(self) -> None:
        """A name is the first of its addresses, in its one spelling, and the port as given."""
        self.assertEqual(self.resolved("que.example"), ("192.0.2.7", 21_110))
        self.assertEqual(self.resolved("she.example"), ("2001:db8::7", 21_110))
        self.assertEqual(self.resolved("link.example"), ("fe80::1%lo", 21_110))

    def test_family(self) -> None:
        """A peer's address is one that can be reached from the own one."""
        self.assertEqual(self.resolved("she.example", ("0.0.0.0", 1)), ("192.0.2.9", 21_110))
        self.assertEqual(self.resolved("she.example", ("::", 1)), ("2001:db8::7", 21_110))
        self.assertEqual(
            self.refused("que.example", ("::1", 1)),
            "que.example: an IPv6 address cannot be found",
        )
        self.assertIn("an IPv4 address", self.refused("link.example", ("127.0.0.1", 1)))

    def test_unknown(self) -> None:
        """A name that nobody knows is refused in one line that names it."""
        self.assertEqual(
            self.refused("nowhere.example"),
            "nowhere.example: an address cannot be found: Name or service not known",
        )
        self.assertIn("odd.example", self.refused("odd.example"))

    def test_no_names(self) -> None:
        """What can be no name is refused like one that nobody knows."""
        for host in ("a" * 70 + ".example", ".example"):
            with self.assertRaises(CannotStart):
                resolve(host, 1)

    def test_the_system(self) -> None:
        """An IP address is itself, without any name server."""
        self.assertEqual(resolve("127.0.0.1", 21_100), ("127.0.0.1", 21_100))
        self.assertEqual(resolve("0:0::1", 1, beside=("::1", 2)), ("::1", 1))
        with self.assertRaises(CannotStart):
            resolve("127.0.0.1", 21_100, beside=("::1", 2))
