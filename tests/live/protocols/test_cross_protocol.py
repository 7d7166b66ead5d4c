"""A page of a stranger's makes a real browser POST commands to mail ports: none is executed."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from mailauth.testing import RunningServer
from tests.live.support.webdriver import Chromium, require_chromium

BODIES = {
    "imap": "a LOGIN mary@mydomain.com secret\r\n",
    "pop3": "USER mary@mydomain.com\r\nPASS secret\r\n",
    "smtp": "EHLO x\r\nAUTH PLAIN AG1hcnlAbXlkb21haW4uY29tAHNlY3JldA==\r\n",
}
LISTENERS = ("imap", "imaps", "pop3", "pop3s", "submission", "smtps")

_POST = """
const [url, body, tell] = arguments;
const asked = fetch(url, {mode: "no-cors", method: "POST", body: body});
asked.then(() => tell("answered"), () => tell("failed"));
"""


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer with an empty page."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><main>A page of a stranger's</main>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def page() -> Iterator[str]:
    """The address of a page of another origin."""
    with HTTPServer(("127.0.0.1", 0), _Page) as web:
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        yield f"http://localhost:{web.server_port}/"
        web.shutdown()
        thread.join()


def test_what_a_page_posts_to_mail_ports_is_not_executed(server: RunningServer, page: str) -> None:
    """Ports with TLS from the start, too; the browser is one that trusts the certificate."""
    require_chromium()
    with Chromium() as browser:
        browser.go(page)
        for name in LISTENERS:
            listener = server.listener(name)
            scheme = "https" if listener.tls == "implicit" else "http"
            url = f"{scheme}://127.0.0.1:{listener.port}/"
            browser.run_async(_POST, url, BODIES[listener.protocol.lower()])
    server.settled()
    assert server.attempts() == []
    reasons = {(event.listener, event.reason) for event in server.connections()}
    assert reasons >= {
        (name, f"http-on-{server.listener(name).protocol.lower()}-port") for name in LISTENERS
    }, reasons
