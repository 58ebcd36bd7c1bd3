"""What a center's federation hears that is not from its peers, or not of now: silence, no effect,
and service goes on."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest

from medappt.federation.keys import new_key
from medappt.model.records import Held, RecordState
from medappt.wire.envelope import Incarnation, Kind, read_header
from medappt.wire.federation import Confirm, Hold, Release
from tests.system.federation import CITIES, KEY, Federation, code, patient, run_federation
from tests.system.intruder import ANYTHING, Intruder, seal
from tests.system.proxy import Passing, says
from tests.system.roles import Stage

FOREIGN_KEY = b"f" * 32


@pytest.fixture(scope="module")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    """Three centers that the tests of this module share, each with a patient of its own."""
    with (
        Stage(tmp_path_factory.mktemp("hostile")) as stage,
        run_federation(stage, patients=20) as federation,
    ):
        yield federation


@pytest.fixture
def intruder(federation: Federation) -> Iterator[Intruder]:
    """Somebody who talks to QUE, whose stores say afterwards what they said before."""
    with Intruder(federation, "QUE") as intruder:
        yield intruder


def book(federation: Federation, user: str, slot: str) -> None:
    federation.open_slots(slot)
    assert federation.ask(user, f"book {slot} Physician")[0].startswith("booked ")
    federation.settle()


def run_of(passing: Passing) -> Incarnation:
    header = read_header(passing.data)
    assert header is not None
    return header.incarnation


def cut_and_flipped(data: bytes) -> list[bytes]:
    """The datagram truncated at every length, longer by a byte, and with each bit flipped."""
    spoiled = [data[:length] for length in range(len(data))] + [data + b"\0"]
    for place in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[place // 8] ^= 1 << place % 8
        spoiled.append(bytes(flipped))
    return spoiled


def dropped(log: str, city: str) -> int:
    """How many datagrams a center says it has dropped, at its end."""
    pattern = rf"{city}: (\d+) datagrams in all had no effect"
    return sum(int(number) for number in re.findall(pattern, log))


def test_spoiled(federation: Federation, intruder: Intruder) -> None:
    """True datagrams, cut off at every length or with any bit flipped, are not answered, do
    nothing, and are counted. They were never delivered whole, so that nothing else stops them."""
    slot = code("QUE")
    federation.open_slots(slot)
    user = patient("MTL", 1)
    with federation.connect(user) as client:
        with federation.proxy.trap(says(Hold, "MTL")) as trap:
            client.send(f"book {slot} Physician\n".encode())
            spoiled = cut_and_flipped(trap.wait().data)
        assert client.line().startswith("booked ")
    before, mark = federation.settle(), federation.proxy.mark()
    assert intruder.send(spoiled) == []
    for datagram in spoiled[::8]:
        federation.proxy.send(datagram, "MTL", "QUE")
    assert intruder.catch_up() == []
    assert federation.proxy.recorded[mark:] == []
    assert federation.books() == before
    server = federation.server("QUE")
    federation.restart("QUE")
    assert dropped(server.log, "QUE") >= len(spoiled)


def test_forged(federation: Federation, intruder: Intruder) -> None:
    """What is sealed with another key does nothing, whoever it claims to be and whatever it asks,
    nor what is sealed with the right one by a city that nobody configured, or for another."""
    user, slot = patient("MTL", 2), code("QUE", 1)
    book(federation, user, slot)
    before = federation.books()
    hold = federation.proxy.wait_for(says(Hold, "MTL"))
    [id_] = [entry[0] for entry in before[1].confirmed if entry[1] == user]
    run = run_of(hold)
    requests = [Release(id=id_), Confirm(id=id_), ANYTHING]
    forged = [
        seal(request, key=FOREIGN_KEY, run=run, number=10**6 + number, kind=kind)
        for number, request in enumerate(requests)
        for kind in Kind
    ]
    newer = Incarnation(boot=2**40, random=run.random)
    forged += [seal(request, key=FOREIGN_KEY, run=newer) for request in requests]
    forged += [
        seal(request, sender=sender, receiver=receiver, run=newer)
        for request in requests
        for sender, receiver in (("TOR", "QUE"), ("QUE", "QUE"), ("MTL", "SHE"), ("MTL", "TOR"))
    ]
    assert intruder.send(forged) == []
    assert federation.books() == before
    assert federation.rows("QUEA0001", f"patients {slot} Physician") == [f"{user} booked"]
    book(federation, patient("MTL", 8), code("QUE", 8))


def test_replayed(federation: Federation, intruder: Intruder) -> None:
    """What was heard before, sent again by whomever, is not answered and does nothing: a place that
    was given back is not taken again."""
    user, slot = patient("MTL", 3), code("QUE", 2)
    mark = federation.proxy.mark()
    book(federation, user, slot)
    assert federation.ask(user, f"cancel {slot}") == [f"cancelled {slot} Physician"]
    federation.settle()
    heard = [each.data for each in federation.proxy.recorded[mark:] if each.receiver == "QUE"]
    assert len(heard) >= 3
    before, mark = federation.books(), federation.proxy.mark()
    assert intruder.send(heard * 3) == []
    for datagram in heard:
        federation.proxy.send(datagram, "MTL", "QUE")
    assert intruder.catch_up() == []
    assert federation.proxy.recorded[mark:] == []
    assert federation.books() == before


def test_replayed_to_a_restarted_owner(federation: Federation) -> None:
    """An owner that was restarted has forgotten what it heard, and answers: but it does nothing a
    second time."""
    user, slot = patient("MTL", 4), code("QUE", 3)
    mark = federation.proxy.mark()
    book(federation, user, slot)
    assert federation.ask(user, f"cancel {slot}") == [f"cancelled {slot} Physician"]
    before = federation.settle()
    heard = [
        each.data
        for each in federation.proxy.recorded[mark:]
        if each.receiver == "QUE" and isinstance(each.message, Hold | Confirm)
    ]
    federation.restart("QUE")
    for datagram in heard:
        federation.proxy.send(datagram, "MTL", "QUE")
    with Intruder(federation, "QUE") as intruder:
        assert intruder.catch_up() == []
    assert federation.settle() == before


def test_held_back_until_it_is_no_more_wanted(federation: Federation) -> None:
    """A HOLD that arrives when its booking was given up long ago takes a place only until the home
    is asked, or its RELEASE is found to have come before."""
    user, slot = patient("MTL", 5), code("QUE", 4)
    federation.open_slots(slot)
    with federation.proxy.trap(says(Hold, "MTL")) as trap:
        answer = federation.ask(user, f"book {slot} Physician")
        assert answer[0].startswith("error unreachable ")
        federation.settle()
    for each in trap.caught:
        federation.proxy.send(each.data, "MTL", "QUE")
    federation.settle()
    assert federation.rows("QUEA0001", f"patients {slot} Physician") == []
    assert federation.ask(patient("SHE", 5), f"book {slot} Physician")[0].startswith("booked ")
    federation.settle()


def test_earlier_run_of_a_peer(federation: Federation, intruder: Intruder) -> None:
    """Datagrams of an earlier run of a peer do nothing: their sender is told that it is stale, and
    the peer's present run is not stopped by that."""
    user, slot = patient("MTL", 6), code("QUE", 5)
    mark = federation.proxy.mark()
    book(federation, user, slot)
    earlier = [each for each in federation.proxy.recorded[mark:] if each.sender == "MTL"]
    federation.restart("MTL")
    assert federation.ask(user, f"cancel {slot}") == [f"cancelled {slot} Physician"]
    before = federation.settle()
    answers = intruder.send([each.data for each in earlier])
    assert len(answers) == len(earlier)
    for each in answers:
        header = read_header(each)
        assert header is not None
        assert header.kind is Kind.STALE
        federation.proxy.send(each, "QUE", "MTL")
    assert federation.books() == before
    book(federation, user, code("QUE", 6))


