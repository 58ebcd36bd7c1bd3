"""Words: what the lines of the protocol and of the data files are made of."""

from __future__ import annotations

import re

_BLANKS = re.compile(r"[ \t]+")


def decode(data: bytes) -> str:
    """Text of any bytes: UTF-8, what is no UTF-8 as lone surrogates. ``encode`` undoes it."""
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The bytes of ``decode``'s text."""
    return text.encode("utf-8", "surrogateescape")


def split(line: str) -> list[str]:
    """The words of a line, separated by blanks (space and tab)."""
    return [word for word in _BLANKS.split(line) if word]


def is_storable(word: str) -> bool:
    """Whether a word can be the name of something we keep: printable text, and so valid UTF-8:
    no lone surrogate is printable."""
    return word.isprintable()


def displayable(text: str) -> str:
    """``text`` for a screen or a log: what could move a terminal's cursor or forge a line is
    shown escaped."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )
