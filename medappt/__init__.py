"""A health center's appointment server, its doctors and its patients, on Twisted."""

__version__ = "0.1.0"
