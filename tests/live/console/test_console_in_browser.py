"""The console in a browser: what its script and its style sheet do, on a phone too."""

import imaplib
import time

import pytest

from mailauth.testing import RunningServer
from tests.live.conftest import Configured
from tests.live.console.test_bobs_story import ACCOUNTS, page, sign_in
from tests.live.support.webdriver import Chromium, require_chromium

HEADER_SHARE = 0.15  # of a phone's height, at most
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
LISTS = ("/", "/cases", "/logins?client=x", "/countries", "/absent", "/accounts")


def log_in(server: RunningServer, name: str = "bob@mydomain.com") -> None:
    with imaplib.IMAP4("127.0.0.1", server.port("imap")) as client:
        client.login(name, "correct horse")


@pytest.mark.timeout(180)
def test_the_console_in_a_browser(configured: Configured) -> None:
    """The overview comes again by itself, a bar leads on, and a phone shows the page."""
    require_chromium()
    server = configured(ACCOUNTS)
    with Chromium() as browser:
        sign_in(browser, server)
        log_in(server)
        browser.go(page(server, "/"))
        assert "1 UNSECURE" in browser.text

        browser.run("window.kept = true; document.querySelector('details.numbers').open = true")
        log_in(server)
        browser.run("refresh()")
        browser.when("document.querySelector('main').innerText.includes('2 UNSECURE')")
        assert browser.run("return window.kept && document.querySelector('details.numbers').open")
        assert browser.run("return document.querySelectorAll('main').length") == 1

        bar = "document.querySelector('.chart.upright a:has(.unsecure)')"
        browser.go(browser.run(f"return new URL({bar}.getAttribute('href'), location).href"))
        assert "1–2 of 2" in browser.text
        assert browser.run("return [...document.querySelectorAll('tbody tr')].length") == 2

        browser.tell("Emulation.setDeviceMetricsOverride", **PHONE)
        for path in LISTS:
            browser.go(page(server, path))
            height, too_wide = browser.run(
                "return [document.querySelector('.side').offsetHeight,"
                " document.documentElement.scrollWidth - window.innerWidth]"
            )
            assert height <= HEADER_SHARE * 844, path
            assert too_wide <= 0, path
        browser.run("document.querySelector('.menu > summary').click()")
        assert browser.run("return document.querySelector('.menu nav').offsetHeight") > 300
        assert browser.run("return document.querySelector('.side').offsetHeight") <= 126
        assert browser.complaints() == []


@pytest.mark.timeout(180)
def test_a_session_that_has_ended_shows_the_form(configured: Configured) -> None:
    """A page that comes again by itself does not show for ever what nobody may see any more."""
    require_chromium()
    server = configured(ACCOUNTS)
    with Chromium() as browser:
        sign_in(browser, server)
        browser.go(page(server, "/"))
        browser.tell("Network.clearBrowserCookies")
        browser.run("refresh()")
        deadline = time.monotonic() + 30
        while not browser.run("return document.querySelector('input[type=password]') !== null"):
            assert time.monotonic() < deadline, browser.text
        sign_in(browser, server)
        server.stop()
        browser.run("return refresh()")  # nobody answers: what is there stays
        assert "Overview" in browser.text
