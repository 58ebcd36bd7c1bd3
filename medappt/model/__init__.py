"""Values and rules. Pure: imports nothing of the project, no Twisted and no SQL."""
