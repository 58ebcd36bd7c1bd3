"""Conversations of the programs that are out there, one habit a file; ``transcript`` says how
they are written."""
