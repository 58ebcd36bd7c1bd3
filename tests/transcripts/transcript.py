r"""Transcripts: what a client sends, with its cuts and pauses, and what it must be answered.

A file tells one habit. Each of its cases begins with ``case NAME`` and has a center and a doctor
to itself. A line is a step; the words in brackets may be left out::

    given 2 is taken             another patient has reserved it
    given all are taken          nothing is free
    given 12 openings            instead of the sample data
    [WHO] > BYTES                a segment; WHO tells connections apart
    [WHO] & BYTES                bytes of the next segment
    [WHO] record 100 > BYTES     a segment of 100 bytes, the rest NULs; ``&`` as well
    [WHO] dirty 100 > BYTES      a segment of 100 bytes, the rest uninitialised memory
    [WHO] bytes > BYTES          a segment for each byte
    pause 200                    milliseconds
    [WHO] < BYTES                all that was answered since; lines in a row are one answer
    [WHO] nothing                nothing was answered since
    [WHO] shuts                  the client shuts its sending side
    [WHO] closes                 the client closes
    [WHO] closed                 the server has closed
    [WHO] >> BYTES               a datagram to the doctor; WHO tells senders apart
    [WHO] << BYTES               a datagram from the doctor; ``record``, ``dirty`` as above

In BYTES ``\0 \n \r \t \\`` and ``\xNN`` stand for what they do in C; a blank at the end is
``\x20``. Lines that begin with ``#`` are for people.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from medappt.samples import FILES

FOLDER = Path(__file__).parent
OPENING = "{index} Mon 03pm doc2 42000\n"
MEMORY = b"ccess\0cate\0u p\n\0\x7fELF\x01 w0rd\n\xf0\x9f available-\0x\n\n"
"""What stands in memory that nobody has cleared."""

_STEP = re.compile(
    r"(?:(?!record|dirty|bytes|pause)(?P<who>\w+) )?"
    r"(?:(?P<fill>record|dirty) (?P<size>\d+) |(?P<single>bytes) )?"
    r"(?P<verb>>>|<<|>|<|&|nothing|shuts|closes|closed|pause)"
    r"(?: (?P<rest>.*\S))?"
)
_GIVEN = re.compile(r"given (?:(?P<index>\d+) is taken|(?P<openings>\d+) openings|all are taken)")
_ESCAPE = re.compile(rb"\\(?:x([0-9a-f]{2})|(.))")
_CHARACTERS = {b"0": b"\0", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"\\": b"\\"}


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens: ``verb`` as it is written, with what it carries."""

    verb: str
    who: str
    data: bytes = b""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Case:
    """A conversation, and what it finds."""

    name: str
    steps: tuple[Step, ...]
    taken: tuple[int, ...]
    availabilities: str


def transcripts() -> list[Path]:
    """The files, by name."""
    return sorted(FOLDER.glob("*.txt"))


def read(path: Path) -> list[Case]:
    """The cases of a file. Raises ``ValueError`` for a line that is no step."""
    cases: list[Case] = []
    blocks: list[tuple[str, list[str]]] = []
    for number, line in enumerate(path.read_text(encoding="ascii").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("case "):
            blocks.append((line.removeprefix("case "), []))
        elif blocks:
            blocks[-1][1].append(line)
        else:
            raise ValueError(f"{path.name}:{number}: expected a case, not {line!r}")
    for name, lines in blocks:
        cases.append(_case(name, lines))
    return cases


def _case(name: str, lines: list[str]) -> Case:
    taken: list[int] = []
    availabilities = FILES["availabilities.txt"]
    steps: list[Step] = []
    joined: dict[str, bytes] = {}
    for line in lines:
        given = _GIVEN.fullmatch(line)
        if given is None:
            steps += _steps(line, joined)
        elif given["openings"]:
            count = int(given["openings"])
            availabilities = "".join(OPENING.format(index=n + 1) for n in range(count))
        else:
            taken += [int(given["index"])] if given["index"] else range(1, 7)
    if joined:
        raise ValueError(f"{name}: bytes are left that no segment sends")
    return Case(name, tuple(_with_whole_answers(steps)), tuple(taken), availabilities)


def _steps(line: str, joined: dict[str, bytes]) -> list[Step]:
    match = _STEP.fullmatch(line)
    if match is None:
        raise ValueError(f"{line!r} is no step")
    verb, who, rest = match["verb"], match["who"] or "client", match["rest"] or ""
    if verb == "pause":
        return [Step(verb, who, seconds=int(rest) / 1000)]
    data = _fill(unescape(rest), match["fill"], int(match["size"] or 0))
    if verb == "&":
        joined[who] = joined.get(who, b"") + data
        return []
    if verb == ">":
        data = joined.pop(who, b"") + data
    if match["single"]:
        return [Step(verb, who, data[at : at + 1]) for at in range(len(data))]
    return [Step(verb, who, data)]


def _fill(data: bytes, fill: str | None, size: int) -> bytes:
    if fill is None:
        return data
    if len(data) >= size:
        raise ValueError(f"{data!r} does not fit into a record of {size}")
    filling = b"\0" * size if fill == "record" else MEMORY * (size // len(MEMORY) + 1)
    return (data + filling)[:size]


def _with_whole_answers(steps: list[Step]) -> list[Step]:
    whole: list[Step] = []
    for step in steps:
        if step.verb == "<" and whole and (whole[-1].verb, whole[-1].who) == ("<", step.who):
            whole[-1] = Step("<", step.who, whole[-1].data + step.data)
        else:
            whole.append(step)
    return whole


def unescape(text: str) -> bytes:
    """The bytes that a step writes."""
    return _ESCAPE.sub(
        lambda match: bytes([int(match[1], 16)]) if match[1] else _CHARACTERS[match[2]],
        text.encode("ascii"),
    )
