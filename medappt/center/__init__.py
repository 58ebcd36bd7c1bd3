"""The health center: everything a patient or an administrator asks of it, behind every door."""
