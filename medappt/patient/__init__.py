"""The patient: logs in at a center, takes a slot, asks the doctor what the visit will cost."""
