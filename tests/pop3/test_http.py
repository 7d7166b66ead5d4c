"""A browser was made to speak to us: a page can have it POST any text to any port."""

import pytest

from mailauth.login.event import Kind
from mailauth.testing import MemoryRecorder, Segments
from tests.pop3.conftest import Connect

BODY = b"USER mary\r\nPASS secret\r\n"
POST = b"""\
POST %b HTTP/1.1\r
Host: 127.0.0.1:2143\r
Connection: keep-alive\r
Content-Length: %d\r
sec-ch-ua-platform: "Linux"\r
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0\r
Content-Type: text/plain;charset=UTF-8\r
Accept: */*\r
Origin: http://attacker.example\r
Sec-Fetch-Site: cross-site\r
Sec-Fetch-Mode: no-cors\r
Referer: http://attacker.example/\r
\r
%b"""


@pytest.mark.parametrize(
    "request_",
    [
        POST % (b"/", len(BODY), BODY),
        POST % (b"/" + b"x" * 20_000, len(BODY), BODY),
        POST % (b"/{5}", len(BODY), BODY),
        b"GET / HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"Host: 127.0.0.1:2143\r\n\r\n" + BODY,
    ],
)
@pytest.mark.parametrize("segments", Segments)
def test_a_browser_is_let_go(
    connect: Connect, recorder: MemoryRecorder, request_: bytes, segments: Segments
) -> None:
    """Nothing of what stands below the request line is looked at."""
    client = connect(segments)
    client.connect()
    assert client.send(request_) == b"-ERR This is POP3, not HTTP\r\n"
    assert client.closed
    assert [(event.kind, event.reason) for event in recorder.events] == [
        (Kind.CONNECTION, "http-on-pop3-port")
    ]
