"""Logins: what a checker does, what it costs, and whom it makes wait."""

from __future__ import annotations

from typing import Any

from argon2 import PasswordHasher
from twisted.cred.credentials import UsernamePassword
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, fail
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import Interface

from medappt.center.passwords import Argon2Hasher, is_argon2_hash
from medappt.center.throttle import Throttle
from medappt.center.visitor import IVisitor, Visitor
from medappt.model.identity import Role
from medappt.model.limits import Limits
from medappt.store import people
from medappt.store.people import find_person, replace_hash
from medappt.store.writer import StoreFailed, run_now
from tests.center.fixtures import MONDAY, HeldWorker, MemoryCenter
from tests.role.logs import listening_to_the_log

GOOD = "authenticate patient1 password111"
BUSY = ["error busy the login could not be checked, try again"]


class CheckerTests(SynchronousTestCase):
    """The same work for everybody, and a bound on all of it."""

    def test_unknown_users_cost_what_wrong_passwords_cost(self) -> None:
        """One comparison each: nobody can tell which names exist."""
        center = MemoryCenter()
        for line in ("patient1 wrong", "nobody wrong", "\udcff wrong", "a\x01 wrong"):
            center.hasher.verified.clear()
            self.assertEqual(center.connect().ask(f"authenticate {line}"), ["failure"])
            self.assertEqual(len(center.hasher.verified), 1, line)

    def test_the_decoys_password_opens_nothing(self) -> None:
        """An unknown user fails even where the comparison holds."""
        center = MemoryCenter()
        self.patch(center.hasher, "verify", lambda encoded, password: True)
        self.assertEqual(center.connect().ask("authenticate nobody x"), ["failure"])

    def test_hashes_of_several_costs(self) -> None:
        """Every failure compares once with each kind of hash there is, a success only once."""
        center = MemoryCenter()
        center.checker._decoys = center.hasher.decoys(["dear:secret", "plain:x"])

        def kinds(line: str) -> list[str]:
            center.hasher.verified.clear()
            center.connect().ask(f"authenticate {line}")
            return sorted(each.partition(":")[0] for each in center.hasher.verified)

        for line in ("patient1 wrong", "nobody wrong"):
            self.assertEqual(kinds(line), ["dear", "plain"])
        self.assertEqual(kinds("patient1 password111"), ["plain"])
        run_now(
            center.database,
            lambda each: replace_hash(each, "patient1", "plain:password111", "dear:secret", MONDAY),
        )
        self.assertEqual(kinds("patient1 wrong"), ["dear", "plain"])

    def test_five_failures_of_a_pair_cost_nothing(self) -> None:
        """Then user and address get ``failure`` at once, for a minute, whatever they send."""
        center = MemoryCenter()
        for _ in range(5):
            self.assertEqual(center.connect().ask("authenticate patient1 x"), ["failure"])
        center.hasher.verified.clear()
        self.assertEqual(center.connect().ask(GOOD), ["failure"])
        self.assertEqual(center.hasher.verified, [])
        self.assertEqual(center.connect().ask("authenticate patient2 password222"), ["success"])
        center.clock.advance(59)
        self.assertEqual(center.connect().ask(GOOD), ["failure"])
        center.clock.advance(1)
        self.assertEqual(center.connect().ask(GOOD), ["success"])

    def test_nobody_can_lock_a_patient_out(self) -> None:
        """From another address the user can still log in."""
        center = MemoryCenter()
        for _ in range(6):
            center.connect().ask("authenticate patient1 x")
        other = center.connect(IPv4Address("TCP", "127.0.0.2", 1))
        self.assertEqual(other.ask(GOOD), ["success"])

    def test_twenty_failures_of_an_address_cost_nothing(self) -> None:
        """Then all its users wait."""
        center = MemoryCenter()
        for number in range(20):
            center.connect().ask(f"authenticate nobody{number} x")
        with listening_to_the_log() as told:
            self.assertEqual(center.connect().ask(GOOD), ["failure"])
        self.assertIn(
            "The limit failures_per_address (20) was met for the first time.", told.texts()
        )

    def test_those_in_the_queue_are_looked_at_again(self) -> None:
        """A hundred guesses sent at once are not a hundred comparisons."""
        worker = HeldWorker(holding=True)
        center = MemoryCenter(hash_worker=worker)
        clients = [center.connect() for _ in range(50)]
        for client in clients:
            client.ask("authenticate patient1 x")
        worker.release()
        center.settle()
        self.assertEqual([client.transport.take() for client in clients], [["failure"]] * 50)
        self.assertLessEqual(len(center.hasher.verified), 6)

    def test_too_many_waiting_are_busy(self) -> None:
        """They keep their connection and may try again, with the whole time to do so."""
        worker = HeldWorker(holding=True)
        center = MemoryCenter(hash_worker=worker, limits=Limits(waiting_logins=3))
        clients = [center.connect() for _ in range(5)]
        for client in clients:
            self.assertEqual(client.ask(GOOD), [])
        late = center.connect()
        center.clock.advance(9)
        with listening_to_the_log() as told:
            self.assertEqual(late.ask(GOOD), BUSY)
            self.assertEqual(late.ask(GOOD), BUSY)
        self.assertEqual(
            [text for text in told.texts() if "limit" in text],
            ["The limit waiting_logins (3) was met for the first time."],
        )
        center.clock.advance(9)
        worker.release()
        center.settle()
        self.assertEqual([client.transport.take() for client in clients], [["success"]] * 5)
        self.assertEqual(late.ask(GOOD), ["success"])

    def test_a_store_that_fails_is_busy(self) -> None:
        """Nobody is told that their password was wrong when nobody could look."""
        center = MemoryCenter()
        client = center.connect()

        def broken() -> None:
            raise OSError("the disk is gone")

        begin = center.database.begin
        self.patch(center.database, "begin", broken)
        self.assertEqual(client.ask(GOOD), BUSY)
        self.patch(center.database, "begin", begin)
        self.assertEqual(client.ask(GOOD), ["success"])

    def test_a_defect_is_busy_and_logged(self) -> None:
        """An exception nobody foresaw is not taken for a wrong password."""
        center = MemoryCenter()
        client = center.connect()
        self.patch(center.checker, "_worker", lambda work: fail(ZeroDivisionError()))
        self.assertEqual(client.ask(GOOD), BUSY)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_a_store_that_cannot_keep_a_new_hash(self) -> None:
        """The login is good all the same."""
        center = MemoryCenter()
        center.hasher.outdated.add("plain:password111")

        def full(*arguments: object) -> bool:
            raise StoreFailed("the disk is full")

        self.patch(people, "replace_hash", full)
        with listening_to_the_log() as told:
            self.assertEqual(center.connect().ask(GOOD), ["success"])
        self.assertIn("A password keeps its outdated hash: the disk is full", told.texts())

    def test_an_outdated_hash_is_renewed(self) -> None:
        """At the next login, when the password is at hand."""
        center = MemoryCenter()
        center.hasher.outdated.add("plain:password111")
        self.patch(center.hasher, "hash", lambda password: "plainer")
        client = center.connect()
        self.patch(center.hasher, "verify", lambda encoded, password: True)
        self.assertEqual(client.ask(GOOD), ["success"])
        person = run_now(center.database, lambda each: find_person(each, "patient1"))
        assert person is not None
        self.assertEqual(person.password_hash, "plainer")


