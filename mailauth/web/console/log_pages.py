"""The console's viewer of the log files, and of one record with all its evidence."""

from typing import Any

import msgspec
from twisted.internet.threads import deferToThread

from mailauth.events.file_lines import TooLong
from mailauth.events.selection import Selection
from mailauth.login.event import Service
from mailauth.web.access import Viewer
from mailauth.web.console.console import Console
from mailauth.web.filters import given
from mailauth.web.http.message import HttpError, Request, Response
from mailauth.web.selection import MAX_NUMBER, choice, number, truth

SHOWN = 200  # lines of a page
MAX_SHOWN_OCTETS = 4096  # of a line


async def show(console: Console, request: Request, viewer: Viewer) -> Response:
    """Show the last lines of a file, or those before an offset."""
    names = await deferToThread(console.log_files.names)
    query = request.query
    name = query.get("file") or (names[0] if names else "")
    before = number(query, "before", 0, MAX_NUMBER) if "before" in query else None
    wanted = _Wanted(
        text=query.get("text", "").lower().encode(),
        protocol=choice(given(query), "protocol", Service),
        secure=truth(given(query), "secure"),
    )
    try:
        excerpt = await deferToThread(console.log_files.excerpt, name, before, SHOWN, wanted.wants)
    except LookupError:
        raise HttpError(404, "There is no such log file.") from None
    except TooLong:
        raise HttpError(
            422, "This file is too long to be searched here: unpack it, or use zless."
        ) from None
    shown = [line[:MAX_SHOWN_OCTETS].decode("utf-8", "replace") for line in excerpt.lines]
    return console.pages.page(
        request,
        viewer,
        "log.html",
        names=names,
        name=name,
        lines=[(line, _verdict(line)) for line in shown],
        before=excerpt.before,
        is_newest=before is None,
        query=dict(query),
        protocols=[protocol.value for protocol in Service],
    )


async def record(console: Console, request: Request, viewer: Viewer) -> Response:
    """Show one record; a user sees only their own."""
    seq = number({"number": request.path[-1]}, "number", 0, MAX_NUMBER, at_least=1)
    batch = await console.feed.read(seq - 1, 1, Selection(user=viewer.only_user))
    event = next((one for one in batch.events if one.seq == seq), None)
    if event is None:
        raise HttpError(404, "There is no such record.")
    evidence: dict[str, Any] = msgspec.to_builtins(event)
    return console.pages.page(request, viewer, "record.html", event=event, evidence=evidence)


class _Wanted(msgspec.Struct, frozen=True):
    """What a line must contain."""

    text: bytes
    protocol: Service | None
    secure: bool | None

    def wants(self, line: bytes) -> bool:
        """Return whether a line matches: of text, or a record of the journal."""
        if self.text and self.text not in line.lower():
            return False
        if self.protocol is not None:
            name = self.protocol.value.encode()
            if b"[%s]" % name not in line and b'"protocol":"%s"' % name not in line:
                return False
        if self.secure is not None:
            verdict, value = (b"{SECURE}", b"true") if self.secure else (b"{UNSECURE}", b"false")
            return verdict in line or b'"secure":' + value in line
        return True


def _verdict(line: str) -> str:
    if "{UNSECURE}" in line or '"secure":false' in line:
        return "unsecure"
    return "secure" if "{SECURE}" in line or '"secure":true' in line else ""
