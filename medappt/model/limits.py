"""The limits of section 4: each a setting, its default, and why it is there. Times in seconds."""

from __future__ import annotations

from dataclasses import dataclass

LINE_BYTES = 512
"""Bytes a line may have before its end. Not a setting: clients rely on it."""

TAG_SECONDS = 24 * 3600
"""How long the reply to a tagged request is kept. Not a setting: clients rely on it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one peer, or all of them, may ask of a center."""

    login_seconds: float = 10.0
    """To send a login: a connection that says nothing holds a descriptor."""

    idle_seconds: float = 600.0
    """Without a complete line, once logged in."""

    connections: int = 10_000
    """At once; the file limit less ``spare_files`` if that is lower."""

    spare_files: int = 200
    """Descriptors kept for the store, the log and the endpoints."""

    unanswered: int = 100
    """Requests of one connection; then reading pauses."""

    failures_per_user: int = 5
    """Failed logins of one user from one address in ``failure_seconds`` that cost nothing."""

    failures_per_address: int = 20
    """Failed logins from one address in ``failure_seconds`` that cost nothing."""

    failure_seconds: float = 60.0
    """The span in which failures are counted."""

    blocked_seconds: float = 60.0
    """How long a pair or an address then gets ``failure`` at once."""

    waiting_logins: int = 256
    """Logins that wait for the hash worker; more are ``busy``."""

    close_seconds: float = 2.0
    """A connection we end is aborted when its peer has not let us by then."""

    linger_seconds: float = 1.0
    """How long what a peer still sends is read and dropped before its connection is closed."""