class RealmTests(SynchronousTestCase):
    """Avatars are visitors."""

    def test_a_visitor_has_the_role_of_the_file(self) -> None:
        """And leaves nothing to do behind."""
        center = MemoryCenter()
        avatar: Deferred[Any] = center.realm.requestAvatar(b"boss", None, IVisitor)
        center.settle()
        interface, visitor, logout = self.successResultOf(avatar)
        self.assertIs(interface, IVisitor)
        assert isinstance(visitor, Visitor)
        self.assertIs(visitor.user.role, Role.ADMINISTRATOR)
        logout()

    def test_there_are_visitors_only(self) -> None:
        """Neither another kind of avatar, nor an anonymous one."""
        realm = MemoryCenter().realm
        self.assertRaises(NotImplementedError, realm.requestAvatar, b"boss", None, Interface)
        self.assertRaises(NotImplementedError, realm.requestAvatar, (), None, IVisitor)

    def test_a_name_without_a_person_is_a_defect(self) -> None:
        """The checker has just found it."""
        center = MemoryCenter()
        avatar: Deferred[Any] = center.realm.requestAvatar(b"nobody", None, IVisitor)
        center.settle()
        self.failureResultOf(avatar, LookupError)

    def test_other_credentials_are_none_of_ours(self) -> None:
        """The portal takes passwords that come from an address."""
        center = MemoryCenter()
        login: Deferred[Any] = center.factory.portal.login(
            UsernamePassword(b"patient1", b"password111"), None, IVisitor
        )
        self.assertIsNotNone(self.failureResultOf(login))


