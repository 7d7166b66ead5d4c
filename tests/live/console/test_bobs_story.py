"""The story that mailauth tells, from end to end, as an administrator sees it in a browser."""

import imaplib
import re
import time

import pytest

from mailauth.testing import RunningServer
from tests.live.conftest import Configured
from tests.live.support.webdriver import Chromium, require_chromium

ACCOUNTS = """
[[user]]
name = "bob@mydomain.com"
password = "correct horse"
[[user]]
name = "root@mydomain.com"
password = "battery staple"
role = "admin"
"""
THUNDERBIRD = '("name" "Thunderbird" "version" "153.0")'

# Remembers when the first login of a verdict came into the table, as seconds since the epoch.
REMEMBER = """
const [verdict] = arguments;
window.arrived = null;
new MutationObserver(() => {
  const shown = document.querySelector("#events tr .verdict")?.innerText.trim();
  if (window.arrived === null && shown === verdict) window.arrived = Date.now() / 1000;
}).observe(document.getElementById("events"), {childList: true});
"""


@pytest.mark.timeout(180)
def test_bob_s_client_is_seen_explained_and_fixed(configured: Configured) -> None:
    """Seen within a second, a case with its advice, an exposure; repointed, and it closes."""
    require_chromium()
    server = configured(ACCOUNTS)
    with Chromium() as browser:
        sign_in(browser, server)
        seen_in = min(log_in_watched(browser, server, "UNSECURE") for _ in range(3))
        assert seen_in < 1
        assert "bob@mydomain.com" in browser.text
        assert "Thunderbird" in browser.text

        browser.go(page(server, "/cases"))
        assert "open" in browser.text
        port = server.port("imaps")
        assert f"change to port {port}, SSL/TLS; password exposed, change it" in browser.text
        assert "3 times since" in browser.text

        browser.go(page(server, "/exposures"))
        assert "bob@mydomain.com" in browser.text

        log_in_watched(browser, server, "SECURE")
        browser.go(page(server, "/cases"))
        assert "open" not in browser.run("return document.querySelector('tbody').innerText")
        row = " ".join(browser.run("return document.querySelector('tbody tr').innerText").split())
        assert "bob@mydomain.com IMAP" in row
        assert "fixed" in row
        assert re.search(r"after (under )?[0-9]+ (s|min)", row)  # its time to fix

        browser.go(page(server, "/exposures"))
        browser.submit("td.actions button")
        assert "Mark the password as changed?" in browser.text
        browser.submit("main form button")
        assert "No password is known to have crossed a network" in browser.text
        browser.go(page(server, "/"))
        assert "Nothing to do: no case is open." in browser.text
        assert browser.complaints() == []


def sign_in(browser: Chromium, server: RunningServer) -> None:
    browser.go(page(server, "/sign-in"))
    browser.fill("#username", "root@mydomain.com")
    browser.fill("#password", "battery staple")
    browser.submit("button")


def log_in_watched(browser: Chromium, server: RunningServer, verdict: str) -> float:
    """Let bob's client log in; return how many seconds later the live page shows it."""
    browser.go(page(server, "/live"))
    browser.when("!document.getElementById('pulse').hidden")
    browser.run(REMEMBER, verdict)
    if verdict == "SECURE":
        client: imaplib.IMAP4 = imaplib.IMAP4_SSL(
            "localhost", server.port("imaps"), ssl_context=server.trusting()
        )
    else:
        client = imaplib.IMAP4("127.0.0.1", server.port("imap"))
    with client:
        client.xatom("ID", THUNDERBIRD)
        client.login("bob@mydomain.com", "correct horse")
        logged_in = time.time()
    return float(browser.when("window.arrived")) - logged_in


def page(server: RunningServer, path: str) -> str:
    return f"https://localhost:{server.port('https')}{path}"
