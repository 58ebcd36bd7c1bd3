"""What an audit says (section 9): its verbs, its rows, and its head."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from medappt.model.origins import Origin

DONE = "done"
"""The outcome of an effect; that of a refusal is its code."""


class AuditVerb(Enum):
    """What was done, or asked for and refused."""

    # what users ask for, by the words of the protocol
    SELECTION = "selection"
    BOOK = "book"
    CANCEL = "cancel"
    SWAP = "swap"
    ADD = "add"
    REMOVE = "remove"
    # these are refused only: they have no effect
    PREVIEW = "preview"
    LIST = "list"
    SCHEDULE = "schedule"
    PATIENTS = "patients"
    REQUEST = "request"
    # at home
    MOVE = "move"
    WAITLIST = "waitlist"
    EXPIRE = "expire"
    ABORT = "abort"
    RESTORE = "restore"
    # at the owner, for patients of other cities
    HOLD = "hold"
    CONFIRM = "confirm"
    RELEASE = "release"
    WAIT = "wait"
    UNWAIT = "unwait"
    # users and openings
    ADD_USER = "add-user"
    CHANGE_USER = "change-user"
    REMOVE_USER = "remove-user"
    REHASH = "rehash"
    ADD_OPENING = "add-opening"
    CHANGE_OPENING = "change-opening"
    REMOVE_OPENING = "remove-opening"


_REQUESTS = {
    verb.value: verb
    for verb in (
        AuditVerb.SELECTION,
        AuditVerb.BOOK,
        AuditVerb.CANCEL,
        AuditVerb.SWAP,
        AuditVerb.ADD,
        AuditVerb.REMOVE,
        AuditVerb.LIST,
        AuditVerb.SCHEDULE,
        AuditVerb.PATIENTS,
    )
}


def requested(word: str) -> AuditVerb:
    """The verb of a request that begins with ``word``; ``REQUEST`` for any other word, which may
    be a password at the wrong place and is not kept."""
    return _REQUESTS.get(word.lower(), AuditVerb.REQUEST)


@dataclass(frozen=True, kw_only=True, slots=True)
class Deed:
    """What somebody does, or asks for. ``object`` is the slot, the user or the opening, empty
    where a request names none; ``patient`` whose appointment it is, ``tag`` the request's."""

    origin: Origin
    verb: AuditVerb
    object: str
    patient: str | None = None
    tag: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditRow:
    """A row of the audit as it stands: ``at`` in UTC, ``None`` where there is nothing to say."""

    sequence: int
    at: datetime
    actor: str
    role: str | None
    source: str
    verb: str
    patient: str | None
    object: str
    outcome: str
    tag: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditHead:
    """The last link of an audit: its sequence and its HMAC."""

    sequence: int
    mac: bytes

    def follows(self, before: AuditHead) -> bool:
        """Whether it can be a later head of an audit that had ``before``. The same, a lower
        sequence, and another HMAC of the same sequence cannot."""
        return self.sequence > before.sequence
