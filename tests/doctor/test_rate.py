"""Tests of how many requests one address may send."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from medappt.doctor.rate import RateLimit


class RateLimitTests(SynchronousTestCase):
    """``RateLimit`` admits so many requests of an address in the second from its first."""

    def admitted(self, limit: RateLimit, host: str, now: float, requests: int) -> int:
        return sum(limit.admits(host, now) for _ in range(requests))

    def test_burst(self) -> None:
        """Exactly so many of a burst are admitted."""
        self.assertEqual(self.admitted(RateLimit(200), "192.0.2.1", 5.0, 500), 200)
        self.assertEqual(self.admitted(RateLimit(1), "192.0.2.1", 5.0, 5), 1)

    def test_window(self) -> None:
        """The second begins with the first request of the address, and the next with the first
        request after it."""
        limit = RateLimit(3)
        self.assertEqual(self.admitted(limit, "a", 5.0, 2), 2)
        self.assertEqual(self.admitted(limit, "a", 5.999, 9), 1)
        self.assertEqual(self.admitted(limit, "a", 6.0, 9), 3)
        self.assertEqual(self.admitted(limit, "a", 6.999, 9), 0)
        self.assertEqual(self.admitted(limit, "a", 7.5, 9), 3)

    def test_each_address(self) -> None:
        """One address does not use up another's."""
        limit = RateLimit(2)
        self.assertEqual(self.admitted(limit, "a", 5.0, 9), 2)
        self.assertEqual(self.admitted(limit, "b", 5.0, 9), 2)

    def test_no_limit(self) -> None:
        """A limit of 0 admits every request, and remembers nobody."""
        limit = RateLimit(0)
        self.assertEqual(self.admitted(limit, "a", 5.0, 1_000), 1_000)
        self.assertEqual(len(limit), 0)

    def test_clock_set_back(self) -> None:
        """A clock that is set back an hour shuts nobody out for that hour."""
        limit = RateLimit(2)
        self.assertEqual(self.admitted(limit, "a", 5_000.0, 9), 2)
        self.assertEqual(self.admitted(limit, "a", 1_400.0, 9), 2)

    def test_forged_addresses(self) -> None:
        """However many addresses ask, so many are remembered."""
        limit = RateLimit(2, addresses=100)
        for number in range(10_000):
            self.assertTrue(limit.admits(f"host{number}", 5.0))
            self.assertLessEqual(len(limit), 100)

    def test_forged_addresses_beside_a_busy_one(self) -> None:
        """Addresses that ask once do not make the doctor forget one that floods them."""
        limit = RateLimit(2, addresses=100)
        admitted = 0
        for number in range(1_000):
            limit.admits(f"host{number}", 5.0)
            admitted += limit.admits("flood", 5.0)
        self.assertEqual(admitted, 2)

    def test_a_table_of_old_ones(self) -> None:
        """Addresses whose second is over make room."""
        limit = RateLimit(2, addresses=10)
        for number in range(10):
            self.admitted(limit, f"host{number}", 5.0, 2)
        self.assertTrue(limit.admits("new", 6.0))
        self.assertEqual(len(limit), 1)

    def test_a_table_of_busy_ones(self) -> None:
        """When all of them are busy they are forgotten rather than anybody shut out."""
        limit = RateLimit(2, addresses=10)
        for number in range(10):
            self.admitted(limit, f"host{number}", 5.0, 2)
        self.assertTrue(limit.admits("new", 5.0))
        self.assertEqual(len(limit), 1)