class ThrottleTests(SynchronousTestCase):
    """Counting failures: in a span, per pair and per address, in bounded memory."""

    def test_failures_far_apart_do_not_add_up(self) -> None:
        """Only those of the last minute count."""
        throttle = Throttle(Limits())
        for second in range(0, 1000, 16):
            throttle.failed("a", "h", float(second))
            self.assertIsNone(throttle.blocked_by("a", "h", float(second)))

    def test_the_block_starts_anew(self) -> None:
        """After a block five more cost nothing."""
        throttle = Throttle(Limits())
        for _ in range(5):
            self.assertIsNone(throttle.blocked_by("a", "h", 0.0))
            throttle.failed("a", "h", 0.0)
        self.assertEqual(throttle.blocked_by("a", "h", 59.9), "failures_per_user")
        self.assertIsNone(throttle.blocked_by("a", "h", 60.0))
        for _ in range(4):
            throttle.failed("a", "h", 61.0)
        self.assertIsNone(throttle.blocked_by("a", "h", 61.0))

    def test_old_records_are_forgotten(self) -> None:
        """The tables do not grow with the years, nor is a block forgotten too early."""
        throttle = Throttle(Limits(failures_per_user=2, failures_per_address=10**6))
        throttle.failed("a", "h", 0.0)
        throttle.failed("a", "h", 0.0)
        for number in range(1000):
            throttle.failed(f"u{number}", f"h{number}", 30.0)
        self.assertEqual(throttle.blocked_by("a", "h", 59.0), "failures_per_user")
        throttle.failed("b", "h", 200.0)
        self.assertEqual(len(throttle._users), 1)
        self.assertEqual(len(throttle._addresses), 1)


class PasswordTests(SynchronousTestCase):
    """argon2id as it is used."""

    def test_a_hash_is_of_its_password_only(self) -> None:
        """With the parameters we chose, and a salt of its own."""
        hasher = Argon2Hasher()
        encoded = hasher.hash(b"p\xe9ss")
        self.assertTrue(encoded.startswith("$argon2id$v=19$m=19456,t=2,p=1$"))
        self.assertNotEqual(encoded, hasher.hash(b"p\xe9ss"))
        self.assertTrue(hasher.verify(encoded, b"p\xe9ss"))
        self.assertFalse(hasher.verify(encoded, b"pess"))
        self.assertFalse(hasher.verify("nonsense", b"pess"))
        self.assertFalse(hasher.is_outdated(encoded))
        self.assertTrue(hasher.is_outdated(encoded.replace("t=2", "t=1")))
        self.assertTrue(is_argon2_hash(encoded))
        self.assertFalse(is_argon2_hash("$argon2id$nonsense"))

    def test_decoys_are_as_dear_as_users_hashes(self) -> None:
        """One for each set of parameters, today's among them, and nobody's password."""
        hasher = Argon2Hasher()
        cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x")
        decoys = hasher.decoys([cheap, cheap, hasher.hash(b"y")])
        self.assertEqual(len(decoys), 2)
        for parameters, decoy in decoys.items():
            self.assertTrue(decoy.startswith(parameters))
            self.assertEqual(hasher.parameters(decoy), parameters)
        self.assertEqual([hasher.is_outdated(each) for each in decoys.values()], [True, False])
        self.assertEqual(hasher.parameters(cheap), "$argon2id$v=19$m=8,t=1,p=1")
