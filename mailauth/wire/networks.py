"""Addresses and networks: which are LAN, and how addresses are written (RFC 5952). Pure.

`ipaddress.is_private` is not used: it excludes shared address space (RFC 6598), includes
documentation networks (RFC 5737), and differs between patch releases of Python.
"""

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LAN: tuple[Network, ...] = (
    IPv4Network("10.0.0.0/8"),  # RFC 1918
    IPv4Network("172.16.0.0/12"),  # RFC 1918
    IPv4Network("192.168.0.0/16"),  # RFC 1918
    IPv4Network("127.0.0.0/8"),  # RFC 1122 §3.2.1.3, loopback
    IPv4Network("169.254.0.0/16"),  # RFC 3927, link-local
    IPv4Network("100.64.0.0/10"),  # RFC 6598, shared by a carrier's customers
    IPv6Network("::1/128"),  # RFC 4291 §2.5.3, loopback
    IPv6Network("fe80::/10"),  # RFC 4291 §2.5.6, link-local
    IPv6Network("fc00::/7"),  # RFC 4193, unique local
    IPv6Network("fec0::/10"),  # RFC 3879, site-local, deprecated but still in use
)

_MAPPED = IPv6Network("::ffff:0:0/96")  # RFC 4291 §2.5.5.2


def parse_address(text: str) -> Address:
    """Parse an address; IPv4-mapped IPv6 becomes IPv4, and a zone is dropped.

    Raises `ValueError` for anything that is not an address in its full notation.
    """
    if ":" in text:
        text = text.partition("%")[0]
    address = ip_address(text)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def written(address: Address) -> str:
    """Format an address canonically: dotted IPv4, or IPv6 by RFC 5952 §4."""
    return str(address)


def parse_network(text: str) -> Network:
    """Parse a network, or a single address as one; IPv4-mapped IPv6 becomes IPv4.

    Raises `ValueError` with a text that follows "expected".
    """
    given, _, prefix = text.partition("/")
    try:
        network = ip_network(text if "%" not in text else "", strict=False)
    except ValueError:
        raise ValueError('a network such as "10.0.0.0/8" or "2001:db8::/32"') from None
    if prefix and ip_address(given) != network.network_address:
        raise ValueError(f'the first address of a network, such as "{network}"')
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        mapped = int(network.network_address) & 0xFFFFFFFF
        return IPv4Network((mapped, network.prefixlen - _MAPPED.prefixlen))
    return network


def within(address: Address, networks: tuple[Network, ...]) -> bool:
    """Return whether the address is in one of the networks."""
    return any(address.version == net.version and address in net for net in networks)
