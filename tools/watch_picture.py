"""A picture of bob's story in the console of `mailauth watch`, for the documents.

    python -m tools.watch_picture [FILE]

A Dovecot's log is written as it would be over an hour: bob logs in in the clear, his client is
repointed, goes wrong once more, and the case closes by itself.
"""

import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from mailauth.control.client import ask
from mailauth.control.console import ConsoleLink, OpenConsole
from tests.live.support.running_watch import RunningWatch
from tests.live.support.webdriver import Chromium

PICTURE = Path("docs/images/watch-cases.png")
STORY = (
    (50, "bob@mydomain.com", "10.11.12.102", False),
    (44, "mary@mydomain.com", "10.11.12.110", True),
    (41, "bob@mydomain.com", "10.11.12.102", False),
    (33, "bob@mydomain.com", "10.11.12.102", True),
    (30, "derek@mydomain.com", "79.77.75.73", False),
    (27, "bob@mydomain.com", "10.11.12.102", False),
    (12, "jimmy@mydomain.com", "91.12.13.14", True),
    (9, "bob@mydomain.com", "10.11.12.102", True),
)


def main() -> None:
    """Take the picture."""
    picture = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE
    picture.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        log = Path(place) / "mail.log"
        log.touch()
        with RunningWatch(Path(place) / "watch", str(log)) as watch, Chromium() as browser:
            with log.open("a") as file:
                for minutes, user, address, tls in STORY:
                    stamp = datetime.now() - timedelta(minutes=minutes)
                    file.write(
                        f"{stamp:%b %d %H:%M:%S} mail dovecot: imap-login: Login: user=<{user}>, "
                        f"method=PLAIN, rip={address}, lip=10.11.12.1, mpid=135"
                        f"{', TLS' if tls else ''}\n"
                    )
            while len(watch.lines()) < len(STORY):
                time.sleep(0.1)
            browser.tell(
                "Emulation.setDeviceMetricsOverride",
                width=1280,
                height=640,
                deviceScaleFactor=1,
                mobile=False,
            )
            browser.go(ask(watch.home, OpenConsole(), ConsoleLink).url)
            cases = f"http://127.0.0.1:{watch.port('http')}/cases"
            browser.go(cases)
            while "fixed" not in browser.text:
                time.sleep(0.5)
                browser.go(cases)
            picture.write_bytes(browser.picture())
            print(f"{picture}: {picture.stat().st_size:,} octets; {browser.complaints()}")


if __name__ == "__main__":
    main()
