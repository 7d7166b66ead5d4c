"""Stored password hashes: their schemes, the files they stand in, and checking them in threads."""
