"""The machines of ``docs/machines.md``: each is driven through all its states and events, and the
diagrams and tables there must say what it did."""
