"""Origin: where a client's address is."""

import msgspec


class Origin(msgspec.Struct, frozen=True):
    """Where an address is: `LAN`, a country's English name or `Unknown`, and the country's code."""

    label: str
    country: str | None = None


IN_LAN = Origin("LAN")
UNKNOWN = Origin("Unknown")
