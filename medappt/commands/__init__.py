"""The commands of ``medappt``, one file each."""
