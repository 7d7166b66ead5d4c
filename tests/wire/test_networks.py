"""What is LAN, and how addresses are read and written (DESIGN 2.4)."""

import pytest
from hypothesis import given
from hypothesis.strategies import ip_addresses

from mailauth.wire.networks import LAN, parse_address, parse_network, within, written


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.0",
        "10.255.255.255",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.1.1",
        "100.64.0.1",
        "100.127.255.255",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "febf::1",
        "fc00::1",
        "fdff::1",
        "fec0::1",
        "::ffff:10.0.0.1",
        "::ffff:100.64.0.1",
        "::ffff:127.0.0.1",
    ],
)
def test_private_shared_link_local_and_loopback_are_lan(address: str) -> None:
    assert within(parse_address(address), LAN)


@pytest.mark.parametrize(
    "address",
    [
        "9.255.255.255",
        "11.0.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "192.169.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "192.0.2.1",  # documentation, RFC 5737
        "198.51.100.1",
        "203.0.113.5",
        "198.18.0.1",  # benchmarks, RFC 2544
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "8.8.8.8",
        "::",
        "::2",
        "2001:db8::1",
        "2002:a00:1::",  # 6to4 of a private address
        "64:ff9b::a00:1",  # NAT64 of one
        "fbff::1",
        "ff02::1",
        "::ffff:8.8.8.8",
    ],
)
def test_everything_else_is_not(address: str) -> None:
    assert not within(parse_address(address), LAN)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:C000:201", "192.0.2.1"),
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),  # RFC 5952 §4.2.2
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),  # §4.2.3
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_an_address_is_written_in_one_way(text: str, expected: str) -> None:
    assert written(parse_address(text)) == expected


@given(ip_addresses())
def test_what_is_written_reads_back(address: object) -> None:
    once = parse_address(str(address))
    assert parse_address(written(once)) == once


@pytest.mark.parametrize(
    "text", ["", "1.2.3", "0x4b4c4d4e", "01.2.3.4", "1.2.3.4%e", "::g", " ::1"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_address(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.0.0.1", "10.0.0.1/32"),
        ("::1", "::1/128"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:10.0.0.1", "10.0.0.1/32"),
        ("::/0", "::/0"),
    ],
)
def test_a_network_is_read(text: str, expected: str) -> None:
    assert str(parse_network(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.0/33", "a network such as"),
        ("10.0.0", "a network such as"),
        ("fe80::1%eth0", "a network such as"),
        ("fe80::%1/64", "a network such as"),
        ("", "a network such as"),
        ("10.1.2.3/8", 'the first address of a network, such as "10.0.0.0/8"'),
    ],
)
def test_what_is_no_network_says_what_was_expected(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        parse_network(text)
