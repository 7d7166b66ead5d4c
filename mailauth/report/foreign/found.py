"""What a reader finds in a log, and what a reader is."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from typing import Protocol as Interface

import msgspec

from mailauth.login.event import Kind, Result, Service
from mailauth.report.foreign.envelope import Entry
from mailauth.report.foreign.undecided import Undecided
from mailauth.report.foreign.verdict import Wire


class Found(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One record to be: what the log says, and the entry that decides it.

    `began` is the instant at which the session began, where its id says so. `reason` says more of
    the result, for humans. `times` is how often it happened.
    """

    entry: Entry
    kind: Kind = Kind.LOGIN
    result: Result | None = None
    reason: str | None = None
    protocol: Service
    wire: Wire
    listener: str | None = None
    local_port: int | None = None
    session: str | None = None
    tls_version: str | None = None
    tls_cipher: str | None = None
    mechanism: str | None = None
    user: str | None = None
    ip: str | None = None
    port: int | None = None
    client_name: str | None = None
    client_version: str | None = None
    began: datetime | None = None
    times: int = 1


class Tally(msgspec.Struct):
    """What a reader counts beside its records.

    `nameless` logins succeeded without an account's name, `nameless_cleartext` of them without TLS.
    `passwords` is how many lines hold a password. `not_understood` look like logins and are none
    that the reader knows. `left_out` are logins to services that are not ours (ManageSieve).
    """

    nameless: int = 0
    nameless_cleartext: int = 0
    nameless_unknown: int = 0
    passwords: int = 0
    not_understood: int = 0
    left_out: int = 0


class Reader(Interface):
    """Reads the lines of one server's programs, in their order; it raises for none of them."""

    tally: Tally
    shown: set[str]  # elements that the log has, whose absence is evidence then

    @property
    def undecided(self) -> tuple[Undecided[Any], ...]:
        """What it remembers of sessions that go on."""

    def feed(self, entry: Entry) -> Iterable[Found]:
        """Take a line; return what is known now, of this line or of earlier ones."""

    def finish(self, before: int | None = None) -> Iterable[Found]:
        """Return what the end of the log leaves undecided, or what was so before a turn."""
