"""Tests of the readers of data files (section 6)."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from medappt.model.calendar import WeeklyTime
from medappt.model.identity import Role
from medappt.model.slots import Opening
from medappt.wire.datafiles import (
    OPENING_FORM,
    PRICE_FORM,
    USER_FORM,
    Account,
    BrokenFile,
    UserRow,
    check_user_name,
    read_account,
    read_availabilities,
    read_insurance,
    read_prices,
    read_users,
)
from medappt.wire.requests import KEYWORDS

BOM = b"\xef\xbb\xbf"
FILE = "the/file.txt"
READERS: tuple[Callable[[bytes, str], object], ...] = (
    read_users,
    read_availabilities,
    read_prices,
    read_account,
    read_insurance,
)


def logins(data: bytes) -> list[tuple[str, str]]:
    return [(row.name, row.secret) for row in read_users(data, FILE)]


class BrokenFileCase(SynchronousTestCase):
    """What the tests of broken files share."""

    def assert_broken(
        self, reader: Callable[[bytes, str], object], data: bytes, line: int, expected: str
    ) -> None:
        """``reader`` names the file, the line and what it expected there."""
        broken = self.assertRaises(BrokenFile, reader, data, FILE)
        self.assertEqual((broken.file, broken.line), (FILE, line), data)
        self.assertIn(f"expected {expected}", broken.reason)
        where = f"{FILE}, line {line}: " if line else f"{FILE}: "
        self.assertEqual(str(broken), f"{where}{broken.reason}")


class LineTests(BrokenFileCase):
    """What every file may hold beside its rows."""

    def test_plain(self) -> None:
        """A row is a line."""
        self.assertEqual(logins(b"a b\nc d\n"), [("a", "b"), ("c", "d")])

    def test_no_last_line_feed(self) -> None:
        """The last line need not end."""
        self.assertEqual(logins(b"a b\nc d"), [("a", "b"), ("c", "d")])

    def test_crlf(self) -> None:
        """Lines may end in CRLF, some or all."""
        self.assertEqual(logins(b"a b\r\nc d\ne f\r\n"), [("a", "b"), ("c", "d"), ("e", "f")])
        self.assertEqual(logins(b"a b\r"), [("a", "b")])

    def test_byte_order_mark(self) -> None:
        """A byte order mark at the beginning is no part of the first name."""
        self.assertEqual(logins(BOM + b"a b\n"), [("a", "b")])
        self.assertEqual(logins(BOM), [])

    def test_blanks(self) -> None:
        """Blank lines, and blanks around words, are nothing."""
        self.assertEqual(logins(b"\n \t\n\r\n  a \t b \t \r\n\n"), [("a", "b")])
        self.assertEqual(logins(b""), [])

    def test_comments(self) -> None:
        """A ``#`` comments out its line, or what follows the row."""
        self.assertEqual(
            logins(b"# x y\n#x\n \t# x\na b # c\nd e admin #f\n"), [("a", "b"), ("d", "e")]
        )

    def test_number_sign_within_a_word(self) -> None:
        """Within a word it is a character like others."""
        self.assertEqual(logins(b"a# b#c\n"), [("a#", "b#c")])

    def test_comments_of_others(self) -> None:
        """In the other files a comment follows any word."""
        self.assertEqual(read_prices(b"p 30 #40\n#q 1\n", FILE).amounts, {"p": "30"})
        self.assertEqual(len(read_availabilities(b"1 Tue 01pm doc1 41000 # x\n", FILE)), 1)
        self.assert_broken(read_prices, b"p #30\n", 1, PRICE_FORM)

    def test_lines_are_counted_as_editors_do(self) -> None:
        """Comments and blank lines count."""
        self.assert_broken(read_users, b"# x\r\n\r\na b\nbroken\n", 4, USER_FORM)

    def test_no_utf_8(self) -> None:
        """Bytes that are no UTF-8 are told, in a comment too."""
        for reader in READERS:
            self.assert_broken(reader, b"# \n# caf\xe9\n", 2, "text in UTF-8")

    def test_carriage_returns_only(self) -> None:
        """A file whose lines end in CR alone is one broken line, not one long word."""
        self.assert_broken(read_users, b"a b\rc d\r", 1, USER_FORM)


