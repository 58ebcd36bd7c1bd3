"""The doctor: tells over UDP what a visit costs under an insurance plan (section 5)."""
