"""A command being executed: its tag, its name, and its arguments yet to be parsed."""

from collections.abc import Callable

import msgspec

from mailauth.imap.errors import StatusError
from mailauth.imap.grammar import Parser
from mailauth.imap.responses import status
from mailauth.imap.session import ImapSession
from mailauth.wire.effects import Effect


class Command(msgspec.Struct, frozen=True):
    """One command of a client."""

    tag: bytes
    name: str
    arguments: Parser

    def ok(self, text: str | None = None, code: str | None = None) -> bytes:
        """The tagged OK."""
        return status(self.tag, b"OK", text or f"{self.name} completed", code)

    def refused(self, error: StatusError) -> bytes:
        """The tagged NO or BAD."""
        return status(self.tag, error.condition, error.text, error.code)


Handler = Callable[[ImapSession, Command], list[Effect]]
