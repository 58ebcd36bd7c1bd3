"""Directories for the files of a test."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.trial.unittest import SynchronousTestCase


def make_directory(test: SynchronousTestCase) -> Path:
    """An empty directory, which goes with the test. (``mktemp`` leaves it behind under pytest.)"""
    directory = TemporaryDirectory()
    test.addCleanup(directory.cleanup)
    return Path(directory.name)