def test_true_reply_from_elsewhere(federation: Federation) -> None:
    """A reply is taken from the address of the peer only: the home goes on asking, and gets it."""
    user, slot = patient("MTL", 7), code("QUE", 7)
    federation.open_slots(slot)
    with (
        Intruder(federation, "MTL") as intruder,
        federation.connect(user) as client,
    ):
        with federation.proxy.trap(says(Held, "QUE")) as trap:
            client.send(f"book {slot} Physician\n".encode())
            assert intruder.send([trap.wait().data]) == []
            [record] = [each for each in federation.book_of("MTL").records if each.patient == user]
            assert record.state is RecordState.PENDING
        assert client.line().startswith("booked ")
    federation.settle()


def test_keys_are_changed(federation: Federation) -> None:
    """A new key in front of the old one, center after center, and then the new one alone: after
    each restart patients book in every direction. In the end the old key opens nothing."""
    days = iter(range(14, 60))
    numbers = iter(range(10, 20))
    changed = new_key(federation.stage.folder / "MTL.key", os.urandom)
    assert changed.retiring == KEY
    federation.proxy.keys = list(changed.in_order)
    for keys in (changed.in_order, [changed.current]):
        for city in CITIES:
            federation.write_keys(city, *keys)
            federation.restart(city)
            number, day = next(numbers), next(days)
            around = dict(zip(CITIES, (*CITIES[1:], CITIES[0]), strict=True))
            federation.open_slots(*(code(owner, day) for owner in around.values()))
            for home, owner in around.items():
                line = f"book {code(owner, day)} Physician"
                answer = federation.ask(patient(home, number), line)
                assert answer[0].startswith("booked "), (keys, city, home, answer)
    with (
        Intruder(federation, "QUE", KEY) as old,
        Intruder(federation, "QUE", changed.current) as new,
    ):
        assert not old.is_heard()
        assert new.is_heard()
