"""Country databases in MaxMind DB format, from several vendors.

The records of GeoLite2 and DB-IP (Country, City and larger), of IPinfo (flat, with a name) and of
ip-location-db (only a code) are supported. The country is unknown if an address has no record, or
one without a country, for example about a continent or a proxy.
"""

import os
from itertools import islice
from pathlib import Path

import geoip2.records
import maxminddb
from twisted.logger import Logger

from mailauth.config.errors import ConfigError
from mailauth.origin import UNKNOWN, Origin
from mailauth.origin.countries import NAMES
from mailauth.wire.networks import Address

EMBEDDED = Path(__file__).with_name("geoip-country.mmdb")

RECORDS_TRIED = 1000  # first records, one of which must name a country

log = Logger()


class CountryDatabase:
    """An open database; raises `ConfigError` for a file that is not usable."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._damaged = False
        try:
            self._reader = _opened(path)
            records = [record for _, record in islice(self._reader, RECORDS_TRIED)]
        except OSError as error:
            raise ConfigError(f"geoip.database: {path} cannot be read: {error.strerror}") from None
        except (maxminddb.InvalidDatabaseError, ValueError):
            raise ConfigError(f"geoip.database: {path} is not a valid MaxMind DB file") from None
        if all(country_of(record) is UNKNOWN for record in records):
            kind = self._reader.metadata().database_type
            raise ConfigError(f'geoip.database: {path} contains no countries; its type is "{kind}"')

    def country(self, address: Address) -> Origin:
        """Look up an address; damage in the file is logged once and does not raise."""
        try:
            return country_of(self._reader.get(address))
        except maxminddb.InvalidDatabaseError as error:
            if not self._damaged:
                self._damaged = True
                log.warn("{path} is damaged: {error}", path=self._path, error=error)
        except ValueError:
            pass  # an IPv6 address in an IPv4-only database
        return UNKNOWN


def country_of(record: object) -> Origin:
    """Return the country of a record, or the one where its network is registered."""
    if not isinstance(record, dict):
        return UNKNOWN
    if isinstance(record.get("country"), str) or "country_code" in record:
        return _flat(record)
    country = _place(record.get("country"))
    return country if country is not UNKNOWN else _place(record.get("registered_country"))


def _flat(record: dict[str, object]) -> Origin:
    """Return the country of an IPinfo record, in its current or its former format."""
    country = record.get("country")
    if "country_code" in record:
        return _named(record["country_code"], country)
    return _named(country, record.get("country_name"))


def _place(record: object) -> Origin:
    if not isinstance(record, dict):
        return UNKNOWN
    try:
        country = geoip2.records.Country(["en"], **record)
        return _named(country.iso_code, country.name)
    except (TypeError, AttributeError):
        return UNKNOWN  # a different kind of record under that name


def _named(code: object, name: object) -> Origin:
    if not isinstance(code, str) or code.upper() not in NAMES:
        return UNKNOWN
    known = code.upper()
    return Origin(name if isinstance(name, str) and name else NAMES[known], known)


def _opened(path: Path) -> maxminddb.Reader:
    """Open a copy in memory, because overwriting a mapped file would kill the process."""
    if not hasattr(os, "memfd_create"):
        return maxminddb.open_database(path)
    with os.fdopen(os.memfd_create(path.name), "wb") as copy:
        copy.write(path.read_bytes())
        copy.flush()
        return maxminddb.open_database(f"/proc/self/fd/{copy.fileno()}")
