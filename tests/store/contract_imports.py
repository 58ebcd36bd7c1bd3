"""The contract: what the data files say."""

from __future__ import annotations

from dataclasses import replace

from medappt.model.calendar import WeeklyTime
from medappt.model.identity import Role
from medappt.model.slots import Opening
from medappt.store.imports import ImportCount
from medappt.store.openings import current_openings, import_openings
from medappt.store.people import (
    Person,
    PersonEntry,
    find_person,
    import_people,
    names_to_hash,
    replace_hash,
)
from tests.store.contract import StoreContract, entry, wish
from tests.store.doubles import NOW, slot


class ImportsContract(StoreContract):
    """People and openings."""

    def import_people(self, *entries: PersonEntry, hashes: str = "") -> ImportCount:
        """Import as the center does: ask whom to hash, then import with those hashes alone."""
        names = self.do(lambda connection: names_to_hash(connection, entries))
        self.assertEqual("".join(names), hashes)
        given = {name: f"hash of {name}" for name in names}
        return self.do(lambda connection: import_people(connection, entries, given, NOW))

    def person(self, name: str) -> Person | None:
        return self.do(lambda connection: find_person(connection, name))

    def test_new_people_are_added(self) -> None:
        """Everybody in the first file is hashed, added, and found by name."""
        count = self.import_people(entry("a"), entry("b", role=Role.ADMINISTRATOR), hashes="ab")
        self.assertEqual(count, ImportCount(added=2))
        expected = Person(
            name="b", role=Role.ADMINISTRATOR, password_hash="hash of b", is_listed=True
        )
        self.assertEqual(self.person("b"), expected)
        self.assertIsNone(self.person("c"))

    def test_the_same_file_changes_nothing(self) -> None:
        """An unchanged line is not hashed again."""
        self.import_people(entry("a"), hashes="a")
        self.assertEqual(self.import_people(entry("a")), ImportCount(unchanged=1))

    def test_a_changed_line_is_hashed_again(self) -> None:
        """Another digest means another password: the new hash takes the old one's place."""
        self.import_people(entry("a"), entry("b"), hashes="ab")
        self.do(lambda connection: replace_hash(connection, "a", "hash of a", "better", NOW))
        count = self.import_people(entry("a", b"2"), entry("b"), hashes="a")
        self.assertEqual(count, ImportCount(changed=1, unchanged=1))
        person = self.person("a")
        assert person is not None
        self.assertEqual(person.password_hash, "hash of a")

    def test_a_changed_role_needs_no_hash(self) -> None:
        """The same digest under another role changes the role and keeps the hash."""
        self.import_people(entry("a"), hashes="a")
        count = self.import_people(entry("a", role=Role.ADMINISTRATOR))
        self.assertEqual(count, ImportCount(changed=1))
        person = self.person("a")
        assert person is not None
        self.assertEqual((person.role, person.password_hash), (Role.ADMINISTRATOR, "hash of a"))

    def test_who_leaves_the_file_is_unlisted_and_may_come_back(self) -> None:
        """Unlisting keeps the record; the same line lists it again without a new hash."""
        self.import_people(entry("a"), entry("b"), hashes="ab")
        self.assertEqual(self.import_people(entry("b")), ImportCount(removed=1, unchanged=1))
        person = self.person("a")
        assert person is not None
        self.assertFalse(person.is_listed)
        self.assertEqual(self.import_people(entry("b")), ImportCount(unchanged=1))
        count = self.import_people(entry("a"), entry("b"))
        self.assertEqual(count, ImportCount(added=1, unchanged=1))
        self.assertEqual(self.person("a"), replace(person, is_listed=True))

    def test_who_comes_back_with_another_line_is_hashed(self) -> None:
        """A line that comes back different needs a hash, and only then can log in."""
        self.import_people(entry("a"), hashes="a")
        self.import_people()
        self.assertEqual(self.import_people(entry("a", b"2"), hashes="a"), ImportCount(added=1))

    def test_an_import_without_its_hashes_changes_nothing(self) -> None:
        """A missing hash fails the whole import."""
        failed = self.writer.submit(
            lambda connection: import_people(connection, [entry("a"), entry("b")], {"a": "h"}, NOW)
        )
        self.clock.advance(0)
        self.failureResultOf(failed, KeyError)
        self.assertIsNone(self.person("a"))

    def test_a_hash_is_replaced_only_if_it_is_the_one_on_record(self) -> None:
        """A better hash that comes too late does not undo a changed password."""
        self.import_people(entry("a"), hashes="a")
        self.assertTrue(self.do(lambda c: replace_hash(c, "a", "hash of a", "better", NOW)))
        self.assertFalse(self.do(lambda c: replace_hash(c, "a", "hash of a", "other", NOW)))
        self.assertFalse(self.do(lambda c: replace_hash(c, "b", "hash of a", "other", NOW)))
        person = self.person("a")
        assert person is not None
        self.assertEqual(person.password_hash, "better")

    # Openings

    def test_openings_are_those_of_the_last_import(self) -> None:
        """Lines come, change and go; what is left is listed by index, and counted."""
        time = WeeklyTime(weekday=1, hour=13)
        one, two, three = (
            Opening(index=index, time=time, doctor="doc1", port=41000) for index in (1, 2, 3)
        )
        moved = replace(two, time=WeeklyTime(weekday=6, hour=0), doctor="doc2", port=1)
        count = self.do(lambda connection: import_openings(connection, [two, three, one], NOW))
        self.assertEqual(count, ImportCount(added=3))
        self.assertEqual(self.do(current_openings), [one, two, three])
        self.reserve(wish())
        four = replace(one, index=4)
        count = self.do(lambda connection: import_openings(connection, [four, moved, three], NOW))
        self.assertEqual(count, ImportCount(added=1, changed=1, removed=1, unchanged=1))
        self.assertEqual(self.do(current_openings), [moved, three, four])
        self.assertEqual(self.reserved(), [slot()])
