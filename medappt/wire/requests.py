"""The requests of the health center protocol, *line* dialect (section 4).

A request is a line of words; the first is the keyword, before it a tag may stand. What a line is
worth is decided here, in the order of section 3: syntax first, then who may ask.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from medappt.model.ids import parse_person
from medappt.model.limits import LINE_BYTES
from medappt.model.refusals import Code, Refusal
from medappt.model.slots import parse_index
from medappt.wire import city_requests, words
from medappt.wire.city_requests import CityCommand, WrongForm

KEYWORDS = frozenset(
    "authenticate available slots selection list book cancel swap schedule patients add remove"
    " help quit".split()
)
"""Every word of the protocol, whether this center serves it or not: none can be a user's name."""

EFFECTS = frozenset(("selection", "book", "cancel", "swap", "add", "remove"))
"""The keywords whose tag makes them happen once."""

_TAG = re.compile(r"@[!-~]{1,64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Authenticate:
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Available:
    pass


@dataclass(frozen=True, slots=True)
class Slots:
    pass


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """``index`` is the word as it came: whether it is an index, the center says."""

    index: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancel:
    index: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    patient: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Patients:
    index: int


@dataclass(frozen=True, slots=True)
class Help:
    pass


@dataclass(frozen=True, slots=True)
class Quit:
    pass


NumberedCommand: TypeAlias = (
    Authenticate | Available | Slots | Selection | Cancel | Schedule | Patients | Help | Quit
)
Command: TypeAlias = NumberedCommand | CityCommand


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A well-formed request. ``tag`` is without its ``@``."""

    command: Command
    tag: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Malformed:
    """A line that is no request, and the refusal it gets.

    ``has_effect`` tells whether its keyword is one of ``EFFECTS``, whose refusals are remembered
    under their tag. ``text`` is what the tag then stands for: the words with single blanks, the
    keyword in lower case, so that the same request is the same text however it was typed.
    """

    refusal: Refusal
    tag: str | None = None
    text: str = field(default="", repr=False)
    has_effect: bool = False


def _authenticate(arguments: list[str]) -> Command:
    if len(arguments) != 2:
        raise WrongForm("authenticate USER PASSWORD")
    return Authenticate(user=arguments[0], password=arguments[1])


def _alone(make: Callable[[], Command], form: str) -> Callable[[list[str]], Command]:
    def build(arguments: list[str]) -> Command:
        if arguments:
            raise WrongForm(form)
        return make()

    return build


def _selection(arguments: list[str]) -> Command:
    if len(arguments) != 1:
        raise WrongForm("selection INDEX")
    return Selection(index=arguments[0])


def _index(arguments: list[str], form: str) -> int:
    index = parse_index(arguments[0]) if len(arguments) == 1 else None
    if index is None:
        raise WrongForm(form)
    return index


def _schedule(arguments: list[str]) -> Command:
    if len(arguments) > 1:
        raise WrongForm("schedule [PATIENT]")
    return Schedule(patient=arguments[0] if arguments else None)


def _schedule_of_city(arguments: list[str]) -> Command:
    if arguments and parse_person(arguments[0]) is None:
        raise WrongForm("schedule [PATIENT]")
    return _schedule(arguments)


def _cancel_of_city(arguments: list[str]) -> Command:
    command = city_requests.parse_cancel(arguments)
    return Cancel(index=command) if isinstance(command, int) else command


def _patients_of_city(arguments: list[str]) -> Command:
    command = city_requests.parse_patients(arguments)
    return Patients(index=command) if isinstance(command, int) else command


Vocabulary: TypeAlias = Mapping[str, Callable[[list[str]], Command]]
"""The requests that a center serves: by keyword, what makes a command of the words behind it, and
raises ``WrongForm``."""

NUMBERED: Vocabulary = {
    "authenticate": _authenticate,
    "available": _alone(Available, "available"),
    "slots": _alone(Slots, "slots"),
    "selection": _selection,
    "cancel": lambda arguments: Cancel(index=_index(arguments, "cancel INDEX")),
    "schedule": _schedule,
    "patients": lambda arguments: Patients(index=_index(arguments, "patients INDEX")),
    "help": _alone(Help, "help"),
    "quit": _alone(Quit, "quit"),
}
"""Of a center without a city: plain user names and numbered slots (R9)."""

CITY: Vocabulary = {
    **NUMBERED,
    "list": city_requests.parse_list,
    "book": city_requests.parse_book,
    "cancel": _cancel_of_city,
    "swap": city_requests.parse_swap,
    "schedule": _schedule_of_city,
    "patients": _patients_of_city,
    "add": city_requests.parse_add,
    "remove": city_requests.parse_remove,
    "notices": city_requests.parse_notices,
}
"""Of a center with a city: slots by ID and type as well, and patients by the form of R9.

``notices`` is for programs and no word of section 4: it is in no ``help``, nor among ``KEYWORDS``,
so that it decides no dialect and may be a user's name.
"""


def parse_request(line: bytes, vocabulary: Vocabulary = NUMBERED) -> Request | Malformed | None:
    """The request in a line (without its end), or what is wrong with it; ``None`` if it is empty.

    What is not in ``vocabulary`` is an unknown command.

    Keywords are case-insensitive, values are not. Bytes that are no ASCII are words like others:
    they match no keyword and no index, but may be part of a name or a password.
    """
    parts = words.split(words.decode(line))
    if not parts:
        return None
    tag = None
    if parts[0].startswith("@"):
        if not _TAG.fullmatch(parts[0]):
            return _malformed(Code.SYNTAX, "a tag is @ and 1 to 64 printable characters")
        tag = parts.pop(0)[1:]
        if not parts:
            return _malformed(Code.SYNTAX, "a tag needs a request behind it", tag)
    # only ASCII: the Kelvin sign in lower case is a k
    keyword = parts[0].lower() if parts[0].isascii() else parts[0]
    text = " ".join([keyword, *parts[1:]])
    build = vocabulary.get(keyword)
    if build is None:
        reason = "no such request, try help"
        return _malformed(Code.UNKNOWN_COMMAND, reason, tag, text, keyword in EFFECTS)
    try:
        command = build(parts[1:])
    except WrongForm as error:
        form = str(error)
        return _malformed(Code.SYNTAX, f"expected: {form}", tag, text, keyword in EFFECTS)
    return Request(command=command, tag=tag)


def _malformed(
    code: Code, reason: str, tag: str | None = None, text: str = "", has_effect: bool = False
) -> Malformed:
    refusal = Refusal(code=code, text=reason)
    return Malformed(refusal=refusal, tag=tag, text=text, has_effect=has_effect)


def format_request(command: Command, tag: str | None = None) -> bytes:
    """The line (with its end) that asks for ``command``: what ``parse_request`` undoes.

    Raises ``ValueError`` where a value is no single word, or the line would be too long to be
    accepted: a client must not be able to send two requests for one.
    """
    if isinstance(command, CityCommand):
        parts = city_requests.city_words(command)
    else:
        parts = _numbered_words(command)
    if tag is not None:
        if not _TAG.fullmatch(f"@{tag}"):
            raise ValueError("a tag is 1 to 64 printable characters without blanks")
        parts.insert(0, f"@{tag}")
    line = " ".join(parts)
    if words.split(line) != parts or "\n" in line or "\r" in line:
        raise ValueError("a value of a request is one word without blanks")
    data = words.encode(line)
    if len(data) > LINE_BYTES:
        raise ValueError(f"a request has at most {LINE_BYTES} bytes")
    return data + b"\n"


def _numbered_words(command: NumberedCommand) -> list[str]:
    match command:
        case Authenticate():
            return ["authenticate", command.user, command.password]
        case Selection():
            return ["selection", command.index]
        case Cancel() | Patients():
            return [type(command).__name__.lower(), str(command.index)]
        case Schedule():
            return ["schedule"] if command.patient is None else ["schedule", command.patient]
        case _:  # they take no words
            return [type(command).__name__.lower()]
