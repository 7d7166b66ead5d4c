"""The connections that are open, as administrators see them."""

from datetime import datetime

import msgspec

from mailauth.login import event


class OpenConnection(msgspec.Struct, frozen=True, kw_only=True):
    """A connection that is open now; `user` is the account that has logged in, if any."""

    session: str
    listener: str
    protocol: event.Service
    ip: str
    port: int | None
    peer: str | None
    secure: bool
    since: datetime
    user: str | None = None
    client_name: str | None = None
