"""The dialects once they are recognised: one small class each.

``receive`` and ``silence`` give requests as lines of the *line* dialect, whatever their clients
sent; ``word`` gives the bytes of a reply.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from medappt.wire.dialects.messages import Messages, is_keyword, split
from medappt.wire.dialects.wording import BARE, CAPITAL, PACKET, RECORD, Wording
from medappt.wire.replies import Reply, Success, format_reply

RECORD_BYTES = 100
"""Of the records of those who read a list joined by blanks."""


class Line:
    """*line*: what ``medappt`` and people with ``nc`` speak.

    ========== ==========================================================
    recognised a keyword in any spelling but ``Authenticate``, or ``@``;
               an LF before any NUL, and no NUL behind it
    messages   end in LF; never completed by silence
    answers    ``success``, rows in LF and a ``.``, ``error CODE ...``
    end        LF
    ========== ==========================================================
    """

    def word(self, reply: Reply, tag: str | None) -> bytes:
        """The bytes of a reply."""
        return format_reply(reply, tag)


class _Unframed:
    """What *packet* and *bare* share: messages that end in LF, NUL or silence."""

    def __init__(self) -> None:
        self._messages = Messages()
        self._has_said_selection = False

    @property
    def pause(self) -> float | None:
        """See ``Messages.pause``."""
        return self._messages.pause

    @property
    def is_overfull(self) -> bool:
        """See ``Messages.is_overfull``."""
        return self._messages.is_overfull

    def receive(self, segment: bytes) -> Iterator[bytes]:
        """The requests that a segment completes."""
        return self._requests(self._messages.receive(segment))

    def silence(self) -> Iterator[bytes]:
        """The request that a silence completes."""
        return self._requests(self._messages.silence())

    def _requests(self, messages: Iterable[bytes]) -> Iterator[bytes]:
        for message in messages:
            text = message.strip(b" \t\r")
            if text:
                yield self._request(text)

    def _request(self, text: bytes) -> bytes:
        """A single word of digits is a selection, if this client has used neither a NUL nor the
        word ``selection``: else it is the rest of something."""
        if split(text)[0].lower() == b"selection":
            self._has_said_selection = True
        elif text.isdigit() and not (self._messages.has_nul or self._has_said_selection):
            return b"selection " + text
        return text


class Packet(_Unframed):
    """*packet*: C programs that send a string, often in a record of fixed size.

    ========== ==========================================================
    recognised ``authenticate`` ended by NUL, by LF and NUL, or by silence;
               *capital*: ``Authenticate``, whatever ends it;
               *record*: in a segment of exactly 100 bytes that has a NUL
    messages   end in LF, NUL or silence; after a NUL comes padding
    answers    ``success``, ``notavailable`` for whatever is refused;
               *capital*: ``SUCCESS``, ``Not available``;
               rows in LF (*record*: in a blank), 98 bytes at the most
    end        NUL if the client has sent one, else nothing
    ========== ==========================================================

    The first bytes that a *record* receives reach to the end of one: from there on a message may
    begin every 100 bytes, whatever the memory before it ends with.
    """

    def __init__(self, *, capital: bool = False, record: bool = False) -> None:
        super().__init__()
        self._wording: Wording = CAPITAL if capital else RECORD if record else PACKET
        self._is_record = record
        self._left: int | None = None  # of the record that is being sent; of the first, all

    def receive(self, segment: bytes) -> Iterator[bytes]:
        """The requests that a segment completes."""
        for part in self._parts(segment) if self._is_record else (segment,):
            yield from super().receive(part)
            if self.is_overfull:
                return

    def _parts(self, segment: bytes) -> Iterator[bytes]:
        """The segment, cut where records begin."""
        if self._left is None:
            self._left = RECORD_BYTES
            yield segment
            return
        while segment:
            part, segment = segment[: self._left], segment[self._left :]
            self._left = self._left - len(part) or RECORD_BYTES
            yield part

    def word(self, reply: Reply, tag: str | None) -> bytes:
        """The bytes of a reply."""
        return self._wording.of(reply) + (b"\0" if self._messages.has_nul else b"")


class Bare(_Unframed):
    """*bare*: programs that send the words of a login and an index, and no keyword for them.

    ========== ==========================================================
    recognised exactly two words, the first no keyword, ended by LF, NUL
               or silence: the login
    messages   end in LF, NUL or silence; after a NUL comes padding
    answers    ``Success``, ``Invalid``, ``notavailable``, the doctor's
               port and a blank; rows in LF
    end        nothing: they break on a NUL
    ========== ==========================================================
    """

    def __init__(self) -> None:
        super().__init__()
        self._is_logged_in = False

    def _request(self, text: bytes) -> bytes:
        """Two words are a login until one was good: a client may be told to try again."""
        parts = split(text)
        if not self._is_logged_in and len(parts) == 2 and not is_keyword(parts[0]):
            return b"authenticate " + text
        return super()._request(text)

    def word(self, reply: Reply, tag: str | None) -> bytes:
        """The bytes of a reply."""
        self._is_logged_in = self._is_logged_in or isinstance(reply, Success)
        return BARE.of(reply)
