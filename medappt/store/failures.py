"""What goes wrong with a store, as its users see it."""

from __future__ import annotations


class StoreUnavailable(Exception):
    """The store cannot be opened; the message is one line that names it and says what is wrong."""


class StoreInUse(StoreUnavailable):
    """Another process has the store."""


class StoreBusy(Exception):
    """Too many transactions wait already: this one was not queued, and will not be done."""


class StoreFailed(Exception):
    """The store could not be written, or is closed.

    What the transaction did is undone. Only where the disk failed under the commit itself can a
    crash bring it back: a request with a tag is safe to send again.
    """
