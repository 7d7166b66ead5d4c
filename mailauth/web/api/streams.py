"""The event stream: server-sent events (WHATWG HTML §9.2), one for each record.

A stream is a position in the feed, not a queue: nothing is stored for a client that does not read,
and such a client is eventually disconnected. All streams are served together, and rarely enough to
use at most a hundredth of the time, however many there are. A stream that is too slow for the feed
in memory is told of the gap.
"""

from collections.abc import Callable
from time import perf_counter

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from mailauth.events.feed import Feed
from mailauth.events.selection import Batch, Selection
from mailauth.login.event import LoginEvent
from mailauth.record.journal import encode
from mailauth.web.http.message import HttpError, Outlet, Response
from mailauth.web.turns import Turn, at_once

log = Logger()

MAX_STREAMS = 1000
STREAMS_EACH = 50  # of one account that sees only its own sign-ins
BATCH = 200  # events of one stream at a time
PIECE_OCTETS = 16_384  # events, after which the stream checks whether the client keeps up
REPLAYED = 10_000  # events for a client that reconnects
SHORTEST_PAUSE = 0.1  # seconds between rounds
LONGEST_PAUSE = 2.0
SHARE = 0.01  # of the time
SIGN_OF_LIFE_SECONDS = 15
PATIENCE_SECONDS = 60  # with a client that does not read

CONTENT_TYPE = "text/event-stream"


class _Gap(msgspec.Struct, frozen=True):
    """Events that a stream skips: those after one number, up to another."""

    after: int
    until: int


class _Piece(msgspec.Struct, frozen=True):
    """Encoded events, and the number from which to continue."""

    data: bytes
    cursor: int


class _Stream(msgspec.Struct, eq=False):
    outlet: Outlet
    wanted: Selection
    still_valid: Callable[[], bool]
    cursor: int
    account: str | None
    stuck_since: float | None = None


