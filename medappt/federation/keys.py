"""The federation's key file (section 6): 32 random bytes in base64, and on a second line the key
that is being retired."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from medappt.role.files import load
from medappt.role.startup import CannotStart
from medappt.store.disk import PRIVATE, create_private, sync_directory
from medappt.wire.datafiles import BrokenFile
from medappt.wire.envelope import KEY_BYTES, KEYS_AT_ONCE

SAMPLE_KEY = b"medappt sample key, known to all"
"""The key of the sample data. Everybody has it, so it serves on one machine only."""

_FORM = f"expected {KEY_BYTES} random bytes in base64"
_FOR_OTHERS = 0o077


@dataclass(frozen=True, kw_only=True, slots=True)
class FederationKeys:
    """``current`` seals; ``retiring`` is still accepted, where there is one."""

    current: bytes = field(repr=False)
    retiring: bytes | None = field(default=None, repr=False)

    @property
    def in_order(self) -> tuple[bytes, ...]:
        """As an envelope wants them: the one that seals first."""
        return (self.current,) if self.retiring is None else (self.current, self.retiring)

    @property
    def has_sample(self) -> bool:
        return SAMPLE_KEY in self.in_order


def parse_keys(data: bytes, file: str) -> FederationKeys:
    """The keys in a file; blank lines and comments are allowed. Raises ``BrokenFile``, which shows
    nothing of a key."""
    keys: list[bytes] = []
    for number, line in enumerate(data.split(b"\n"), 1):
        text = line.strip()
        if not text or text.startswith(b"#"):
            continue
        if len(keys) == KEYS_AT_ONCE:
            raise BrokenFile(file, number, "expected no third key")
        try:
            key = base64.b64decode(text, validate=True)
        except ValueError:
            raise BrokenFile(file, number, _FORM) from None
        if len(key) != KEY_BYTES:
            raise BrokenFile(file, number, _FORM)
        keys.append(key)
    if not keys:
        raise BrokenFile(file, 0, _FORM)
    return FederationKeys(current=keys[0], retiring=keys[1] if len(keys) > 1 else None)


def format_keys(keys: FederationKeys) -> bytes:
    """The file that ``parse_keys`` reads."""
    return b"".join(base64.b64encode(key) + b"\n" for key in keys.in_order)


def load_keys(path: Path, hosts: Iterable[str]) -> FederationKeys:
    """The keys in the file at ``path``, for a center that listens at and talks to ``hosts``.

    Raises ``CannotStart`` where there are none, and for the sample key if one of the hosts is not
    this machine's own.
    """
    keys = load(path, parse_keys)
    if keys.has_sample:
        for host in hosts:
            if not is_loopback(host):
                raise CannotStart(
                    f"{path}: the sample key is for loopback addresses only, not for {host}: "
                    "medappt federation new-key makes one"
                )
    return keys


def mode_complaint(path: Path, keys: FederationKeys) -> str | None:
    """What is wrong with the mode of a key file that was loaded, or ``None``. The sample key is
    no secret."""
    mode = path.stat().st_mode & 0o777
    if keys.current == SAMPLE_KEY or not mode & _FOR_OTHERS:
        return None
    return f"{path}: the key is open to other users (mode {mode:03o} instead of {PRIVATE:03o})"


def new_key(
    path: Path, randomness: Callable[[int], bytes], *, keeps_sample: bool = False
) -> FederationKeys:
    """Put a new key into the file at ``path``, first, and the one that was first behind it, to be
    retired; the sample key is kept only where it may be used. A file that is not there is made.

    The file is private, keeps its owner, and is the old or the new one after any crash. Raises
    ``CannotStart`` for a file that cannot be read or written.
    """
    retiring: bytes | None = None
    if path.exists():
        before = load(path, parse_keys).current
        retiring = before if keeps_sample or before != SAMPLE_KEY else None
    keys = FederationKeys(current=randomness(KEY_BYTES), retiring=retiring)
    try:
        _replace(path.resolve(), format_keys(keys))  # a link stays a link
    except OSError as error:
        raise CannotStart(f"{path}: {error.strerror or error}") from None
    return keys


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f"{path.name}.new")
    temporary.unlink(missing_ok=True)  # of a command that crashed
    try:
        with open(create_private(temporary), "wb") as file:
            if path.exists():
                # the administrator may make it, the center must read it
                owner = path.stat()
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_directory(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def is_loopback(host: str) -> bool:
    """Whether what is sent to ``host`` stays on this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
