"""``medappt patient``: the visit in three phases."""

from __future__ import annotations

import argparse
from pathlib import Path

from medappt.commands.arguments import (
    DEFAULT_SERVER,
    to_host,
    to_number,
    to_offset,
    to_server,
    typed,
)
from medappt.role.options import to_path
from medappt.wire.foreign import Dialect

HELP = "visit a center, and ask the doctor's price"


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser its words."""
    parser.description = (
        "Log in at a health center, take an appointment, and ask the doctor what it will cost."
    )
    add = parser.add_argument
    add(
        "--id",
        type=typed(to_number),
        required=True,
        metavar="N",
        help="who comes: patientN.txt and patientNinsurance.txt of the data",
    )
    add(
        "--data",
        type=typed(to_path),
        default=Path("data"),
        metavar="DIR",
        help="where the files are (default: data)",
    )
    add(
        "--server",
        type=typed(to_server),
        default=DEFAULT_SERVER,
        metavar="HOST:PORT",
        help="the health center (default: 127.0.0.1:21000)",
    )
    add(
        "--doctor-host",
        type=typed(to_host),
        metavar="HOST",
        help="where the doctor is (default: on the server's host)",
    )
    add("--choose", metavar="INDEX", help="take this appointment, and ask nobody")
    add(
        "--dialect",
        choices=[dialect.value for dialect in Dialect],
        default=Dialect.LINE.value,
        help="how the server and its doctors speak (default: line)",
    )
    add(
        "--classroom",
        action="store_true",
        help="show the password, and the table of all appointments",
    )
    add(
        "--doctor-port-offset",
        type=typed(to_offset),
        default=0,
        metavar="N",
        help="add N to the doctor's port the server names (default: 0)",
    )
    parser.set_defaults(run=_run)


def _run(parsed: argparse.Namespace) -> int:
    # not before: the other commands need neither reactor nor tables
    from medappt.patient.command import PatientOptions, run_patient

    host, port = parsed.server
    return run_patient(
        PatientOptions(
            number=parsed.id,
            data=parsed.data,
            server_host=host,
            server_port=port,
            doctor_host=parsed.doctor_host,
            doctor_port_offset=parsed.doctor_port_offset,
            choose=parsed.choose,
            is_classroom=parsed.classroom,
            dialect=Dialect(parsed.dialect),
        )
    )
