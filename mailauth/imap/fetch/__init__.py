"""FETCH: its data items, the sections of a message, and the response in pieces."""
