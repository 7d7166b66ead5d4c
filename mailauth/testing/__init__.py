"""Public helpers for tests: dialogues in memory, and fakes of what a core stands on.

Only `running` needs more than memory: it starts the server itself.
"""

from mailauth.testing.fakes import (
    FakeClock,
    MemoryRecorder,
    accounts,
    authority,
    session_for,
)
from mailauth.testing.running import NotStarted, RunningServer
from mailauth.testing.transcripts import Dialogue, Segments, TranscriptError, play

__all__ = [
    "Dialogue",
    "FakeClock",
    "MemoryRecorder",
    "NotStarted",
    "RunningServer",
    "Segments",
    "TranscriptError",
    "accounts",
    "authority",
    "play",
    "session_for",
]
