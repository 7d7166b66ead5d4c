"""What is percent-encoded, and what only looks like it."""

import pytest

from mailauth.web.http.message import HttpError
from mailauth.web.http.percent import MAX_STRAY, decoded
from mailauth.web.http.target import parameters, segments


@pytest.mark.parametrize(
    ("encoded", "octets"),
    [
        (b"", b""),
        (b"a%40b", b"a@b"),
        (b"%c3%A4", "ä".encode()),
        (b"100%", b"100%"),
        (b"%zz%4", b"%zz%4"),
        (b"%41" * 20_000, b"A" * 20_000),
        (b"%" * MAX_STRAY, b"%" * MAX_STRAY),
    ],
)
def test_what_is_encoded_is_decoded(encoded: bytes, octets: bytes) -> None:
    """curl sends a password as it is typed, percent sign and all."""
    assert decoded(encoded) == octets


@pytest.mark.parametrize("encoded", [b"%" * (MAX_STRAY + 1), b"%" * 65_000, b"a%" * 8_000])
def test_many_stray_percent_signs_are_not_decoded(
    monkeypatch: pytest.MonkeyPatch, encoded: bytes
) -> None:
    """65,000 of them would keep everybody waiting for 17 ms."""
    monkeypatch.delattr("mailauth.web.http.percent.unquote_to_bytes")
    monkeypatch.delattr("mailauth.web.http.target.parse_qsl")
    for read in (decoded, parameters, lambda path: segments(b"/" + path)):
        with pytest.raises(HttpError) as caught:
            read(encoded)
        assert caught.value.status == 400
