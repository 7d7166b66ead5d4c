"""Addresses as other servers write them: `::ffff:192.0.2.1`, `IPv6:2001:db8::1`, `[…]`."""

from functools import lru_cache
from ipaddress import ip_address

from mailauth.wire.networks import parse_address, written

ADDRESSES_KEPT = 65_536


@lru_cache(ADDRESSES_KEPT)
def plain(text: str) -> str | None:
    """Return the address in the form of our records, or `None` if it is not an address."""
    bare = text.strip("[]").removeprefix("IPv6:")
    try:
        return written(parse_address(bare))
    except ValueError:
        return None


@lru_cache(ADDRESSES_KEPT)
def of_octets(octets: bytes) -> str | None:
    """Return the same for an address in 4 or 16 octets."""
    return plain(str(ip_address(octets)))
