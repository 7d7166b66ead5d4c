"""Where a client is (DESIGN 2.4)."""

from ipaddress import IPv4Network
from pathlib import Path

import pytest

from mailauth.config import ConfigError, GeoipConfig
from mailauth.origin import IN_LAN, UNKNOWN, Origin
from mailauth.origin.resolver import Resolver
from tests.origin.test_geoip import FRANCE, database


def test_a_private_address_is_lan_and_another_has_its_country(tmp_path: Path) -> None:
    resolver = Resolver(GeoipConfig(), tmp_path)
    assert resolver.origin("10.11.12.102") == Origin("LAN", None)
    assert resolver.origin("75.76.77.78") == Origin("United States", "US")
    assert resolver.origin("::ffff:75.76.77.78") == Origin("United States", "US")
    assert resolver.origin("fe80::1%eth0") == IN_LAN


def test_a_documentation_address_is_unknown(tmp_path: Path) -> None:
    assert Resolver(GeoipConfig(), tmp_path).origin("203.0.113.5") == UNKNOWN


def test_what_is_no_address_is_unknown(tmp_path: Path) -> None:
    assert Resolver(GeoipConfig(), tmp_path).origin("1.2.3") == UNKNOWN


def test_an_override_names_its_network_and_the_most_specific_counts(tmp_path: Path) -> None:
    resolver = Resolver(
        GeoipConfig(
            overrides={
                "79.80.0.0/16": "Branch office",
                "79.80.81.82/32": "United States",
                "79.80.81.0/24": "Germany",
                "2a01::/16": "Tunnel",
            }
        ),
        tmp_path,
    )
    assert resolver.origin("79.80.1.1") == Origin("Branch office", None)
    assert resolver.origin("79.80.81.1") == Origin("Germany", "DE")
    assert resolver.origin("79.80.81.82") == Origin("United States", "US")
    assert resolver.origin("79.81.0.1") == FRANCE
    assert resolver.origin("2a01::1") == Origin("Tunnel", None)


def test_a_configured_network_is_lan_before_any_override(tmp_path: Path) -> None:
    resolver = Resolver(
        GeoipConfig(
            lan=(IPv4Network("79.80.0.0/16"),),
            overrides={"79.80.81.82": "France", "10.0.0.0/8": "Office"},
        ),
        tmp_path,
    )
    assert resolver.origin("79.80.81.82") == IN_LAN
    assert resolver.origin("10.0.0.1") == IN_LAN


def test_a_database_of_the_home_is_used_and_read_again_when_asked(tmp_path: Path) -> None:
    geoip = GeoipConfig(database="own.mmdb")
    path = database(tmp_path / "own.mmdb", "c", {"country_code": "DE"})
    resolver = Resolver(geoip, tmp_path)
    assert resolver.origin("79.80.81.82") == Origin("Germany", "DE")
    database(path, "c", {"country_code": "FR"})
    assert resolver.origin("79.80.81.82") == Origin("Germany", "DE")
    resolver.reload(geoip)
    assert resolver.origin("79.80.81.82") == FRANCE


def test_a_database_that_broke_leaves_the_old_one_in_use(tmp_path: Path) -> None:
    geoip = GeoipConfig(database="own.mmdb")
    path = database(tmp_path / "own.mmdb", "c", {"country_code": "DE"})
    resolver = Resolver(geoip, tmp_path)
    path.write_bytes(b"broken")
    with pytest.raises(ConfigError):
        resolver.reload(geoip)
    assert resolver.origin("79.80.81.82") == Origin("Germany", "DE")
