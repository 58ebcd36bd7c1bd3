"""The sentences of the health center (section 7), exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from medappt.model.slots import Opening, parse_index
from medappt.role.narration import Narrator
from medappt.store.keys import pseudonym
from medappt.wire.datafiles import UserRow
from medappt.wire.words import displayable

STARS = "********"
"""Shown for every password, so that not even its length is told."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Where a connection comes from."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class CenterSentences:
    """Tells what the center does; ``classroom`` tells passwords too, as the original exercise."""

    def __init__(self, narrator: Narrator, *, classroom: bool = False) -> None:
        self._tell = narrator.tell
        self._is_classroom = classroom
        self._name: Callable[[str], str] = displayable
        self._index: Callable[[str], str] = displayable

    def hide_names(self, key: bytes) -> None:
        """From now on users go by pseudonyms, the same for the same ``key`` (section 7)."""
        self._name = lambda user: pseudonym(key, user)
        # what is no index may be anything, somebody's name as well
        self._index = lambda word: word if parse_index(word) is not None else pseudonym(key, word)

    def listening(self, host: str, port: int) -> None:
        self._tell(
            "Phase1: The Health Center Server has port number: {port} and IP address: {host}",
            port=port,
            host=host,
        )

    def login_received(self, user: str, password: str) -> None:
        self._tell(
            "Phase1: The Health Center Server has received request from a patient with"
            " username {user} and password {password}",
            user=self._name(user),
            password=displayable(password) if self._is_classroom else STARS,
        )

    def login_answered(self, user: str, *, good: bool) -> None:
        self._tell(
            "Phase1: The Health Center Server sends the response: {response} to patient with"
            " username {user}",
            response="Success" if good else "Failure",
            user=self._name(user),
        )

    def list_requested(self, peer: Peer) -> None:
        self._tell(
            "Phase2: The Health Center Server receives a request for available time slots from"
            " patients with port number: {port} and IP Address: {host}",
            port=peer.port,
            host=peer.host,
        )

    def list_sent(self, user: str) -> None:
        self._tell(
            "Phase2: The Health Center Server sends available time slots to patients with"
            " username {user}",
            user=self._name(user),
        )

    def selection_received(self, index: str, peer: Peer, user: str) -> None:
        self._tell(
            "Phase2: The Health Center Server receives a request for appointment {index} from"
            " patient with port number: {port} and username {user}",
            index=self._index(index),
            port=peer.port,
            user=self._name(user),
        )

    def selection_invalid(self) -> None:
        self._tell("Receiving invalid time index, let patient re-enter")

    def selection_answered(self, index: str, user: str, *, confirmed: bool) -> None:
        self._tell(
            "Phase2: The Health Center Server {verb} the following appointment {index} to patient"
            " with username {user}",
            verb="confirms" if confirmed else "rejects",
            index=self._index(index),
            user=self._name(user),
        )

    def tables(self, users: Sequence[UserRow], openings: Sequence[Opening]) -> None:
        """The user and slot tables that the exercise prints at its start."""
        rows = [f"{row.name} {'(hashed)' if row.is_hashed else row.secret}" for row in users]
        self._tell("Users:\n{table}", table="\n".join(rows))
        lines = [
            f"{each.index} {each.time.day_label} {each.time.time_label} {each.doctor} {each.port}"
            for each in openings
        ]
        self._tell("Availabilities:\n{table}", table="\n".join(lines))
