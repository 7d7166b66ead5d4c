"""Thunderbird without a screen, with a profile of its own, in a world of one machine."""

import os
import shutil
import subprocess
from pathlib import Path
from threading import Thread, Timer
from typing import IO, Any

from mailauth.testing import RunningServer
from tests.live.support.thunderbird.marionette import TIMEOUT, Marionette

START_SECONDS = 60.0
STOP_SECONDS = 20.0

_MAIL = (Path(__file__).parent / "mail.js").read_text("utf-8")
_LISTENING = b"Listening on port "


class Thunderbird:
    """A running Thunderbird, which takes every host for this machine.

    What it is told to do must be done within so many seconds.
    """

    def __init__(self, profile: Path, seconds: float = TIMEOUT) -> None:
        (profile / "user.js").write_text(
            'user_pref("marionette.port", 0);\n'
            'user_pref("network.dns.native-is-localhost", true);\n'
            'user_pref("network.dns.native_https_query", false);\n'
            'user_pref("network.socket.forcePort", "80=1;443=1");\n'  # where nobody is
            'user_pref("mail.suppressAlertsForTests", true);\n'  # nobody could close them
        )
        self._process = subprocess.Popen(
            [
                *("thunderbird", "--headless", "--no-remote", "--profile", str(profile)),
                *("--marionette", "--remote-allow-system-access"),
            ],
            env={**os.environ, "HOME": str(profile)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert self._process.stdout is not None
        timer = Timer(START_SECONDS, self._process.kill)
        timer.start()
        try:
            self._marionette = Marionette(_port(self._process.stdout), seconds)
        except BaseException:
            self._process.kill()
            raise
        finally:
            timer.cancel()
        rest = (self._process.stdout, profile / "output.txt")
        self._keeping = Thread(target=_keep, args=rest, daemon=True)
        self._keeping.start()

    def run(self, function: str, *arguments: object) -> Any:
        """Call a function of mail.js. Raises `ScriptError`."""
        return self._marionette.run(f"{_MAIL}\nreturn {function}(...arguments);", *arguments)

    def reach(self, server: RunningServer) -> None:
        """Have Thunderbird find a server at the ports of the web, and trust its CA."""
        ca = (server.home / "certs" / "ca.pem").read_text()
        self.run("reach", server.port("http"), server.port("https"), ca)

    def quit(self) -> None:
        """End it, by force when it hangs; then raises `TimeoutExpired`."""
        try:
            self._marionette.quit()
            self._process.wait(STOP_SECONDS)
        finally:
            self._process.kill()
            self._process.wait()
            self._keeping.join()


def _port(output: IO[bytes]) -> int:
    said = b""
    for line in output:
        said += line
        if _LISTENING in line:
            return int(line.partition(_LISTENING)[2])
    raise AssertionError(f"Thunderbird has ended: {said.decode(errors='replace')}")


def _keep(output: IO[bytes], path: Path) -> None:
    """Write what a program says into a file, until it ends."""
    with output, path.open("wb") as kept:
        shutil.copyfileobj(output, kept)
