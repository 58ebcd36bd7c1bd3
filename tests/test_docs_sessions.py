"""The sessions that the documents print, played against the production code."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from twisted.trial.unittest import SynchronousTestCase

from medappt.model.refusals import Code
from medappt.wire.requests import KEYWORDS
from tests.center.fixtures import MONDAY, Client, MemoryCenter
from tests.documents import PROTOCOL, README, Block, blocks, section, table_rows

TORONTO = ZoneInfo("America/Toronto")


class Stage(Protocol):
    """Whom the clients of a document's sessions talk to."""

    def connect(self, note: str) -> Client:
        """A new connection, as the note of its block says."""

    def later(self, client: Client, seconds: float) -> list[str]:
        """The lines that a client has got, so many seconds later."""


class Player:
    """Plays session blocks, each a connection of its own unless it is ``continued``."""

    def __init__(self, test: SynchronousTestCase, stage: Stage) -> None:
        self._test = test
        self._stage = stage
        self._client: Client | None = None

    def play(self, block: Block) -> None:
        if block.note != "continued" or self._client is None:
            self._client = self._stage.connect(block.note)
        client, pending = self._client, b""
        expected: list[str] = []
        replies: list[str] = []
        for line in [*block.lines, "> "]:
            sign, text = line[:2], line[2:]
            if sign == "> ":
                self._test.assertEqual(expected, replies, block.where)
                expected, replies = [], []
                pending += text.encode() + b"\n"
                continue
            if pending:
                replies = client.send(pending) + self._stage.later(client, 0)
                pending = b""
            if sign == "+ ":
                self._test.assertEqual(expected, replies, block.where)
                expected, replies = [], self._stage.later(client, float(text))
            elif sign == "< ":
                expected.append(text)
            elif line == "= closed":
                transport = client.transport
                self._test.assertTrue(transport.write_closed or transport.disconnecting, block)
            else:
                self._test.fail(f"{block.where}: what is {line!r}?")
        self._test.assertEqual(pending, b"\n", f"{block.where}: ends with an unanswered request")


class OneCenter:
    """A center without a city."""

    def __init__(self) -> None:
        self._center = MemoryCenter(zone=TORONTO, now=MONDAY)

    def connect(self, note: str) -> Client:
        at = note.removeprefix("at ")
        self._center.now = MONDAY if at == note else datetime.fromisoformat(at)
        return self._center.connect()

    def later(self, client: Client, seconds: float) -> list[str]:
        assert not seconds, "its answers wait for nothing"
        return []


class SessionTests(SynchronousTestCase):
    """The sessions in the documents."""

    def test_protocol(self) -> None:
        """The sessions of the protocol's description go as they are printed, one after the
        other."""
        player, sessions = Player(self, OneCenter()), blocks(PROTOCOL, "session")
        self.assertGreater(len(sessions), 5)
        for block in sessions:
            player.play(block)

    def test_readme(self) -> None:
        """The session by hand in the README goes as it is printed."""
        [session] = blocks(README, "session")
        Player(self, OneCenter()).play(session)

    def test_keywords(self) -> None:
        """Every word of the protocol is named in its description."""
        text = PROTOCOL.read_text(encoding="utf-8")
        for keyword in KEYWORDS:
            self.assertRegex(text, rf"`{keyword}\b")

    def test_codes(self) -> None:
        """Every code is in a table of refusals: those of all centers, or those of cities."""
        told = {
            cells[0].strip("`")
            for title in ("1.4 Refusals", "2.4 Refusals of a city")
            for cells in table_rows(section(PROTOCOL, title))
        }
        self.assertEqual(told - {""}, {code.value for code in Code})
