"""``medappt audit``: walking the audit of a center, and printing it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from medappt.center.options import DEFAULT_STORE
from medappt.model.audit import AuditHead, AuditRow
from medappt.patient.terminal import CarefulStream
from medappt.role.files import load
from medappt.role.startup import CannotStart
from medappt.store.audit import audit_rows
from medappt.store.audit_chain import ChainBroken, EndMissing, Verified, verify_chain
from medappt.store.failures import StoreUnavailable
from medappt.store.heads import kept_head
from medappt.store.keys import key_path, load_key
from medappt.store.location import Location, parse_location
from medappt.store.reading import Source, reading
from medappt.store.trail import chain_key
from medappt.wire.settings import CenterSettings, read_settings
from medappt.wire.words import displayable

DONE, FAILED = 0, 1
"""Exit codes (section 6)."""

TITLES = (
    *("Row", "Time", "Actor", "Role", "Source", "Verb"),
    *("Patient", "Object", "Outcome", "Tag"),
)


def verify(parsed: argparse.Namespace) -> int:
    """``medappt audit verify``: the exit code. Raises ``CannotStart``."""
    out, err = CarefulStream(sys.stdout), CarefulStream(sys.stderr)
    settings = _settings(parsed.config)
    location = _location(parsed.store, parsed.config, settings)
    heads = [*parsed.head, *_heads_of_peers(parsed, settings, err)]
    with _reading(location, err) as source:
        assert location.path is not None, "what was read is a file"
        key = chain_key(load_key(key_path(location.path)))
        try:
            verified = verify_chain(source.connection, key, heads)
        except ChainBroken as broken:
            out.line(_sentence(broken, source))
            return FAILED
    out.line(_praise(verified, len(heads)))
    return _settle(out, err)


def _sentence(broken: ChainBroken, source: Source) -> str:
    text = f"the audit is not as it was written: {broken}"
    if source.is_copy and isinstance(broken, EndMissing):
        text += "; or this copy is older than that: SIGUSR1 has its center write another"
    return text


def _praise(verified: Verified, heads: int) -> str:
    text = f"the audit is as it was written: {verified.rows} rows in {verified.commits} commits"
    if verified.head is not None:
        text += f", head {verified.head.sequence}:{verified.head.mac.hex()}"
    if heads:
        text += f", behind {heads} kept {'head' if heads == 1 else 'heads'}"
    return text


def _heads_of_peers(
    parsed: argparse.Namespace, settings: CenterSettings, err: CarefulStream
) -> Iterator[AuditHead]:
    """What peers have kept of this center's audit; one that has kept none is told of."""
    locations = [_location(url, None, CenterSettings()) for url in parsed.peer_store]
    locations += [_location(None, config, _settings(config)) for config in parsed.peer_config]
    if not locations:
        return
    if settings.city is None:
        raise CannotStart("whose head a peer has kept is told by --config, with a city")
    city = settings.city.city
    for location in locations:
        with _reading(location, err) as source:
            head = kept_head(source.connection, city)
            if head is None:
                err.line(f"medappt: {source.path} holds no head of {city}")
            else:
                yield head


def show(parsed: argparse.Namespace) -> int:
    """``medappt audit show``: the exit code. Raises ``CannotStart``."""
    out, err = CarefulStream(sys.stdout), CarefulStream(sys.stderr)
    location = _location(parsed.store, parsed.config, _settings(parsed.config))
    with _reading(location, err) as source:
        rows = (
            _cells(row)
            for row in audit_rows(source.connection, person=parsed.patient, since=parsed.since)
        )
        if out.isatty():
            _draw(out, rows)
        else:
            for cells in rows:
                out.write("\t".join(cells) + "\n")
                if out.failure is not None:
                    break
    return _settle(out, err)


def _cells(row: AuditRow) -> list[str]:
    return [
        displayable(cell) or "-"
        for cell in (
            str(row.sequence),
            f"{row.at:%Y-%m-%dT%H:%M:%SZ}",
            row.actor,
            row.role or "",
            row.source,
            row.verb,
            row.patient or "",
            row.object,
            row.outcome,
            row.tag or "",
        )
    ]


def _draw(out: CarefulStream, rows: Iterable[list[str]]) -> None:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for title in TITLES:
        # nothing of an audit is left out, however narrow the terminal
        table.add_column(title, overflow="fold", min_width=len(title))
    for row, time, *cells in rows:
        # a date and a time fit two lines where they do not fit one
        table.add_row(*(Text(cell) for cell in (row, time.replace("T", " "), *cells)))
    Console(file=cast(IO[str], out), highlight=False).print(table)


@contextmanager
def _reading(location: Location, err: CarefulStream) -> Iterator[Source]:
    """The store of a center, or its copy, and a word on which it is."""
    try:
        with reading(location) as source:
            what = "the copy, for the store is in use" if source.is_copy else "the store"
            err.line(f"medappt: reading {what}: {source.path}")
            yield source
    except StoreUnavailable as error:
        raise CannotStart(str(error)) from None


def _settings(config: Path | None) -> CenterSettings:
    return CenterSettings() if config is None else load(config, read_settings)


def _location(url: str | None, config: Path | None, settings: CenterSettings) -> Location:
    """Where a center keeps its record: at ``url``, else where its settings say."""
    default = DEFAULT_STORE
    if settings.city is not None:
        default = f"sqlite:///{settings.city.city}.sqlite3"
    try:
        if url is not None:
            return parse_location(url)
        base = None if config is None else config.parent
        return parse_location(settings.store or default, base)
    except ValueError as error:
        raise CannotStart(f"store: {error}") from None


def _settle(out: CarefulStream, err: CarefulStream) -> int:
    out.flush()
    if out.failure is None:
        return DONE
    err.line(f"medappt: standard output: {out.failure.strerror}")
    out.discard()
    return FAILED
