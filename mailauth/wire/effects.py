"""What a protocol core asks of its connection, as values: a core decides, the connection does.

Every method of a core returns a list of effects, carried out in order. `StartTls`, `Close` and
`Await` stand last.
"""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import msgspec

from mailauth.wire.pending import Pending


class Write(msgspec.Struct, frozen=True, gc=False):
    """Send these bytes."""

    data: bytes


class Stream(msgspec.Struct, frozen=True):
    """Send what the iterator yields, pulling as the client drains it; effects behind it wait.

    An empty chunk says that the work is not done yet, and lets other connections have their turn.
    A generator is closed when the client goes away before the end.
    """

    chunks: Iterator[bytes]


class StartTls(msgspec.Struct, frozen=True, gc=False):
    """Begin the TLS handshake; the core hears `tls_established()` only when it has completed."""


class Close(msgspec.Struct, frozen=True, gc=False):
    """Send what was written, then close."""


class Deadline(msgspec.Struct, frozen=True, gc=False):
    """The client has this long until the next `Deadline`, else the core hears `timed_out()`."""

    seconds: float


class Await(msgspec.Struct, frozen=True):
    """Give the core nothing until the result is there; then carry out what `resume` makes of it."""

    pending: Pending[Any]
    resume: Callable[[Any], "list[Effect]"]


Effect = Write | Stream | StartTls | Close | Deadline | Await


class Core(Protocol):
    """One connection's protocol, sans-io: bytes in, effects out.

    A core stops taking commands from its buffer when one has returned an `Await`, `Stream`,
    `StartTls` or `Close`. While an `Await` or a `Stream` is unfinished the connection calls neither
    `receive` nor `notified`, and reads no more from the client than one segment; when it is done,
    the connection calls `receive(b"")`, and the core goes on with what is in its buffer.
    """

    def connected(self) -> list[Effect]:
        """The client is there, and the handshake is complete where TLS is implicit: greet it."""

    def receive(self, data: bytes) -> list[Effect]:
        """Bytes came, in whatever pieces; `b""` means: go on with what is in the buffer."""

    def tls_established(self) -> list[Effect]:
        """The handshake asked for by `StartTls` has completed."""

    def notified(self) -> list[Effect]:
        """Something that the client may want to hear of has changed (another session's mail)."""

    def timed_out(self) -> list[Effect]:
        """The deadline has passed: take leave in the protocol's words; `Close` stands last."""

    def shutting_down(self) -> list[Effect]:
        """The server stops: take leave in the protocol's words; `Close` stands last."""

    def failed(self) -> list[Effect]:
        """We have a bug: say that the fault is ours, and no more; `Close` stands last."""

    def lost(self) -> None:
        """The connection is gone: free what the core holds."""
