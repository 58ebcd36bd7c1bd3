"""Every transcript on a center and a doctor in memory; no error may be logged meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from twisted.logger import LogLevel
from twisted.trial.unittest import SynchronousTestCase

from tests.role.logs import listening_to_the_log
from tests.transcripts.memory import MemoryStage
from tests.transcripts.transcript import read, transcripts

BAD = (LogLevel.warn, LogLevel.error, LogLevel.critical)


class MemoryTests(SynchronousTestCase):
    """One test a file."""


def _plays(path: Path) -> Callable[[MemoryTests], None]:
    def test(self: MemoryTests) -> None:
        for case in read(path):
            with listening_to_the_log() as told:
                MemoryStage(self, case).play()
            self.assertEqual(told.texts(*BAD), [], case.name)

    test.__doc__ = f"The habit of ``{path.name}``."
    return test


for _path in transcripts():
    setattr(MemoryTests, f"test_{_path.stem}", _plays(_path))
