"""The origin of a client's address: LAN, a country, or unknown."""

import msgspec


class Origin(msgspec.Struct, frozen=True):
    """The label `LAN`, a country's English name or `Unknown`, and the country's ISO code."""

    label: str
    country: str | None = None


IN_LAN = Origin("LAN")
UNKNOWN = Origin("Unknown")
