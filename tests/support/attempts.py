"""Attempts that differ from one another in a few facts."""

import msgspec

from mailauth.login.event import Attempt, ConnectionFacts


def like(attempt: Attempt, **different: object) -> Attempt:
    """Return an attempt with different facts, of itself or of its connection."""
    of_connection = {
        name: different.pop(name) for name in ConnectionFacts.__struct_fields__ if name in different
    }
    connection = msgspec.structs.replace(attempt.connection, **of_connection)
    return msgspec.structs.replace(attempt, connection=connection, **different)
