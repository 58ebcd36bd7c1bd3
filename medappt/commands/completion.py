"""What a word of a request could be: its completion, by its place in the line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from medappt.commands.reports import NONE, Report
from medappt.commands.requests import FORMS
from medappt.model.ids import parse_appointment_id, parse_person

LEAVE = ("quit", "exit")
"""Words that end a shell."""

_NUMBERED: Mapping[str, tuple[str, ...]] = {
    "available": (),
    "slots": (),
    "selection": ("INDEX",),
    "help": (),
    "quit": (),
}
_REQUESTS = {form.name: (*form.words, *form.optional) for form in FORMS} | dict(_NUMBERED)
_MOST_WORDS = 10_000
"""Of a kind that are remembered: a list of all cities for months, and no more of our memory."""


class Vocabulary:
    """The words a shell has seen, by their kind; ``types`` are known from the start."""

    def __init__(self, types: Iterable[str] = ()) -> None:
        self._types = dict.fromkeys(types)
        self._codes: dict[str, None] = {}
        self._people: dict[str, None] = {}

    def learn(self, words: Iterable[str]) -> None:
        """Take note of IDs and people among these words."""
        for word in words:
            if parse_appointment_id(word) is not None:
                _note(self._codes, word)
            elif parse_person(word) is not None:
                _note(self._people, word)

    def learn_report(self, report: Report) -> None:
        """Take note of what was shown, types too."""
        for title, *column in zip(report.titles, *report.rows, strict=True):
            self.learn(column)
            if title == "Type":
                for word in column:
                    if word != NONE:
                        _note(self._types, word)

    def learn_request(self, keyword: str, words: Sequence[str]) -> None:
        """Take note of the words of a request that was done."""
        self.learn(words)
        for place, word in zip(_REQUESTS.get(keyword, ()), words, strict=False):
            is_other = parse_person(word) is not None
            if place.endswith("TYPE") and not is_other:
                _note(self._types, word)

    def candidates(self, before: Sequence[str], beginning: str) -> list[str]:
        """The words with this beginning that can stand behind those ``before`` it."""
        return sorted(word for word in self._at(before) if word.startswith(beginning))

    def _at(self, before: Sequence[str]) -> Iterable[str]:
        if not before:
            return _REQUESTS
        places = _REQUESTS.get(before[0].lower(), ())
        if len(before) > len(places):
            return ()
        place = places[len(before) - 1]
        if place.endswith("ID"):
            return self._codes
        if place.endswith("TYPE"):
            # the type may be left out, before the patient
            return (*self._types, *self._people) if before[0].lower() == "cancel" else self._types
        if place == "PATIENT":
            return self._people
        return (place,) if place.islower() else ()


def _note(words: dict[str, None], word: str) -> None:
    if len(words) < _MOST_WORDS:
        words[word] = None
