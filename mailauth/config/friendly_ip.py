"""HOME/FriendlyIP.txt: addresses and networks that are never blocked, one per line; # comments."""

from pathlib import Path

from mailauth.config import ConfigError
from mailauth.config.errors import printable
from mailauth.wire.networks import Network, parse_network

FILE_NAME = "FriendlyIP.txt"


def read_friendly(home: Path) -> tuple[Network, ...]:
    """Read the home's file; a missing file is empty. Raises `ConfigError`, which names the line."""
    try:
        text = (home / FILE_NAME).read_text("utf-8-sig", errors="replace")
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise ConfigError(f"{FILE_NAME}: cannot be read: {error.strerror}") from None
    networks = []
    for number, line in enumerate(text.splitlines(), 1):
        entry = line.partition("#")[0].strip()
        if not entry:
            continue
        try:
            networks.append(parse_network(entry))
        except ValueError as error:
            raise ConfigError(
                f'{FILE_NAME}:{number}: expected {error}, got "{printable(entry[:60])}"'
            ) from None
    return tuple(networks)
