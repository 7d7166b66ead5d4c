"""Stored password hashes: their schemes, their files, and checking them in threads."""
