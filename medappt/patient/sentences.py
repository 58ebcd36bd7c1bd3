"""The sentences a patient reads (section 7), as log events whose text is exactly that."""

from __future__ import annotations

from typing import Protocol

from twisted.logger import ILogObserver, LogEvent, Logger, LogLevel, formatEvent
from zope.interface import implementer

from medappt.patient.addresses import Address
from medappt.wire.words import displayable

NAMESPACE = "medappt.patient"
_WRONG = frozenset((LogLevel.warn, LogLevel.error))


class Sentences:
    """Tells what happens to one patient; ``number`` is the N of PatientN.

    Values that came from elsewhere cannot move the cursor, nor look like another sentence.
    """

    _log = Logger(namespace=NAMESPACE)

    def __init__(self, number: int) -> None:
        self._number = number

    def _tell(self, sentence: str, **values: str | int) -> None:
        fields = {
            name: displayable(value) if isinstance(value, str) else value
            for name, value in values.items()
        }
        self._log.info(sentence, number=self._number, **fields)

    def classroom(self) -> None:
        """Passwords will be shown: say so, once, first."""
        self._log.warn("Classroom mode: the password is shown in clear.")

    def connected(self, local: Address) -> None:
        self._tell(
            "Phase1: Patient{number} has TCP port number: {port} and IP Address: {ip}",
            port=local.port,
            ip=local.host,
        )

    def login_sent(self, user: str, password: str) -> None:
        self._tell(
            "Phase1: Authentication request from Patient{number} with username {user} and password"
            " {password} has been sent to the Health Center Server",
            user=user,
            password=password,
        )

    def login_answered(self, is_good: bool) -> None:
        result = "Success" if is_good else "Failure"
        self._tell("Phase1: Patient{number} authentication result: {result}", result=result)
        if is_good:
            self._tell("-----Phase1: End of Phase1 Authentication for Patient{number}.-----")

    def introduce_free_slots(self, user: str) -> None:
        self._tell("Phase2: The following appointments are available for {user}:", user=user)

    def prompt(self) -> None:
        self._tell("Please enter the preferred appointment index and press enter:")

    def index_refused(self, index: str) -> None:
        self._log.warn("The center has no appointment {index}.", index=repr(displayable(index)))

    def reserved(self, doctor_port: int) -> None:
        self._tell(
            "Phase2: The requested appointment is available and reserved to Patient{number}. The"
            " assigned doctor port number is {port}",
            port=doctor_port,
        )

    def taken(self) -> None:
        self._tell(
            "Phase2: The requested appointment from Patient{number} is not available.----->Exiting"
        )

    def outcome_unknown(self, index: str) -> None:
        self._log.warn(
            "Whether appointment {index} was reserved is not known.", index=displayable(index)
        )

    def doctor_sought(self, local: Address, insurance: str) -> None:
        self._tell(
            "Phase3: Patient{number} has a dynamic UDP port number: {port} and IP Address: {ip}",
            port=local.port,
            ip=local.host,
        )
        self._tell("My insurance: {plan}", plan=insurance)

    def estimate_requested(self, insurance: str, doctor: Address) -> None:
        self._tell(
            "Phase3: The cost estimation request from Patient{number} with insurance plan {plan}"
            " has been sent to the doctor with port number {port} and IP address {ip}",
            plan=insurance,
            port=doctor.port,
            ip=doctor.host,
        )

    def tell_amount(self, amount: str, doctor_port: int) -> None:
        self._tell(
            "Phase3: Patient{number} receive $ {amount} estimation cost from doctor with port"
            " number {port}",
            amount=amount,
            port=doctor_port,
        )

    def end(self) -> None:
        self._tell("Phase3: End of Phase3 for Patient{number}")

    def no_estimate(self, doctor_port: int, reason: str) -> None:
        self._log.warn(
            "No cost estimate from the doctor with port number {port}: {reason}. The appointment"
            " stands.",
            port=doctor_port,
            reason=displayable(reason),
        )


class Writer(Protocol):
    """Where lines go."""

    def line(self, text: str) -> None:
        """Write one line, at once."""


@implementer(ILogObserver)
class SentencePrinter:
    """Prints our events, the text and nothing else: sentences to ``out``, what is wrong to
    ``err``. Of other people's events only failures nobody expected, to ``err``."""

    def __init__(self, out: Writer, err: Writer) -> None:
        self._out = out
        self._err = err

    def __call__(self, event: LogEvent) -> None:
        level = event["log_level"]
        is_ours = event["log_namespace"].split(".")[:2] == NAMESPACE.split(".")
        if level is LogLevel.critical:
            self._err.line(formatEvent(event))
            if "log_failure" in event:
                self._err.line(event["log_failure"].getTraceback())
        elif is_ours and level in _WRONG:
            self._err.line(formatEvent(event))
        elif is_ours and level is LogLevel.info:
            self._out.line(formatEvent(event))
