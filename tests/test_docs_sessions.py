"""The sessions that the documents print, played against the production code."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from twisted.trial.unittest import SynchronousTestCase

from medappt.model.refusals import Code
from medappt.wire.requests import KEYWORDS
from tests.center.fixtures import MONDAY, Client, MemoryCenter
from tests.documents import PROTOCOL, README, Block, blocks, section, table_rows

TORONTO = ZoneInfo("America/Toronto")


class Player:
    """Plays the session blocks of a document against one center."""

    def __init__(self, test: SynchronousTestCase) -> None:
        self._test = test
        self._center = MemoryCenter(zone=TORONTO, now=MONDAY)
        self._client: Client | None = None

    def play(self, block: Block) -> None:
        if block.note != "continued" or self._client is None:
            self._center.now = _instant(block.note)
            self._client = self._center.connect()
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
                replies = client.send(pending)
                pending = b""
            if sign == "< ":
                expected.append(text)
            elif line == "= closed":
                transport = client.transport
                self._test.assertTrue(transport.write_closed or transport.disconnecting, block)
            else:
                self._test.fail(f"{block.where}: what is {line!r}?")
        self._test.assertEqual(pending, b"\n", f"{block.where}: ends with an unanswered request")


def _instant(note: str) -> datetime:
    return datetime.fromisoformat(note.removeprefix("at ")) if note.startswith("at ") else MONDAY


class SessionTests(SynchronousTestCase):
    """The sessions in the documents."""

    def test_protocol(self) -> None:
        """The sessions of the protocol's description go as they are printed, one after the
        other."""
        player, sessions = Player(self), blocks(PROTOCOL, "session")
        self.assertGreater(len(sessions), 5)
        for block in sessions:
            player.play(block)

    def test_readme(self) -> None:
        """The session by hand in the README goes as it is printed."""
        [session] = blocks(README, "session")
        Player(self).play(session)

    def test_keywords(self) -> None:
        """Every word of the protocol is named in its description."""
        text = PROTOCOL.read_text(encoding="utf-8")
        for keyword in KEYWORDS:
            self.assertRegex(text, rf"`{keyword}\b")

    def test_codes(self) -> None:
        """Every code is in the table of refusals, or among those of centers with a city."""
        text = section(PROTOCOL, "1.4 Refusals")
        told = {cells[0].strip("`") for cells in table_rows(text)} - {""}
        others = re.search(r"The other codes, `([^`]+)`", text)
        assert others is not None
        elsewhere = set(others[1].split())
        self.assertEqual(told & elsewhere, set())
        self.assertEqual(told | elsewhere, {code.value for code in Code})
