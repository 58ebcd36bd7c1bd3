"""The sealed envelope of every datagram between centers (section 8), without a socket.

    header   version, sender, receiver, boot number, 16 random bytes, datagram number, kind
    body     ChaCha20-Poly1305 of the payload; the header is its associated data

The key of a body is HKDF(federation key; sender, receiver, boot number, random bytes), the nonce is
the datagram number: whoever seals gives every transmission to one receiver a number of its own,
retransmissions too.
"""

from __future__ import annotations

import re
import struct
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

DATAGRAM_BYTES = 1_200
"""A sealed datagram has no more: so much passes every path without being cut by IP."""

KEY_BYTES = 32
RANDOM_BYTES = 16
"""Drawn at each start, beside the boot number: a restored center cannot use a key twice."""

HIGHEST = 2**63 - 1
"""Of boot numbers, datagram numbers and sequences: they travel in 8 bytes, and the store keeps
signed ones."""

KEYS_AT_ONCE = 2
"""The federation key, and the one being retired."""

CACHED_KEYS = 256
"""Derived keys that are kept: two of each peer and direction are in use, older ones are of late or
replayed datagrams, and those must not make us grow."""

_VERSION = 1
_HEADER = struct.Struct(">B3s3sQ16sQB")
_INCARNATION = struct.Struct(">B3s3sQ16s")
_TAG_BYTES = 16
_CITY = re.compile(rb"[A-Z]{3}")
_CONTEXT = b"medappt federation envelope"

PAYLOAD_BYTES = DATAGRAM_BYTES - _HEADER.size - _TAG_BYTES
"""What is left for a message."""


class Kind(Enum):
    """What a payload is."""

    REQUEST = 1
    REPLY = 2
    STALE = 3
    PROBE = 4
    ECHO = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Incarnation:
    """One run of a center: its boot number and the random bytes it drew at its start."""

    boot: int
    random: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.boot <= HIGHEST or len(self.random) != RANDOM_BYTES:
            raise ValueError("an incarnation has a boot number and 16 random bytes")


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """What stands on a datagram for everybody to read, and nobody to change."""

    sender: str
    receiver: str
    incarnation: Incarnation
    number: int
    kind: Kind


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A datagram that somebody of the federation sealed. ``key`` is the place of the federation
    key that opened it among those given: 0, or 1 for the one being retired."""

    header: Header
    payload: bytes = field(repr=False)
    key: int = 0


def read_header(datagram: bytes) -> Header | None:
    """What a datagram claims to be, or ``None`` if it is no datagram of a federation. Nothing is
    proved by it before the datagram has been opened."""
    if not _HEADER.size + _TAG_BYTES <= len(datagram) <= DATAGRAM_BYTES:
        return None
    version, sender, receiver, boot, random, number, kind = _HEADER.unpack_from(datagram)
    if version != _VERSION or not _CITY.fullmatch(sender) or not _CITY.fullmatch(receiver):
        return None
    try:
        return Header(
            sender=sender.decode("ascii"),
            receiver=receiver.decode("ascii"),
            incarnation=Incarnation(boot=boot, random=random),
            number=number,
            kind=Kind(kind),
        )
    except ValueError:
        return None


class Envelope:
    """Seals and opens with the keys of a federation: the first of ``keys``, and while a key is
    being retired that one behind it. ``cached`` bounds the derived keys that are kept."""

    def __init__(self, keys: Sequence[bytes], cached: int = CACHED_KEYS) -> None:
        if not 1 <= len(keys) <= KEYS_AT_ONCE or any(len(key) != KEY_BYTES for key in keys):
            raise ValueError("a federation has one or two keys of 32 bytes")
        self._keys = tuple(keys)
        self._cached = cached
        self._ciphers: OrderedDict[tuple[int, bytes], ChaCha20Poly1305] = OrderedDict()

    @property
    def keys(self) -> int:
        """How many keys there are: 1 or 2."""
        return len(self._keys)

    def seal(self, header: Header, payload: bytes, key: int = 0) -> bytes:
        """The datagram. A header must never be sealed twice with different payloads. Raises
        ``ValueError`` for a payload that does not fit and a header that cannot be written."""
        if len(payload) > PAYLOAD_BYTES:
            raise ValueError(f"a payload has at most {PAYLOAD_BYTES} bytes, not {len(payload)}")
        written = _write(header)
        cipher = self._cipher(key, written)
        self._keep(key, written, cipher)
        return written + cipher.encrypt(_nonce(header.number), payload, written)

    def open(self, header: Header, datagram: bytes) -> Opened | None:
        """What is in a ``datagram`` whose ``read_header`` is ``header``; ``None`` if it was not
        sealed with a key of ours, or changed since."""
        written, body = datagram[: _HEADER.size], datagram[_HEADER.size :]
        for key in range(len(self._keys)):
            cipher = self._cipher(key, written)
            try:
                payload = cipher.decrypt(_nonce(header.number), body, written)
            except InvalidTag:
                continue
            # only now: what is forged must not push out the keys that are in use
            self._keep(key, written, cipher)
            return Opened(header=header, payload=payload, key=key)
        return None

    def _cipher(self, key: int, written: bytes) -> ChaCha20Poly1305:
        incarnation = written[: _INCARNATION.size]
        cipher = self._ciphers.get((key, incarnation))
        if cipher is None:
            # all parts are of fixed length: no two incarnations run together into one
            derivation = HKDF(
                algorithm=SHA256(), length=KEY_BYTES, salt=None, info=_CONTEXT + incarnation
            )
            cipher = ChaCha20Poly1305(derivation.derive(self._keys[key]))
        return cipher

    def _keep(self, key: int, written: bytes, cipher: ChaCha20Poly1305) -> None:
        place = key, written[: _INCARNATION.size]
        self._ciphers[place] = cipher
        self._ciphers.move_to_end(place)
        if len(self._ciphers) > self._cached:
            self._ciphers.popitem(last=False)

    def __len__(self) -> int:
        """The derived keys that are kept."""
        return len(self._ciphers)


def _write(header: Header) -> bytes:
    sender, receiver = header.sender.encode("ascii"), header.receiver.encode("ascii")
    if not _CITY.fullmatch(sender) or not _CITY.fullmatch(receiver):
        raise ValueError("a city is three capital letters")
    if not 0 <= header.number <= HIGHEST:
        raise ValueError(f"{header.number} is no datagram number")
    return _HEADER.pack(
        _VERSION,
        sender,
        receiver,
        header.incarnation.boot,
        header.incarnation.random,
        header.number,
        header.kind.value,
    )


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")
