"""A real browser: Debian's Chromium without a window, driven by WebDriver (W3C).

WebDriver is JSON over HTTP, and a handful of its commands is all that tests need.
"""

import base64
import json
import re
import shutil
import subprocess
import time
from http.client import HTTPConnection
from types import TracebackType
from typing import Any, Self

import pytest

PROGRAMS = ("chromium", "chromedriver")
TRIES = 10  # to start the driver
SECONDS = 30.0  # for a page, or for what it is to show

_OPTIONS = [
    "--headless=new",
    "--no-sandbox",  # which root cannot have
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--hide-scrollbars",
    "--window-size=1280,900",
    "--force-color-profile=srgb",
]

# Tells when a condition holds, which is looked at whenever the page changes.
_WHEN = """
const [condition, seconds, tell] = arguments;
const holds = new Function("return " + condition);
const watch = new MutationObserver(() => holds() && end(holds()));
const late = setTimeout(() => end(null), seconds * 1000);
function end(outcome) { watch.disconnect(); clearTimeout(late); tell(outcome); }
if (holds()) end(holds()); else
watch.observe(document, {subtree: true, childList: true, characterData: true, attributes: true});
"""


class WebDriverError(Exception):
    """The browser could not do what it was told."""


class Chromium:
    """A browser with one window. Raises `WebDriverError`."""

    def __init__(self) -> None:
        self._driver: subprocess.Popen[str]
        self._port = 0
        self._session = ""

    def __enter__(self) -> Self:
        for _ in range(TRIES):
            self._driver = subprocess.Popen(
                ["chromedriver", "--port=0"],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            port = self._read_port()
            if port is not None:
                self._port = port
                break
            self._end()
        else:
            raise WebDriverError("chromedriver does not start")
        try:
            self._session = self._begin()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._send("DELETE", f"/session/{self._session}")
        finally:
            self._end()

    def go(self, url: str) -> None:
        """Open a page, and return when it has been loaded."""
        self._do("url", {"url": url})

    @property
    def text(self) -> str:
        """What somebody reads on the page."""
        return str(self.run("return document.querySelector('main').innerText"))

    def run(self, script: str, *arguments: object) -> Any:
        """Run a script in the page and return what it returns."""
        return self._do("execute/sync", {"script": script, "args": list(arguments)})

    def run_async(self, script: str, *arguments: object) -> Any:
        """Run a script whose last argument is a function, and return what it calls that with."""
        return self._do("execute/async", {"script": script, "args": list(arguments)})

    def when(self, condition: str) -> Any:
        """Wait until an expression is true in the page, and return its value."""
        outcome = self._do("execute/async", {"script": _WHEN, "args": [condition, SECONDS]})
        assert outcome is not None, f"{condition} did not come true: {self.text}"
        return outcome

    def fill(self, selector: str, text: str) -> None:
        """Type into a field."""
        self._do(f"element/{self._element(selector)}/value", {"text": text})

    def submit(self, selector: str) -> None:
        """Click on a form's button, and return when the page that this opens has been loaded."""
        self.run("document.left = true")
        self._do(f"element/{self._element(selector)}/click", {})
        deadline = time.monotonic() + SECONDS
        while not self.run("return document.readyState === 'complete' && !document.left"):
            assert time.monotonic() < deadline, f"{selector} opens no page: {self.text}"

    def complaints(self) -> list[str]:
        """Return the errors of scripts and the violations of policy since the last time."""
        entries = self._do("se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

    def tell(self, command: str, **parameters: object) -> Any:
        """Give a command of the DevTools protocol, for what WebDriver does not know."""
        return self._do("goog/cdp/execute", {"cmd": command, "params": parameters})

    def picture(self) -> bytes:
        """Return the whole page as a PNG."""
        taken = self.tell("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(taken["data"])

    def _element(self, selector: str) -> str:
        found = self._do("element", {"using": "css selector", "value": selector})
        return str(next(iter(found.values())))

    def _begin(self) -> str:
        wanted = {
            "browserName": "chrome",
            "acceptInsecureCerts": True,  # the server's CA is a test's own
            "goog:chromeOptions": {"args": _OPTIONS, "binary": shutil.which("chromium")},
            "goog:loggingPrefs": {"browser": "ALL"},
            "timeouts": {"script": int(2000 * SECONDS), "pageLoad": int(1000 * SECONDS)},
        }
        session = self._send("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        return str(session["sessionId"])

    def _do(self, command: str, body: object) -> Any:
        return self._send("POST", f"/session/{self._session}/{command}", body)

    def _send(self, method: str, path: str, body: object = None) -> Any:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=4 * SECONDS)
        content = json.dumps(body) if body is not None else None
        connection.request(method, path, content, {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())["value"]
        connection.close()
        if isinstance(answer, dict) and "error" in answer:
            raise WebDriverError(f"{answer['error']}: {answer['message'].splitlines()[0]}")
        return answer

    def _read_port(self) -> int | None:
        """Read where the driver listens; it ends if IPv6 does not have the port it got of IPv4."""
        assert self._driver.stdout is not None
        for line in self._driver.stdout:
            if found := re.search(r"started successfully on port (\d+)", line):
                return int(found[1])
        return None

    def _end(self) -> None:
        self._driver.terminate()
        self._driver.communicate()


def require_chromium() -> None:
    """Skip the test where there is no Chromium to drive."""
    for program in PROGRAMS:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
