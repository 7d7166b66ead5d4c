"""The head of a response (RFC 9112 §4, §5)."""

import re
from functools import lru_cache
from http import HTTPStatus

from mailauth.web.http.message import Header, Response

_LINE_BREAK = re.compile(rb"[\r\n\x00]")


def response_head(response: Response, *, date: bytes, close: bool, chunked: bool) -> bytes:
    """Return the status line and the fields, including the empty line after them."""
    fields = [_status_line(response.status), b"Date: ", date, _joined(response.headers)]
    if response.body or response.stream is not None:
        fields += (b"\r\nContent-Type: ", response.content_type.encode("ascii"))
    if chunked:
        fields.append(b"\r\nTransfer-Encoding: chunked")
    elif response.stream is None:
        fields.append(b"\r\nContent-Length: %d" % len(response.body))
    fields.append(b"\r\nConnection: close\r\n\r\n" if close else b"\r\n\r\n")
    return b"".join(fields)


@lru_cache(maxsize=64)
def _status_line(status: int) -> bytes:
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode("ascii")


@lru_cache(maxsize=64)
def _joined(fields: tuple[Header, ...]) -> bytes:
    for name, value in fields:
        assert _LINE_BREAK.search(value) is None, f"a line break in {name.decode()}"
    return b"".join(b"\r\n" + name + b": " + value for name, value in fields)
