"""What a mail client's connection is doing, and what its core is to hear next.

The core is asked one thing at a time. Which state asks what, and what ends it:

    state         its core hears                  input is read           it ends with
    ------------  ------------------------------  ----------------------  --------------------------
    Idle          what is in the inbox            yes                     an effect that takes time
    Awaiting      the result                      no                      the result: Idle
    Pouring       nothing: the stream is pulled   no                      the last chunk: Idle
    ShakingHands  that TLS is established         by the link             the handshake: Idle
    Gone          the result, if one is awaited   no                      nothing

- `Await` makes an idle connection await, `StartTls` shake hands, and `Stream` pour, if the client
  does not take all of it at once.
- Whatever is going on, a connection is gone as soon as it closes or is lost. Its core hears
  `lost()` then, or, if a result is awaited, after that result.
- While the client does not keep up with what was sent, an idle connection waits, too: the inbox is
  not emptied and nothing is read.
- A deadline that passes is not the client's fault in `Awaiting`. If the client does not keep up, it
  would not read a farewell either; in all other cases the core hears `timed_out()`. `ShakingHands`
  has no deadline of its own, since the link has one.
"""

from collections.abc import Iterator

import msgspec

from mailauth.wire.effects import Close, Core, Effect


class Idle(msgspec.Struct, frozen=True):
    """The core can be asked."""


class Awaiting(msgspec.Struct, frozen=True):
    """The result of an `Await` is pending."""


class Pouring(msgspec.Struct, frozen=True):
    """The rest of a stream, and the effects after it, wait for the client to read."""

    chunks: Iterator[bytes]
    effects: list[Effect]


class ShakingHands(msgspec.Struct, frozen=True):
    """The link performs the TLS handshake that the core requested."""


class Gone(msgspec.Struct, frozen=True):
    """Nothing is sent to the client any more."""


State = Idle | Awaiting | Pouring | ShakingHands | Gone

IDLE, AWAITING, SHAKING_HANDS, GONE = Idle(), Awaiting(), ShakingHands(), Gone()


class Inbox(msgspec.Struct, gc=False):
    """What the core must process as soon as it can be asked, in this order."""

    resumed: bool = False  # it continues with its buffer after an effect that took time
    arrived: bytes = b""
    news: bool = False
    stopping: bool = False
    input_ended: bool = False

    def is_empty(self) -> bool:
        """Whether it is empty."""
        return not (self.resumed or self.arrived or self.news or self.stopping or self.input_ended)

    def tell(self, core: Core) -> list[Effect]:
        """Tell the core the first item, and return its answer."""
        if self.resumed:
            self.resumed = False
            return core.receive(b"")
        if self.arrived:
            data, self.arrived = self.arrived, b""
            return core.receive(data)
        if self.news:
            self.news = False
            return core.notified()
        if self.stopping:
            self.stopping = False
            return core.shutting_down()
        return [Close()]  # everything before the end of the input is answered
