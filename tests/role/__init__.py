"""Tests of what the roles share as processes."""
