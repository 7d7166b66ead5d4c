"""Public helpers for tests: dialogues in memory, and fakes of what a core stands on.

Nothing here needs a socket, a reactor or pytest.
"""

from mailauth.testing.fakes import (
    FakeClock,
    MemoryRecorder,
    accounts,
    authority,
    session_for,
)
from mailauth.testing.transcripts import Dialogue, Segments, TranscriptError, play

__all__ = [
    "Dialogue",
    "FakeClock",
    "MemoryRecorder",
    "Segments",
    "TranscriptError",
    "accounts",
    "authority",
    "play",
    "session_for",
]
