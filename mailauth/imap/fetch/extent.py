"""Octets of a response, as a range of data that is kept anyway, instead of a copy."""

from collections.abc import Iterable, Iterator

import msgspec

CHUNK_OCTETS = 32_768  # of a response that are produced at a time


class Extent(msgspec.Struct, frozen=True, gc=False):
    """The octets of `data` from `start` to `end`."""

    data: bytes
    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def __bytes__(self) -> bytes:
        return self.data[self.start : self.end]

    @property
    def has_nul(self) -> bool:
        """Whether the octets include NUL."""
        return self.data.find(b"\0", self.start, self.end) >= 0

    def part(self, start: int, length: int) -> "Extent":
        """Return part of the octets, none beyond the end."""
        start = min(self.start + start, self.end)
        return Extent(self.data, start, min(start + length, self.end))


def whole(data: bytes) -> Extent:
    """Return an extent of all octets of `data`."""
    return Extent(data, 0, len(data))


Piece = bytes | Extent


def chunks(pieces: Iterable[Piece]) -> Iterator[bytes]:
    """Yield the same octets in non-empty chunks of bounded size."""
    small: list[bytes] = []
    for piece in pieces:
        if isinstance(piece, bytes) or len(piece) <= CHUNK_OCTETS:
            if piece:
                small.append(bytes(piece))
            continue
        if small:
            yield b"".join(small)
            small = []
        for start in range(piece.start, piece.end, CHUNK_OCTETS):
            yield piece.data[start : min(start + CHUNK_OCTETS, piece.end)]
    if small:
        yield b"".join(small)