class UserTests(BrokenFileCase):
    """``users.txt``."""

    def test_row(self) -> None:
        """A user is a name, a secret, a role and a line."""
        first, second = read_users(b"\nalice secret\nroot other admin\n", FILE)
        self.assertEqual(first, UserRow(name="alice", secret="secret", line=2))
        self.assertEqual(
            second, UserRow(name="root", secret="other", role=Role.ADMINISTRATOR, line=3)
        )

    def test_hashes(self) -> None:
        """In place of a password a hash may stand."""
        plain, hashed = read_users(b"a argon2id\nb $argon2id$v=19$m=19456,t=2,p=1$x$y\n", FILE)
        self.assertEqual((plain.is_hashed, hashed.is_hashed), (False, True))

    def test_password_with_number_sign(self) -> None:
        """A password may begin with ``#``, and a comment may follow it."""
        self.assertEqual(logins(b"alice #1 # the first\n"), [("alice", "#1")])

    def test_secret_is_not_shown(self) -> None:
        """Neither rows nor complaints tell a password."""
        self.assertNotIn("secret", repr(read_users(b"alice secret\n", FILE)))
        for data in (b"alice secret x\n", b"quit secret\n", b"a secret\na secret\n"):
            broken = self.assertRaises(BrokenFile, read_users, data, FILE)
            self.assertNotIn("secret", str(broken))

    def test_wrong_number_of_words(self) -> None:
        """A row has two words, or ``admin`` as the third."""
        for row in (b"alice", b"a b c", b"a b admin c", b"a b Admin", b"a b admin admin"):
            self.assert_broken(read_users, b"x y\n" + row + b"\n", 2, USER_FORM)

    def test_twice(self) -> None:
        """A user stands once, and the complaint tells where first; case tells users apart."""
        self.assert_broken(read_users, b"a b\nc d\na b\n", 3, "every user once, and a is on line 1")
        self.assertEqual(len(logins(b"a b\nA b\n")), 2)

    def test_keywords(self) -> None:
        """No keyword is a user, in whatever case."""
        for keyword in KEYWORDS:
            self.assert_broken(read_users, f"a b\n{keyword} b\n".encode(), 2, "a user name")
            self.assert_broken(read_users, f"{keyword.upper()} b\n".encode(), 1, "a user name")

    def test_names_nobody_can_have(self) -> None:
        """Neither is what begins as a tag does, or cannot be printed."""
        for name in ("@alice", "al\0ice", "al\x1bice", "al\u202eice", "al\rice", "al\ufeffice"):
            self.assert_broken(read_users, f"{name} b\n".encode(), 1, "a user name")

    def test_checking_a_name(self) -> None:
        """A name from elsewhere is judged by the same rule, without a line."""
        check_user_name("alice", FILE)
        broken = self.assertRaises(BrokenFile, check_user_name, "Help", FILE)
        self.assertEqual((broken.file, broken.line), (FILE, 0))

    def test_names_of_any_script(self) -> None:
        """A name may be of any script."""
        self.assertEqual(logins("\u00e9l\u00e9 \u5bc6\n".encode()), [("\u00e9l\u00e9", "\u5bc6")])


class AvailabilityTests(BrokenFileCase):
    """``availabilities.txt``."""

    def test_row(self) -> None:
        """An opening is an index, a time, a doctor and a port."""
        (opening,) = read_availabilities(b"1 Tue 01pm doc1 41000\n", FILE)
        time = WeeklyTime(weekday=1, hour=13)
        self.assertEqual(opening, Opening(index=1, time=time, doctor="doc1", port=41000))

    def test_order(self) -> None:
        """Openings come by index, wherever they stand."""
        data = b"10 Tue 01pm d 1\n9 Tue 01pm d 1\n1 Tue 01pm d 1\n"
        self.assertEqual([each.index for each in read_availabilities(data, FILE)], [1, 9, 10])

    def test_none(self) -> None:
        """There may be none."""
        self.assertEqual(read_availabilities(b"# closed\n", FILE), [])

    def test_broken(self) -> None:
        """Every word has its form."""
        for row in (
            *("1 Tue 01pm doc1", "1 Tue 01pm doc1 41000 x", "Tue 01pm doc1 41000"),
            *("x Tue 01pm d 1", "-1 Tue 01pm d 1", "1234567890 Tue 01pm d 1"),
            *("1 tue 01pm d 1", "1 Tuesday 01pm d 1", "1 Tue 1pm d 1", "1 Tue 13:00 d 1"),
            *("1 Tue 01pm d 0", "1 Tue 01pm d 65536", "1 Tue 01pm d x", "1 Tue 01pm d\0 1"),
            "1 Tue 01pm #d 1",
        ):
            self.assert_broken(read_availabilities, f"\n{row}\n".encode(), 2, OPENING_FORM)

    def test_twice(self) -> None:
        """An index stands once, with or without leading zeros."""
        data = b"1 Tue 01pm d 1\n2 Tue 01pm d 1\n01 Wed 01pm d 1\n"
        self.assert_broken(read_availabilities, data, 3, "index 1 only once")

    def test_a_doctor_is_no_other_reply(self) -> None:
        """A booking answered with their name would read as something else."""
        for name in ("error", "cancelled"):
            line = f"1 Tue 01pm {name} 41000\n".encode()
            error = self.assertRaises(BrokenFile, read_availabilities, line, FILE)
            self.assertIn(f"{name} begins other replies", str(error))


