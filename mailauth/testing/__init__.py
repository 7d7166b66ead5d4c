"""Public helpers for tests.

`MailAuth` is a server with assertions on its record, for tests of any program that logs in to a
mail server. The rest is for tests of the protocol cores: dialogues in memory, and fakes for what a
core needs.
"""

from mailauth.testing.api import ApiError
from mailauth.testing.fakes import (
    FakeClock,
    MemoryRecorder,
    accounts,
    authority,
    session_for,
)
from mailauth.testing.mailauth import MailAuth, ServerEnded, User
from mailauth.testing.running import NotStarted, RunningServer
from mailauth.testing.transcripts import Dialogue, Segments, TranscriptError, play

__all__ = [
    "ApiError",
    "Dialogue",
    "FakeClock",
    "MailAuth",
    "MemoryRecorder",
    "NotStarted",
    "RunningServer",
    "Segments",
    "ServerEnded",
    "TranscriptError",
    "User",
    "accounts",
    "authority",
    "play",
    "session_for",
]
