"""Addresses as they are."""

from __future__ import annotations

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.trial.unittest import SynchronousTestCase

from medappt.patient.addresses import Address, address_of, canonical_host


class CanonicalHostTests(SynchronousTestCase):
    def test_one_spelling(self) -> None:
        """However an IPv6 address is written, it compares equal."""
        self.assertEqual(canonical_host("0:0::1"), "::1")
        self.assertEqual(canonical_host("2001:DB8::0001"), "2001:db8::1")

    def test_mapped(self) -> None:
        """An IPv4 address that an IPv6 socket reports is asked over IPv4."""
        self.assertEqual(canonical_host("::ffff:192.0.2.1"), "192.0.2.1")

    def test_scope(self) -> None:
        """A link-local address keeps its interface."""
        self.assertEqual(canonical_host("fe80::1%eth0"), "fe80::1%eth0")

    def test_name(self) -> None:
        """A name is no literal address."""
        self.assertIsNone(canonical_host("localhost"))


class AddressOfTests(SynchronousTestCase):
    def test_both_families(self) -> None:
        """Both ends of a socket have an address and a port."""
        four = address_of(IPv4Address("TCP", "192.0.2.1", 7))
        six = address_of(IPv6Address("UDP", "::1", 8))
        self.assertEqual((four, four.is_ipv6), (Address(host="192.0.2.1", port=7), False))
        self.assertEqual((six, six.is_ipv6), (Address(host="::1", port=8), True))

    def test_no_ip_address(self) -> None:
        """What has no IP address has none."""
        self.assertRaises(ValueError, address_of, UNIXAddress("/tmp/center"))
        self.assertRaises(ValueError, address_of, IPv4Address("TCP", "somewhere", 7))