class PriceTests(BrokenFileCase):
    """``docN.txt``."""

    def test_prices(self) -> None:
        """Amounts stay the text they are."""
        prices = read_prices(b"insurance1 30\ninsurance2 20.50\n", FILE)
        self.assertEqual(prices.amounts, {"insurance1": "30", "insurance2": "20.50"})

    def test_broken(self) -> None:
        """A plan has one word, and an amount."""
        for row in (b"p", b"p q 30", b"p x", b"p 30.5", b"p -30", b"p 1234567890", b"30 p"):
            self.assert_broken(read_prices, b"ok 1\n" + row + b"\n", 2, PRICE_FORM)

    def test_twice(self) -> None:
        """A plan has one price."""
        self.assert_broken(read_prices, b"p 1\np 1\n", 2, "plan p only once")


class PatientFileTests(BrokenFileCase):
    """``patientN.txt`` and ``patientNinsurance.txt``."""

    def test_account(self) -> None:
        """A patient logs in with a name and a password, which is not shown."""
        account = read_account(b"# me\nalice #secret # mine\n", FILE)
        self.assertEqual(account, Account(user="alice", password="#secret"))
        self.assertNotIn("secret", repr(account))

    def test_insurance(self) -> None:
        """A patient has a plan."""
        self.assertEqual(read_insurance(b"insurance1\n", FILE), "insurance1")
        self.assertEqual(read_insurance(b"insurance1 # old one\r\n", FILE), "insurance1")

    def test_nothing(self) -> None:
        """A file with nothing in it is told as such, without a line."""
        for data in (b"", b"\n", b"# x\n", BOM):
            self.assert_broken(read_account, data, 0, "one line USER PASSWORD")
            self.assert_broken(read_insurance, data, 0, "one line with the insurance plan")

    def test_too_much(self) -> None:
        """Neither are several lines or words accepted: which would be meant?"""
        self.assert_broken(read_account, b"a b\n\nc d\n", 3, "one line USER PASSWORD")
        self.assert_broken(read_account, b"a b c\n", 1, "one line USER PASSWORD")
        self.assert_broken(read_account, b"a\n", 1, "one line USER PASSWORD")
        self.assert_broken(read_insurance, b"p\nq\n", 2, "one line with the insurance plan")
        self.assert_broken(read_insurance, b"p q\n", 1, "one line with the insurance plan")


class AnyBytesTests(SynchronousTestCase):
    """Whatever a file holds."""

    @settings(deadline=None)
    @given(
        st.binary(max_size=200)
        | st.lists(
            st.sampled_from(
                b"1;2;Tue;01pm;doc1;41000;30;admin;quit;#;#x;@; ;\t;\n;\r\n;\r;\0;\xff".split(b";")
            ),
            max_size=20,
        ).map(b" ".join)
    )
    @example(BOM + BOM)
    @example(b"\0")
    def test_any_bytes(self, data: bytes) -> None:
        """It is read, or it is ``BrokenFile`` with a line of the file."""
        for reader in READERS:
            try:
                reader(data, FILE)
            except BrokenFile as broken:
                self.assertIn(broken.line, range(data.count(b"\n") + 2))
                self.assertIn("expected ", broken.reason)

    @settings(deadline=None)
    @given(
        st.dictionaries(
            st.from_regex(r"[a-zA-Z$][!-~]{0,20}", fullmatch=True).filter(
                lambda name: name.lower() not in KEYWORDS
            ),
            st.from_regex(r"[!-~]{1,20}", fullmatch=True),
        ),
        st.sampled_from(["\n", "\r\n", " # x\n", "\n\n", "\t\n#\n"]),
    )
    def test_round_trip(self, users: dict[str, str], end: str) -> None:
        """What was written is read, whatever passwords are made of."""
        data = "".join(f"{name} {password}{end}" for name, password in users.items()).encode()
        self.assertEqual(dict(logins(data)), users)
