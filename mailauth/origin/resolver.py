"""Resolves addresses to origins: LAN, a configured name, or a country."""

from functools import lru_cache
from pathlib import Path

import msgspec

from mailauth.config.schema import GeoipConfig, Network
from mailauth.origin import IN_LAN, UNKNOWN, Origin
from mailauth.origin.countries import CODES
from mailauth.origin.geoip import EMBEDDED, CountryDatabase
from mailauth.wire.networks import LAN, parse_address, parse_network, within

ADDRESSES_KEPT = 16_384


class _Override(msgspec.Struct, frozen=True):
    network: Network
    origin: Origin


class Resolver:
    """Finds and caches the origin of an address.

    Relative paths are relative to `home`. Raises `ConfigError` for an unusable database.
    """

    def __init__(self, geoip: GeoipConfig, home: Path) -> None:
        self._home = home
        self.origin = lru_cache(ADDRESSES_KEPT)(self._found)
        self.reload(geoip)

    def reload(self, geoip: GeoipConfig) -> None:
        """Apply a configuration and reopen the database; on an error, nothing changes."""
        path = self._home / geoip.database if geoip.database else EMBEDDED
        self._database = CountryDatabase(path)
        self._lan = LAN + geoip.lan
        self._overrides = _most_specific_first(geoip.overrides)
        self.origin.cache_clear()

    def _found(self, ip: str) -> Origin:
        try:
            address = parse_address(ip)
        except ValueError:
            return UNKNOWN
        if within(address, self._lan):
            return IN_LAN
        for override in self._overrides:
            if within(address, (override.network,)):
                return override.origin
        return self._database.country(address)


def _most_specific_first(overrides: dict[str, str]) -> tuple[_Override, ...]:
    found = [
        _Override(parse_network(network), Origin(name, CODES.get(name)))
        for network, name in overrides.items()
    ]
    return tuple(sorted(found, key=lambda each: each.network.prefixlen, reverse=True))
