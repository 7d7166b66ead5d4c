"""The client's name over HTTP: the product of its User-Agent (RFC 9110 §10.1.5). Pure."""

import re

_PRODUCT = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:/([!#$%&'*+.^_`|~0-9A-Za-z-]+))?")

# Browsers also name their predecessors; the first of these that occurs is meant.
_BROWSERS = (
    b"Thunderbird",
    b"Edg",
    b"OPR",
    b"Vivaldi",
    b"Firefox",
    b"Chrome",
    b"HeadlessChrome",
    b"Version",
)
_SHOWN = {b"Edg": b"Edge", b"OPR": b"Opera", b"Version": b"Safari"}


def product(user_agent: bytes | None) -> tuple[bytes | None, bytes | None]:
    """Return the client's name and version, each `None` if absent."""
    if user_agent is None:
        return None, None
    first = _PRODUCT.match(user_agent)
    if first is None:
        return (user_agent or None), None
    if first[1] != b"Mozilla":
        return first[1], first[2]
    products = dict(_PRODUCT.findall(re.sub(rb"\([^()]*\)", b" ", user_agent)))
    for name in _BROWSERS:
        if name in products:
            return _SHOWN.get(name, name), products[name] or None
    return user_agent, None
