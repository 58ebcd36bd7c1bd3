"""Folders for tests, outside of the checkout."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import TestCase


def temporary_folder(case: TestCase) -> Path:
    """An empty folder that goes with the test."""
    folder = TemporaryDirectory(prefix="medappt-test-")
    case.addCleanup(folder.cleanup)
    return Path(folder.name)
