"""Centers of different cities together: requests over UDP that happen once, and who decides."""
