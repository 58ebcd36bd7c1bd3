"""What the roles share as processes: how they start, fail to start, listen, tell and stop."""
