"""Floods of what takes most room in the logs: attempts of a blocked address, and connections."""

import base64

from tests.live.support.raw_clients import Dialogue
from tools.floods.flood import NAME, Bounds, Flood, Stranger

_FAILURES = 10  # on one connection; after that the server ends it
_SILENT = 10  # connections without a byte, after each with attempts

# What of a client's octets take most room where they are written: six each in JSON, three each in a
# line, and what is not UTF-8.
_WORST = (b"\x01", b"%", b"\xff")

KEPT = 120_000  # octets of all logs: twenty attempts and connections singly, and a few sums


def worst_records(stranger: Stranger) -> None:
    """Fill every field of a record that a client has a say in, and connect without a byte."""
    for unit in _WORST:
        _worst_attempts(stranger, unit * 2_000)
        for _ in range(_SILENT):
            stranger.connect("imap").close()
            stranger.tried()


def _worst_attempts(stranger: Stranger, worst: bytes) -> None:
    fields = b" ".join(
        b"%b {%d+}\r\n%b" % (key, len(value), value)
        for key, value in ((b'"name"', worst[:1_024]), (b'"version"', worst[:1_024]))
    )
    response = base64.b64encode(b"%b\0%b\0x" % (worst, worst))
    with stranger.connect("imap") as connection:
        client = Dialogue(connection)
        client.hear(b"* OK")
        client.say(b"a ID (%b)" % fields)
        client.hear(b"a ")
        for number in range(_FAILURES):
            known = base64.b64encode(b"\0%b\0x" % NAME.encode())
            client.say(b"a AUTHENTICATE PLAIN " + (known if number == 1 else response))
            client.hear(b"a ")
            stranger.tried()


RECORDS = (
    Flood("worst-records-blocked", worst_records, blocked=True, bounds=Bounds(strangers=KEPT)),
    Flood(
        "worst-records-blocked-workers",
        worst_records,
        blocked=True,
        bounds=Bounds(strangers=2 * KEPT),  # each of two workers counts for itself
        config="[server]\nworkers = 2\n",
    ),
)
