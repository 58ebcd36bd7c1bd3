"""Every transcript over real TCP and UDP (pytest only: the reactor is pytest-twisted's)."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_twisted  # type: ignore[import-untyped]
from twisted.internet.defer import Deferred, gatherResults
from twisted.logger import LogLevel

from tests.role.logs import listening_to_the_log
from tests.transcripts.sockets import SocketStage
from tests.transcripts.transcript import read, transcripts

BAD = (LogLevel.warn, LogLevel.error, LogLevel.critical)


@pytest.mark.parametrize("path", transcripts(), ids=lambda path: path.stem)
@pytest_twisted.ensureDeferred
async def test_over_sockets(path: Path, tmp_path: Path) -> None:
    """The cases of a file, side by side; no error is logged meanwhile."""
    from twisted.internet import reactor

    playing = []
    with listening_to_the_log() as told:
        for number, case in enumerate(read(path)):
            folder = tmp_path / str(number)
            folder.mkdir()
            stage = SocketStage(reactor, case, folder)
            playing.append(Deferred.fromCoroutine(stage.play()))
        await gatherResults(playing, consumeErrors=True)
    assert told.texts(*BAD) == []
