"""SEARCH: its keys, how they are parsed, and which messages match."""
