"""What a protocol core asks of its connection, as values: a core decides, the connection acts.

Every method of a core returns a list of effects, carried out in order. `StartTls`, `Close` and
`Await` come last.
"""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import msgspec

from mailauth.wire.pending import Pending


class Write(msgspec.Struct, frozen=True, gc=False):
    """Send these bytes."""

    data: bytes


class Stream(msgspec.Struct, frozen=True):
    """Send what the iterator yields, pulling as the client drains it; later effects wait.

    An empty chunk says that the work is not done yet, and gives other connections their turn.
    A generator is closed when the client disconnects before the end.
    """

    chunks: Iterator[bytes]


class StartTls(msgspec.Struct, frozen=True, gc=False):
    """Begin the TLS handshake; `tls_established()` is called only when it has completed."""


class Close(msgspec.Struct, frozen=True, gc=False):
    """Close the connection after sending what was written."""


class Deadline(msgspec.Struct, frozen=True, gc=False):
    """Call `timed_out()` unless another `Deadline` comes within this time."""

    seconds: float


class Await(msgspec.Struct, frozen=True):
    """Give the core no input until the result is there; then carry out what `resume` returns."""

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
        """The client is connected, after the handshake if TLS is implicit: greet it."""

    def receive(self, data: bytes) -> list[Effect]:
        """Bytes arrived, split anywhere; `b""` means: continue with the buffer."""

    def tls_established(self) -> list[Effect]:
        """The handshake asked for by `StartTls` has completed."""

    def notified(self) -> list[Effect]:
        """Something the client may want to know has changed, such as mail in another session."""

    def timed_out(self) -> list[Effect]:
        """The deadline has passed: say so in the protocol's terms, and `Close`."""

    def shutting_down(self) -> list[Effect]:
        """The server is shutting down: say so in the protocol's terms, and `Close`."""

    def failed(self) -> list[Effect]:
        """The server has a bug: say only that it is the server's fault, and `Close`."""

    def lost(self) -> None:
        """The connection is lost: release what the core holds."""