class EventStreams:
    """All open streams."""

    def __init__(self, feed: Feed, clock: IReactorTime, turn: Turn = at_once) -> None:
        self._feed = feed
        self._turn = turn
        self._clock = clock
        self._streams: list[_Stream] = []
        self._replaying: list[_Stream] = []
        self._stop_listening: Callable[[], None] | None = None
        self._next: IDelayedCall | None = None
        self._sign_of_life: IDelayedCall | None = None
        self._pause = SHORTEST_PAUSE
        self._served_at = 0.0

    def __len__(self) -> int:
        return len(self._streams) + len(self._replaying)

    def response(
        self,
        wanted: Selection,
        after: int | None,
        still_valid: Callable[[], bool],
        account: str | None,
    ) -> Response:
        """Return a stream of what is recorded from now on, or after a number.

        It ends when `still_valid` is no longer true. Raises `HttpError` if there are too many
        streams, of the `account` that sees only its own sign-ins, or of all.
        """
        self._prune()
        if len(self) >= MAX_STREAMS or self._of(account) >= STREAMS_EACH:
            raise HttpError(503, "Too many event streams are open.", (b"Retry-After", b"30"))

        def begin(outlet: Outlet) -> None:
            outlet.write(b"retry: 2000\n\n")
            stream = _Stream(outlet, wanted, still_valid, self._feed.newest, account)
            self._begin_to_show_life()
            if after is None or after >= self._feed.newest:
                self._join(stream)
            else:
                stream.cursor = after
                self._replaying.append(stream)
                Deferred.fromCoroutine(self._replay(stream)).addErrback(
                    lambda failure: log.failure("a stream could not be replayed", failure=failure)
                )

        return Response(
            content_type=CONTENT_TYPE, headers=((b"X-Accel-Buffering", b"no"),), stream=begin
        )

    def close(self) -> None:
        """End all streams, since the server stops."""
        for stream in self._all:
            stream.outlet.finish()
        self._prune()

    @property
    def _all(self) -> tuple[_Stream, ...]:
        return (*self._streams, *self._replaying)

    def _of(self, account: str | None) -> int:
        if account is None:
            return 0
        return sum(one.account == account for one in self._all)

    async def _replay(self, stream: _Stream) -> None:
        """Send what a client has missed, within a limit, and then let it join the others."""
        try:
            first = max(stream.cursor, self._feed.newest - REPLAYED)
            if first > stream.cursor:
                stream.outlet.write(_gap(stream.cursor, first))
                stream.cursor = first
            while stream.cursor < self._feed.newest and not stream.outlet.closed:
                _tell(stream, await self._read(stream))
                await stream.outlet.drained()  # nothing is held meanwhile
        finally:
            self._replaying.remove(stream)
        self._join(stream)

    async def _read(self, stream: _Stream) -> list[_Piece]:
        await self._turn()
        batch = await self._feed.read(stream.cursor, BATCH, stream.wanted)
        return _pieces(batch, {})

    def _join(self, stream: _Stream) -> None:
        if stream.outlet.closed:
            return
        self._streams.append(stream)
        if self._stop_listening is None:
            self._stop_listening = self._feed.listen(self._news)

    def _begin_to_show_life(self) -> None:
        if self._sign_of_life is None:
            self._sign_of_life = self._clock.callLater(SIGN_OF_LIFE_SECONDS, self._show_life)

    def _news(self) -> None:
        if self._next is None:
            since = self._clock.seconds() - self._served_at
            self._next = self._clock.callLater(max(0.0, self._pause - since), self._serve)

    def _serve(self) -> None:
        self._next = None
        started = perf_counter()
        batches: dict[tuple[Selection, int], list[_Piece]] = {}
        lines: dict[int, bytes] = {}
        for stream in self._streams:
            if not stream.outlet.closed and not stream.outlet.full:
                key = stream.wanted, stream.cursor
                if key not in batches:
                    batches[key] = self._batch(stream, lines)
                _tell(stream, batches[key])
        self._prune()
        took = perf_counter() - started
        self._pause = min(max(SHORTEST_PAUSE, took / SHARE), LONGEST_PAUSE)
        self._served_at = self._clock.seconds()
        newest = self._feed.newest
        if any(stream.cursor < newest for stream in self._streams):
            self._news()

    def _batch(self, stream: _Stream, lines: dict[int, bytes]) -> list[_Piece]:
        batch = self._feed.recent(stream.cursor, BATCH, stream.wanted)
        if batch is None:
            newest = self._feed.newest
            return [_Piece(_gap(stream.cursor, newest), newest)]
        return _pieces(batch, lines)

    def _show_life(self) -> None:
        """Keep the streams alive; end those whose clients may no longer read, or do not."""
        now = self._clock.seconds()
        for stream in self._all:
            if not stream.still_valid():
                stream.outlet.finish()
            elif not stream.outlet.full:
                stream.stuck_since = None
                stream.outlet.write(b":\n\n")
            elif stream.stuck_since is None:
                stream.stuck_since = now
            elif now - stream.stuck_since >= PATIENCE_SECONDS:
                stream.outlet.abort()
        self._sign_of_life = self._clock.callLater(SIGN_OF_LIFE_SECONDS, self._show_life)
        self._prune()

    def _prune(self) -> None:
        self._streams = [stream for stream in self._streams if not stream.outlet.closed]
        if not self._streams and self._stop_listening is not None:
            self._stop_listening()
            self._stop_listening = None
            _end(self._next)
            self._next = None
        if all(stream.outlet.closed for stream in self._all):
            _end(self._sign_of_life)
            self._sign_of_life = None


def _end(call: IDelayedCall | None) -> None:
    if call is not None and call.active():
        call.cancel()


def _pieces(batch: Batch, lines: dict[int, bytes]) -> list[_Piece]:
    """Encode the events of a batch in pieces; `lines` caches the encoded ones."""
    pieces = []
    written: list[bytes] = []
    octets = 0
    for event in batch.events:
        line = lines.get(event.seq)
        if line is None:
            line = lines[event.seq] = told(event)
        written.append(line)
        octets += len(line)
        if octets >= PIECE_OCTETS:
            pieces.append(_Piece(b"".join(written), event.seq))
            written, octets = [], 0
    pieces.append(_Piece(b"".join(written), batch.cursor))
    return pieces


def _tell(stream: _Stream, pieces: list[_Piece]) -> None:
    """Send as much as the client accepts; the cursor says where to continue."""
    for piece in pieces:
        if stream.outlet.closed or stream.outlet.full:
            return
        if piece.data:
            stream.outlet.write(piece.data)
        stream.cursor = piece.cursor


def told(event: LoginEvent) -> bytes:
    """Encode an event as a server-sent one: its kind is the name, its number the id."""
    return b"id: %d\nevent: %s\ndata: %s\n" % (
        event.seq,
        event.kind.value.encode("ascii"),
        encode(event),
    )


def _gap(after: int, until: int) -> bytes:
    gap = msgspec.json.encode(_Gap(after, until))
    return b"id: %d\nevent: gap\ndata: %s\n\n" % (until, gap)
