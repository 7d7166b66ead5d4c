"""Where a client is: LAN, a name that the configuration gives its network, or a country."""

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
    """Finds the origin of an address; answers are kept, so that the next look costs nothing.

    Relative paths are in `home`. Raises `ConfigError` for a database that cannot be used.
    """

    def __init__(self, geoip: GeoipConfig, home: Path) -> None:
        self._home = home
        self.origin = lru_cache(ADDRESSES_KEPT)(self._found)
        self.reload(geoip)

    def reload(self, geoip: GeoipConfig) -> None:
        """Take a configuration, and the database as it is now; on an error nothing changes."""
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
