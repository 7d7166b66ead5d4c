"""Floods of wrong names and passwords."""

from tests.live.floods.flood import NAME, Bounds, Flood, Stranger
from tests.live.raw_clients import Dialogue

_FAILURES = 10  # on one connection; after that the server ends it

CPU = Bounds(cpu=0.010)


def wrong_passwords(stranger: Stranger) -> None:
    """Fail as often as a connection may."""
    with stranger.connect("imap") as connection:
        client = Dialogue(connection)
        client.hear(b"* OK")
        for _ in range(_FAILURES):
            client.say(f"a LOGIN {NAME} wrong".encode())
            client.hear(b"a ")
            stranger.tried()


CREDENTIALS = (
    Flood("wrong-passwords", wrong_passwords, bounds=CPU),
    Flood("wrong-passwords-blocked", wrong_passwords, blocked=True, bounds=CPU),
)
