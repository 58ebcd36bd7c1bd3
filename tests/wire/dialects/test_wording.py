"""How each dialect words its answers: every cell of the table in section 4."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from medappt.model.appointments import Booked, Cancelled, Reserved
from medappt.model.refusals import Code, Refusal
from medappt.wire.replies import Bye, Failure, Invalid, NotAvailable, Reply, Rows, Success
from tests.wire.dialects.hearing import Hearing

TWO = Rows(rows=("1 Tue 01pm", "2 Mon 03pm"))
BOOKED = Reserved(doctor="doc2", port=42000)
BUSY = Refusal(code=Code.BUSY, text="later")

LOGINS: dict[str, bytes] = {
    "line": b"authenticate u p\n",
    "packet": b"authenticate u p\0",
    "record": b"authenticate u p" + b"\0" * 84,
    "capital": b"Authenticate u p\0",
    "bare": b"u p\n",
}

TABLE: list[tuple[Reply, dict[str, bytes]]] = [
    (
        Success(),
        {
            "line": b"success\n",
            "packet": b"success\0",
            "record": b"success\0",
            "capital": b"SUCCESS\0",
            "bare": b"Success",
        },
    ),
    (
        Failure(),
        {
            "line": b"failure\n",
            "packet": b"failure\0",
            "record": b"failure\0",
            "capital": b"FAILURE\0",
            "bare": b"Failure",
        },
    ),
    (
        TWO,
        {
            "line": b"1 Tue 01pm\n2 Mon 03pm\n.\n",
            "packet": b"1 Tue 01pm\n2 Mon 03pm\n\0",
            "record": b"1 Tue 01pm 2 Mon 03pm \0",
            "capital": b"1 Tue 01pm\n2 Mon 03pm\n\0",
            "bare": b"1 Tue 01pm\n2 Mon 03pm\n",
        },
    ),
    (
        Rows(rows=()),
        {
            "line": b".\n",
            "packet": b"notavailable\0",
            "record": b"notavailable\0",
            "capital": b"Not available\0",
            "bare": b"notavailable",
        },
    ),
    (
        BOOKED,
        {
            "line": b"doc2 42000\n",
            "packet": b"doc2 42000\0",
            "record": b"doc2 42000\0",
            "capital": b"doc2 42000\0",
            "bare": b"42000 ",
        },
    ),
    (
        NotAvailable(),
        {
            "line": b"notavailable\n",
            "packet": b"notavailable\0",
            "record": b"notavailable\0",
            "capital": b"Not available\0",
            "bare": b"notavailable",
        },
    ),
    (
        Invalid(),
        {
            "line": b"invalid\n",
            "packet": b"notavailable\0",
            "record": b"notavailable\0",
            "capital": b"Not available\0",
            "bare": b"Invalid",
        },
    ),
    (
        BUSY,
        {
            "line": b"error busy later\n",
            "packet": b"notavailable\0",
            "record": b"notavailable\0",
            "capital": b"Not available\0",
            "bare": b"Invalid",
        },
    ),
    (
        Bye(),
        {
            "line": b"bye\n",
            "packet": b"bye\0",
            "record": b"bye\0",
            "capital": b"bye\0",
            "bare": b"bye",
        },
    ),
    (
        Cancelled(code="2", type="-"),
        {
            "line": b"cancelled 2 -\n",
            "packet": b"cancelled 2 -\0",
            "record": b"cancelled 2 -\0",
            "capital": b"cancelled 2 -\0",
            "bare": b"cancelled 2 -",
        },
    ),
    (
        Booked(code="MTLA100227", type="Dental", doctor="doc1", host=None, port=41000),
        {
            "line": b"booked MTLA100227 Dental doc1 - 41000\n",
            "packet": b"booked MTLA100227 Dental doc1 - 41000\0",
            "record": b"booked MTLA100227 Dental doc1 - 41000\0",
            "capital": b"booked MTLA100227 Dental doc1 - 41000\0",
            "bare": b"booked MTLA100227 Dental doc1 - 41000",
        },
    ),
]


class WordingTests(SynchronousTestCase):
    """Clients compare answers byte by byte."""

    def test_every_cell(self) -> None:
        """With a NUL where the client has sent one."""
        for reply, cells in TABLE:
            for name, expected in cells.items():
                listener = Hearing().send(LOGINS[name]).listener
                self.assertEqual(listener.word(reply, None), expected, (name, reply))

    def test_without_a_NUL(self) -> None:
        """The same, for those of *packet* that send none."""
        for login, column in ((b"authenticate u p", "packet"), (b"Authenticate u p", "capital")):
            listener = Hearing().send(login).wait(0.2).listener
            for reply, cells in TABLE:
                expected = cells[column].removesuffix(b"\0")
                self.assertEqual(listener.word(reply, None), expected)

    def test_tags_are_of_line_alone(self) -> None:
        """No other client sends one."""
        for name, login in LOGINS.items():
            answer = Hearing().send(login).listener.word(Success(), "t")
            self.assertEqual(answer.startswith(b"@t "), name == "line")

    def test_a_list_has_at_most_98_bytes(self) -> None:
        """In whole rows, counted in bytes; those of *bare* and *line* read more."""
        for sizes, kept in (
            ((48, 48), 2),
            ((48, 49), 1),
            ((97,), 1),
            ((98,), 0),
            ((10, 90, 10), 1),
            ((10,) * 9, 8),
        ):
            rows = tuple("x" * size for size in sizes)
            for name, end in (("packet", "\n"), ("record", " "), ("capital", "\n")):
                listener = Hearing().send(LOGINS[name]).listener
                empty = "Not available" if name == "capital" else "notavailable"
                text = "".join(row + end for row in rows[:kept]) or empty
                answer = listener.word(Rows(rows=rows), None)
                self.assertEqual(answer, text.encode() + b"\0", (name, sizes))
            answer = Hearing().send(LOGINS["bare"]).listener.word(Rows(rows=rows), None)
            self.assertEqual(answer, "".join(row + "\n" for row in rows).encode())
        wide = Rows(rows=("é" * 48, "é"))
        self.assertEqual(
            Hearing().send(LOGINS["packet"]).listener.word(wide, None), "é".encode() * 48 + b"\n\0"
        )
