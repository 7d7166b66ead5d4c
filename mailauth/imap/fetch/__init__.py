"""FETCH: its items, the sections of a message, and how they are sent piece by piece."""
