"""SQL reads a line exactly as `parse_line` does: well-formed, odd or damaged."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mailauth.login.event import Service
from mailauth.record.line import LineError, LoginLine, format_line, parse_line
from mailauth.report.reading import Mark, Reader
from mailauth.report.sources import Content, Source
from mailauth.report.tables import Tables
from mailauth.wire.networks import parse_address
from mailauth.wire.networks import written as as_written

Read = tuple[datetime, str, bool, str, str, str] | None

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=12)
odd_texts = st.lists(
    st.sampled_from([" - ", " (", ")", "%", "%20", "%C3%A9", "%ED%A0%80", "a", "-", " ", "{", "é"]),
    max_size=6,
).map("".join)
addresses = st.one_of(
    st.builds(str, st.ip_addresses()),
    st.builds(str, st.ip_addresses(v=6)).map(str.upper),
    st.ip_addresses(v=6).map(lambda address: address.exploded),
    st.builds(lambda a, b: f"{a}{b}", st.ip_addresses(v=6), st.sampled_from(["%eth0", "%", "%é"])),
    st.builds("::ffff:{}".format, st.ip_addresses(v=4)),
    st.builds("1:2:3:4:5:6:{}".format, st.ip_addresses(v=4)),
    st.lists(
        st.sampled_from(
            ["1", "ab", "12345", "0", "g", ":", "::", ":", ".", "1.2.3.4", "256", "01"]
        ),
        max_size=12,
    ).map("".join),
)
times = st.datetimes().map(
    lambda time: time.replace(microsecond=0).isoformat(" ") + f",{time.microsecond // 1000:03d}"
)
odd_times = st.sampled_from(
    [
        "2026-02-29 00:00:00,000",
        "0000-01-01 00:00:00,000",
        "0001-01-01 00:00:00,000",
        "9999-12-31 23:59:59,999",
        "2026-01-01 24:00:00,000",
        "2026-01-01 23:59:60,000",
        "2026-1-01  00:00:00,000",
        "2026-01-01 00:00:00.000",
        "2026-01-01T00:00:00,000",
        "٢٠٢٦-01-01 00:00:00,000",
        "+026-01-01 00:00:00,000",
        "2026-00-01 00:00:00,000",
    ]
)
lines = st.builds(
    "{} - [{}] {{{}}} - {} - {} ({})".format,
    times | odd_times,
    st.sampled_from(["SMTP", "IMAP", "POP3", "HTTP", "IMAPS", "imap", ""]),
    st.sampled_from(["SECURE", "UNSECURE", "INSECURE", ""]),
    texts | odd_texts,
    addresses | texts,
    st.sampled_from(["LAN", "United States", "Unknown"]) | texts | odd_texts,
)
written = st.builds(
    LoginLine,
    time=st.datetimes().map(lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000)),
    protocol=st.sampled_from(Service),
    secure=st.booleans(),
    account=texts.filter(bool) | odd_texts.filter(bool),
    address=st.builds(str, st.ip_addresses()),
    origin=st.sampled_from(["LAN", "Unknown", "Bonaire (x)"]) | texts.filter(bool),
).map(format_line)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A line with a piece cut out, put in or put twice."""
    line = draw(written)
    at = draw(st.integers(0, len(line)))
    to = draw(st.integers(at, min(len(line), at + 8)))
    return line[:at] + draw(texts | odd_texts | st.just(line[at:to] * 2)) + line[to:]


@pytest.fixture(scope="module")
def tables() -> Iterator[Tables]:
    with Tables() as tables:
        yield tables


def by_sql(tables: Tables, path: Path, given: list[str]) -> list[Read]:
    path.write_bytes("\n".join([*given, ""]).encode())
    with tables.cursor() as cursor:
        cursor.execute("DELETE FROM lines")
        Reader(tables).read(Source(path, Content.LINES), 1, Mark(), torn_tail=True)
        rows = cursor.execute(
            "SELECT time, verdict, account, address, origin, damaged FROM lines ORDER BY line"
        ).fetchall()
    return [
        (row[0], row[1][1:5], row[1].endswith("{SECURE}"), *row[2:5]) if row[5] is None else None
        for row in rows
    ]


def by_parser(text: str) -> Read:
    try:
        line = parse_line(text.removesuffix("\r"))
    except LineError:
        return None
    account = line.account
    if any("\ud800" <= character <= "\udfff" for character in account):  # stays as it is printed
        account = text[text.index("} - ") + 4 : text.rindex(f" - {line.address} (")]
    address = as_written(parse_address(line.address))
    return (line.time, line.protocol.value, line.secure, account, address, line.origin)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(lines | written | damaged(), min_size=1, max_size=40))
@example(["2026-01-01 00:00:00,000 - [IMAP] {SECURE} - - - 10.0.0.1 (LAN)"])
@example(["2026-01-01 00:00:00,000 - [IMAP] {SECURE} - a - 10.0.0.1 (LAN) - 10.0.0.2 (LAN)"])
@example(["2026-01-01 00:00:00,000 - [IMAP] {SECURE} - a - 10.0.0.1 (x (y))"])
@example(["2026-01-01 00:00:00,000 - [IMAP] {SECURE} - a - 10.0.0.1 ()"])
@example(["2026-01-01 00:00:00,000 - [IMAP] {SECURE} - a - 1.2.3.4%a:b (LAN)"])
@example(["2026-01-01 00:00:00,000 - [IMAP] {SECURE} - a\x00b - 10.0.0.1 (LAN)"])
@example(["2026-01-01 00:00:00,000 - [IMAP] {SECURE} - a - 10.0.0.1 (LAN)\r\r"])
@example(["2026-01-01 00:00:00,000 - [IMAP] {SECURE} - a\x0bb - 10.0.0.1 (LAN)"])
@example(["2026-01-01 00:00:00,000 - [IMAP] {SECURE} - a - \x0b1.2.3.4 (LAN)"])
@example([""])
@example(["\ufeff2026-01-01 00:00:00,000 - [IMAP] {SECURE} - a - 10.0.0.1 (LAN)"])
def test_sql_and_the_parser_agree(tables: Tables, tmp_path: Path, given: list[str]) -> None:
    expected = [by_parser(text) for text in given]
    if given[0].startswith("\ufeff"):  # of a byte order mark that an editor put there
        expected[0] = by_parser(given[0][1:])
    assert by_sql(tables, tmp_path / "log", given) == expected
