"""Bytes to frozen messages and back, sans-IO: imports only ``model``, no Twisted and no SQL."""
