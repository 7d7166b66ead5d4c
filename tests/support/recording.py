"""Records, as a journal has them."""

from typing import Any

import msgspec

from mailauth.login.event import LoginEvent

_USUAL = {
    "v": 1,
    "seq": 1,
    "id": "a",
    "at": "2026-11-24T08:00:00+00:00",
    "kind": "login",
    "result": "success",
    "protocol": "IMAP",
    "count": 1,
}


def recorded(**facts: Any) -> LoginEvent:
    """An IMAP login that succeeded, unless the facts say otherwise."""
    nothing = dict.fromkeys(LoginEvent.__struct_fields__)
    return msgspec.convert(nothing | _USUAL | facts, LoginEvent)
