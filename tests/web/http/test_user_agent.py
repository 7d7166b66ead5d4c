"""What a client calls itself (RFC 9110 §10.1.5)."""

import pytest

from mailauth.web.http.user_agent import product

CHROME = b"Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("user_agent", "name", "version"),
    [
        (None, None, None),
        (b"", None, None),
        (b"curl/8.14.1", b"curl", b"8.14.1"),
        (b"Python-urllib/3.11", b"Python-urllib", b"3.11"),
        (b"probe", b"probe", None),
        (b"(comment)", b"(comment)", None),
        (
            b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            b"Firefox",
            b"140.0",
        ),
        (
            b"Mozilla/5.0 (X11; rv:140.0) Gecko/20100101 Thunderbird/140.3.0",
            b"Thunderbird",
            b"140.3.0",
        ),
        (CHROME, b"Chrome", b"142.0.0.0"),
        (CHROME + b" Edg/142.0.1.2", b"Edge", b"142.0.1.2"),
        (b"Mozilla/5.0 (Macintosh) AppleWebKit/605 Version/19.1 Safari/605", b"Safari", b"19.1"),
        (b"Mozilla/4.0 (compatible; MSIE 6.0)", b"Mozilla/4.0 (compatible; MSIE 6.0)", None),
    ],
)
def test_product(user_agent: bytes | None, name: bytes | None, version: bytes | None) -> None:
    assert product(user_agent) == (name, version)
