"""Country databases of every maker whose records differ (DESIGN 2.4)."""

from pathlib import Path

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from mailauth.config import ConfigError
from mailauth.origin import UNKNOWN, Origin
from mailauth.origin.countries import CODES, NAMES
from mailauth.origin.geoip import EMBEDDED, CountryDatabase, country_of
from mailauth.wire.networks import parse_address

FRANCE = Origin("France", "FR")
ADDRESS = parse_address("79.80.81.82")

Record = dict[str, object]


def database(
    path: Path, kind: str, record: Record, network: str = "79.80.0.0/16", ip_version: int = 6
) -> Path:
    writer = MMDBWriter(ip_version, kind, ["en"], "test", ipv4_compatible=ip_version == 6)
    writer.insert_network(IPSet([network]), record)
    writer.to_db_file(str(path))
    return path


SCHEMAS = [
    (
        "GeoLite2-Country",
        {
            "continent": {"code": "EU", "geoname_id": 1, "names": {"en": "Europe"}},
            "country": {
                "geoname_id": 3017382,
                "is_in_european_union": True,
                "iso_code": "FR",
                "names": {"de": "Frankreich", "en": "France"},
            },
            "registered_country": {"iso_code": "DE", "names": {"en": "Germany"}},
        },
    ),
    (
        "GeoLite2-City",
        {
            "city": {"geoname_id": 2, "names": {"en": "Paris"}},
            "country": {"iso_code": "FR", "names": {"en": "France"}, "confidence": 99},
            "location": {"latitude": 48.9, "longitude": 2.3, "time_zone": "Europe/Paris"},
            "subdivisions": [{"iso_code": "75", "names": {"en": "Paris"}}],
        },
    ),
    (
        "DBIP-Country-Lite",
        {
            "continent": {"code": "EU", "names": {"en": "Europe"}},
            "country": {"iso_code": "FR", "names": {"en": "France", "zh-CN": "法国"}},
        },
    ),
    (
        "ipinfo bundle_location_lite.mmdb",
        {
            "asn": "AS15557",
            "continent": "Europe",
            "continent_code": "EU",
            "country": "France",
            "country_code": "FR",
        },
    ),
    ("ipinfo generic_country.mmdb", {"continent": "EU", "country": "FR", "country_name": "France"}),
    ("country ipvAll", {"country_code": "FR"}),
    ("geoacumen-country", {"country": {"iso_code": "FR"}}),
    ("registered", {"registered_country": {"iso_code": "FR", "names": {"en": "France"}}}),
]


@pytest.mark.parametrize(("kind", "record"), SCHEMAS)
def test_the_records_of_every_maker_are_read(tmp_path: Path, kind: str, record: Record) -> None:
    opened = CountryDatabase(database(tmp_path / "x.mmdb", kind, record))
    assert opened.country(ADDRESS) == FRANCE
    assert opened.country(parse_address("8.8.8.8")) == UNKNOWN


def test_an_ipv6_address_is_found(tmp_path: Path) -> None:
    path = database(tmp_path / "x.mmdb", "c", {"country_code": "FR"}, "2a01:c000::/19")
    assert CountryDatabase(path).country(parse_address("2a01:c000::1")) == FRANCE


def test_a_database_of_ipv4_alone_knows_no_ipv6_address(tmp_path: Path) -> None:
    path = database(tmp_path / "x.mmdb", "c", {"country_code": "FR"}, ip_version=4)
    assert CountryDatabase(path).country(ADDRESS) == FRANCE
    assert CountryDatabase(path).country(parse_address("2a01:c000::1")) == UNKNOWN


@pytest.mark.parametrize(
    "record",
    [
        None,
        "FR",
        {},
        {"continent": {"code": "EU", "names": {"en": "Europe"}}},
        {"traits": {"is_anonymous_proxy": True}},
        {"country": {"iso_code": "ZZ", "names": {"en": "Undefined"}}},
        {"country": {"iso_code": "EU", "names": {"en": "Europe"}}},
        {"country": {"iso_code": None, "names": None}},
        {"country": {"iso_code": "FR", "names": 7}},
        {"country": 7, "registered_country": []},
        {"country": "None", "country_code": "None"},
        {"country_code": None},
        {"country_code": ""},
        {"country": "Europe"},
        *({"country_code": code} for code in ("XX", "T1", "A1", "A2", "O1", "AP", "??", "EU")),
    ],
)
def test_what_names_no_country_is_unknown(record: object) -> None:
    assert country_of(record) == UNKNOWN


def test_a_country_stands_before_where_its_network_is_registered() -> None:
    record = {
        "country": {"iso_code": "ZZ"},
        "registered_country": {"iso_code": "de", "names": {"fr": "Allemagne"}},
    }
    assert country_of(record) == Origin("Germany", "DE")


def test_the_embedded_database_is_read() -> None:
    opened = CountryDatabase(EMBEDDED)
    assert opened.country(parse_address("75.76.77.78")) == Origin("United States", "US")
    assert opened.country(ADDRESS) == FRANCE
    assert opened.country(parse_address("2a01:c000::1")) == FRANCE
    assert opened.country(parse_address("192.0.2.1")) == UNKNOWN


def test_every_country_has_a_name_of_its_own() -> None:
    assert len(CODES) == len(NAMES) == 250
    assert all(len(code) == 2 and code.isupper() for code in NAMES)


# What is no database.


@pytest.mark.parametrize("data", [b"", b"not a database", b"\xab\xcd\xefMaxMind.com" * 3])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.mmdb"
    path.write_bytes(data)
    with pytest.raises(
        ConfigError, match=r"^geoip\.database: .*x\.mmdb is not a valid MaxMind DB file"
    ):
        CountryDatabase(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^geoip\.database: .* cannot be read: No such file"):
        CountryDatabase(tmp_path / "x.mmdb")


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    record: Record = {"autonomous_system_number": 15557}
    path = database(tmp_path / "x.mmdb", "GeoLite2-ASN", record)
    with pytest.raises(ConfigError, match=r'contains no countries; its type is "GeoLite2-ASN"$'):
        CountryDatabase(path)


def test_a_file_cut_off_is_refused_or_says_unknown(tmp_path: Path) -> None:
    """Wherever it was cut, a look-up raises nothing."""
    whole = EMBEDDED.read_bytes()
    path = tmp_path / "x.mmdb"
    for size in range(len(whole) // 16, len(whole), len(whole) // 16):
        path.write_bytes(whole[:size] + whole[-400:])  # the metadata stand at the end
        try:
            opened = CountryDatabase(path)
        except ConfigError:
            continue
        for first in range(1, 224):
            opened.country(parse_address(f"{first}.1.1.1"))


def test_a_file_overwritten_while_open_harms_nobody(tmp_path: Path) -> None:
    path = database(tmp_path / "x.mmdb", "c", {"country_code": "FR"})
    opened = CountryDatabase(path)
    with path.open("r+b") as file:
        file.truncate(0)
    assert opened.country(ADDRESS) == FRANCE
