"""The roles of medappt as twistd plugins."""

from twisted.application.service import ServiceMaker

server = ServiceMaker(
    "medappt health center",
    "medappt.center.server",
    "A health center's appointment server.",
    "medappt-server",
)

doctor = ServiceMaker(
    "medappt doctor",
    "medappt.doctor.service",
    "Doctors who answer what a visit costs.",
    "medappt-doctor",
)

clinic = ServiceMaker(
    "medappt clinic",
    "medappt.clinic",
    "A health center and its doctors in one process.",
    "medappt-clinic",
)
