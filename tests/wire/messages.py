"""Messages between centers, any there can be: what their tests draw from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from medappt.model.ids import SlotName, parse_appointment_id
from medappt.model.records import Contact, Cursor, Entry, Held, Listing, Page, RecordState, Standing
from medappt.model.refusals import Code, Refusal
from medappt.wire.envelope import (
    HIGHEST,
    Incarnation,
)
from medappt.wire.federation import (
    AuditHead,
    Confirm,
    Done,
    Entries,
    Gone,
    Heads,
    Hold,
    KeptHead,
    List,
    ListPage,
    Lost,
    Move,
    Moving,
    Places,
    RecordIs,
    Records,
    Release,
    Reply,
    Request,
    RequestKey,
    Status,
    Unwait,
    Wait,
)

RUN = Incarnation(boot=3, random=bytes(range(16)))
KEY = RequestKey(sender="MTL", incarnation=RUN, sequence=5)
LONGEST_RUN = Incarnation(boot=HIGHEST, random=b"\xff" * 16)
LONGEST_KEY = RequestKey(sender="MTL", incarnation=LONGEST_RUN, sequence=HIGHEST)
LONGEST_ID = f"MTL-{HIGHEST}-{'f' * 64}-{HIGHEST}"
RECORD = "MTL-3-00ff-5"
LAST_SECOND = 4_102_444_799  # of 2099

runs = st.builds(
    Incarnation, boot=st.integers(0, HIGHEST), random=st.binary(min_size=16, max_size=16)
)
counts = st.integers(0, HIGHEST)
codes = st.builds(
    lambda day, part: f"QUE{part}{day:%d%m%y}",
    st.dates(datetime(2000, 1, 1).date(), datetime(2099, 12, 31).date()),  # noqa: DTZ001
    st.sampled_from("MAE"),
)
ids = st.from_regex(r"[A-Z]{3}-[0-9]{1,19}-[0-9a-f]{2,64}-[0-9]{1,19}", fullmatch=True)
names = st.text(
    st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=16
)  # at most 64 bytes
instants = st.integers(0, LAST_SECOND).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
heads = st.builds(AuditHead, sequence=counts, mac=st.binary(min_size=32, max_size=32))
hosts = st.from_regex(r"[A-Za-z0-9._:%-]{1,255}", fullmatch=True)
contacts = st.builds(
    Contact,
    name=st.none() | names,
    host=st.none() | hosts,
    port=st.none() | st.integers(1, 65_535),
)
patients = st.from_regex(r"[A-Z]{3}P[0-9]{4}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=50)


def appointment(code: str, type_: str = "Dental") -> SlotName:
    parsed = parse_appointment_id(code)
    assert parsed is not None
    return SlotName(code=parsed, type=type_)


slot_names = st.builds(appointment, codes, names)


def row(start: int, code: str = "QUEA100227", free: int = 1, type_: str = "Dental") -> Listing:
    return Listing(
        name=appointment(code, type_), start=datetime.fromtimestamp(start, UTC), free=free
    )


@st.composite
def rows(draw: st.DrawFn, most: int = 30) -> tuple[Listing, ...]:
    """Rows of one type in their order."""
    type_ = draw(names)
    keys = draw(st.sets(st.tuples(st.integers(0, LAST_SECOND), codes), max_size=most))
    return tuple(
        row(start, code, draw(st.integers(0, 9_999)), type_) for start, code in sorted(keys)
    )


def entry(id_: str = RECORD, code: str = "QUEA100227", type_: str = "Dental") -> Entry:
    return Entry(
        id=id_,
        standing=Standing.TAKEN,
        name=appointment(code, type_),
        start=datetime.fromtimestamp(1000, UTC),
        patient="MTLP2345",
    )


@st.composite
def entries(draw: st.DrawFn, most: int = 2) -> tuple[Entry, ...]:
    """Entries in their order; so many fit, however long they are."""
    others = st.builds(
        Entry,
        id=st.just(""),
        standing=st.sampled_from(Standing),
        name=slot_names,
        start=st.none() | instants,
        patient=patients,
    )
    return tuple(replace(draw(others), id=id_) for id_ in sorted(draw(st.sets(ids, max_size=most))))


requests: st.SearchStrategy[Request[Any]] = st.one_of(
    st.builds(
        Hold,
        id=ids,
        name=slot_names,
        patient=patients,
        replaces=st.none() | ids,
    ),
    *(st.builds(kind, id=ids) for kind in (Confirm, Release, Wait, Unwait, Status)),
    st.builds(
        Move,
        id=ids,
        page=st.builds(
            Page, options=st.lists(codes, max_size=32).map(tuple), is_last=st.booleans()
        ),
    ),
    st.builds(List, type=names, after=st.none() | st.builds(Cursor, start=instants, code=codes)),
    st.builds(Heads, head=heads),
    *(st.builds(kind, after=st.none() | ids) for kind in (Places, Records)),
)
replies: st.SearchStrategy[Reply] = st.one_of(
    st.builds(Held, start=instants, contact=contacts),
    st.builds(Refusal, code=st.sampled_from(Code), text=texts),
    st.builds(RecordIs, state=st.none() | st.sampled_from(RecordState)),
    st.builds(Moving, refused=st.none() | codes),
    st.builds(ListPage, rows=rows(), more=st.booleans()),
    st.builds(KeptHead, head=st.none() | heads),
    st.builds(Entries, entries=entries(), more=st.booleans()),
    st.sampled_from([Done(), Lost(), Gone()]),
)
