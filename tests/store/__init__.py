"""The store: one contract over every back end, and what each may go wrong with."""
