"""A request's target, decoded to its path and query (RFC 9112 §3.2, RFC 3986). Pure."""

from urllib.parse import parse_qsl

from mailauth.web.http import percent
from mailauth.web.http.message import HttpError

MAX_PARAMETERS = 64


def authority(target: bytes) -> bytes | None:
    """Return the authority of a target in absolute-form, which overrides the field Host."""
    if target.startswith(b"/"):
        return None
    return target.partition(b"://")[2].partition(b"/")[0].partition(b"?")[0]


def segments(target: bytes) -> tuple[str, ...]:
    """Split a target in origin-form or absolute-form at its slashes. Raises `HttpError`."""
    if not target.startswith(b"/"):
        scheme, separator, rest = target.partition(b"://")
        if scheme.lower() not in (b"http", b"https") or not separator:
            raise HttpError(400, "The request target is neither a path nor an http URI.")
        target = b"/" + rest.partition(b"/")[2]
    try:
        return tuple(percent.decoded(segment).decode() for segment in target[1:].split(b"/"))
    except UnicodeDecodeError:
        raise HttpError(400, "The path is not valid UTF-8.") from None


def parameters(query: bytes) -> dict[str, str]:
    """Return a query's parameters, the first of each name. Raises `HttpError`."""
    if not query:
        return {}
    percent.check(query)
    try:
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_PARAMETERS,
        )
    except ValueError:
        raise HttpError(400, "The query is malformed.") from None
    return dict(reversed(pairs))
