"""``python -m medappt``: the same as ``medappt``."""

from __future__ import annotations

import sys

from medappt.cli import main

if __name__ == "__main__":
    sys.exit(main())
