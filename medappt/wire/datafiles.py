"""The files of ``data/`` (section 6): bytes to values, an error names line and expected form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from medappt.model.calendar import WeeklyTime, parse_hour, parse_weekday
from medappt.model.identity import Role
from medappt.model.ids import parse_person
from medappt.model.prices import PriceList, is_amount
from medappt.model.slots import Opening, parse_index
from medappt.wire import words
from medappt.wire.requests import KEYWORDS

HASH_PREFIX = "$argon2id$"
USER_FORM = "USER PASSWORD [admin]"
_NO_DOCTORS = frozenset(("error", "cancelled"))
OPENING_FORM = "INDEX DAY TIME DOCTOR PORT, such as 1 Tue 01pm doc1 41000"
PRICE_FORM = "PLAN AMOUNT, such as insurance1 30 or insurance1 30.50"


class BrokenFile(Exception):
    """A data file that cannot be used: its name, the line (from 1, 0 for the whole file), why."""

    def __init__(self, file: str, line: int, reason: str) -> None:
        super().__init__(f"{file}, line {line}: {reason}" if line else f"{file}: {reason}")
        self.file = file
        self.line = line
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class UserRow:
    """A line of ``users.txt``. ``secret`` is the password, or its hash (``$argon2id$...``)."""

    name: str
    secret: str = field(repr=False)
    role: Role = Role.PATIENT
    line: int = 0

    @property
    def is_hashed(self) -> bool:
        return self.secret.startswith(HASH_PREFIX)


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """The line of ``patientN.txt``: with what a patient logs in."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    words: list[str]


def _rows(data: bytes, file: str, free_words: int) -> Iterator[_Row]:
    """The lines that hold something. CRLF, a missing last LF, blank lines, trailing blanks and
    comments are accepted. A ``#`` comments out a line it begins, and elsewhere the rest of the
    line from a word it begins, but for the first ``free_words`` words, which may begin so."""
    for number, raw in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        try:
            parts = words.split(raw.decode("utf-8").rstrip("\r"))
        except UnicodeDecodeError:
            raise BrokenFile(file, number, "expected text in UTF-8") from None
        if not parts or parts[0].startswith("#"):
            continue
        for position in range(max(free_words, 1), len(parts)):
            if parts[position].startswith("#"):
                del parts[position:]
                break
        yield _Row(number, parts)


def read_users(data: bytes, file: str, city: str | None = None) -> list[UserRow]:
    """The users of ``users.txt``, in the order of the file. Raises ``BrokenFile``.

    In a center with a ``city`` a name is an ID of this city, whose letter tells the role (R9).
    """
    users: dict[str, UserRow] = {}
    for row in _rows(data, file, 2):
        if len(row.words) not in (2, 3) or row.words[2:] not in ([], ["admin"]):
            raise BrokenFile(file, row.line, f"expected {USER_FORM}")
        name, secret = row.words[:2]
        check_user_name(name, file, row.line)
        if name in users:
            raise BrokenFile(
                file,
                row.line,
                f"expected every user once, and {name} is on line {users[name].line}",
            )
        role = Role.ADMINISTRATOR if row.words[2:] else Role.PATIENT
        if city is not None:
            role = _role_in(city, name, bool(row.words[2:]), file, row.line)
        users[name] = UserRow(name=name, secret=secret, role=role, line=row.line)
    return list(users.values())


def _role_in(city: str, name: str, is_admin: bool, file: str, line: int) -> Role:
    person = parse_person(name)
    if person is None or person.city != city or (is_admin and person.role is Role.PATIENT):
        raise BrokenFile(file, line, f"expected {city}A or {city}P and four digits, and a password")
    return person.role


def check_user_name(name: str, file: str, line: int = 0) -> None:
    """Raise ``BrokenFile`` if nobody can have this name: a keyword would make the first line of
    a login mean something else, and ``@`` begins a tag."""
    if name.lower() in KEYWORDS or name.startswith("@") or not words.is_storable(name):
        expected = "expected a user name, and no keyword, @ or unprintable sign can be one"
        raise BrokenFile(file, line, expected)


def read_availabilities(data: bytes, file: str) -> list[Opening]:
    """The weekly openings of ``availabilities.txt``, by index. Raises ``BrokenFile``."""
    openings: dict[int, Opening] = {}
    for row in _rows(data, file, 0):
        opening = _opening(row, file)
        if opening.index in openings:
            raise BrokenFile(file, row.line, f"expected index {opening.index} only once")
        openings[opening.index] = opening
    return [openings[index] for index in sorted(openings)]


def _opening(row: _Row, file: str) -> Opening:
    try:
        index_word, day, hour, doctor, port_word = row.words
        time = WeeklyTime(weekday=parse_weekday(day), hour=parse_hour(hour))
    except ValueError:
        raise BrokenFile(file, row.line, f"expected {OPENING_FORM}") from None
    index, port = parse_index(index_word), parse_index(port_word)
    if index is None or port is None or not 0 < port < 65536 or not words.is_storable(doctor):
        raise BrokenFile(file, row.line, f"expected {OPENING_FORM}")
    if doctor in _NO_DOCTORS:
        raise BrokenFile(file, row.line, f"expected a doctor, and {doctor} begins other replies")
    return Opening(index=index, time=time, doctor=doctor, port=port)


def read_prices(data: bytes, file: str) -> PriceList:
    """The price list of ``docN.txt``. Raises ``BrokenFile``."""
    amounts: dict[str, str] = {}
    for row in _rows(data, file, 0):
        if len(row.words) != 2 or not is_amount(row.words[1]):
            raise BrokenFile(file, row.line, f"expected {PRICE_FORM}")
        plan, amount = row.words
        if plan in amounts:
            raise BrokenFile(file, row.line, f"expected plan {plan} only once")
        amounts[plan] = amount
    return PriceList(amounts)


def read_account(data: bytes, file: str) -> Account:
    """The one line of ``patientN.txt``: ``USER PASSWORD``. Raises ``BrokenFile``."""
    row = _only_row(data, file, "one line USER PASSWORD", 2)
    return Account(user=row[0], password=row[1])


def read_insurance(data: bytes, file: str) -> str:
    """The one word of ``patientNinsurance.txt``: the plan. Raises ``BrokenFile``."""
    return _only_row(data, file, "one line with the insurance plan", 1)[0]


def _only_row(data: bytes, file: str, form: str, arity: int) -> list[str]:
    rows = list(_rows(data, file, arity))
    if not rows:
        raise BrokenFile(file, 0, f"expected {form}")
    if len(rows) > 1 or len(rows[0].words) != arity:
        raise BrokenFile(file, rows[-1].line, f"expected {form}")
    return rows[0].words
