"""Multi-line responses: byte-stuffed, ended by a dot (RFC 1939 §3), sent in bounded pieces."""

from collections.abc import Iterable, Iterator

from mailauth.wire.effects import Stream

PIECE_OCTETS = 64 * 1024

_END = b".\r\n"


def listed(lines: Iterable[str]) -> Stream:
    """Send lines that do not begin with a dot."""
    return Stream(_listed(lines))


def message(content: bytes, end: int) -> Iterator[bytes]:
    """Yield a message up to an offset, byte-stuffed; a missing final CRLF is added."""
    start = 0
    while start < end:
        stop = _piece_end(content, start, end)
        piece = content[start:stop].replace(b"\r\n.", b"\r\n..")
        at_line_start = start == 0 or content[start - 2 : start] == b"\r\n"
        if at_line_start and piece.startswith(b"."):
            piece = b"." + piece
        yield piece
        start = stop
    if end and content[end - 2 : end] != b"\r\n":
        yield b"\r\n"
    yield _END


def top(content: bytes, lines: int) -> int:
    """Return the end of the header, the empty line and `lines` body lines (RFC 1939 §7, TOP)."""
    header = 0 if content.startswith(b"\r\n") else content.find(b"\r\n\r\n") + 2
    if header == 1:  # without an empty line there is no body
        return len(content)
    end = header + 2
    while lines and end < len(content):
        stop = _piece_end(content, end, len(content))
        ended = content.count(b"\r\n", end, stop)
        if ended >= lines:
            break
        lines -= ended
        end = stop
    while lines and end < len(content):
        line_end = content.find(b"\r\n", end)
        if line_end < 0:
            return len(content)
        end = line_end + 2
        lines -= 1
    return end


def _piece_end(content: bytes, start: int, end: int) -> int:
    """Return the end of a piece that does not split a CRLF."""
    stop = min(start + PIECE_OCTETS, end)
    return stop + 1 if content[stop - 1 : stop + 1] == b"\r\n" else stop


def _listed(lines: Iterable[str]) -> Iterator[bytes]:
    for line in lines:
        yield f"{line}\r\n".encode("ascii")
    yield _END
