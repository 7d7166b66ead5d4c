"""Pictures of every page of the console: light, dark and as wide as a phone, to be looked at.

    scripts/screenshots [DIRECTORY]

The logs are those of a replayed scenario: a small company in its third week with mailauth.
"""

import contextlib
import imaplib
import random
import socket
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from twisted.internet import reactor as installed
from twisted.internet.defer import Deferred
from twisted.internet.posixbase import PosixReactorBase

from mailauth.config import ServiceName, TlsMode
from mailauth.kit.replay import replay
from mailauth.kit.scenario import Login, Scenario
from mailauth.testing import RunningServer
from tests.live.support.webdriver import Chromium

TOP = Path(__file__).parent.parent

PAGES = (
    "/",
    "/?days=7",
    "/live",
    "/cases",
    "/insecure",
    "/exposures",
    "/cutoff",
    "/logins",
    "/countries",
    "/absent",
    "/account?name=bob@mydomain.com",
    "/accounts",
    "/connections",
    "/listeners",
    "/log",
    "/records/20",
    "/setup",
    "/nothing-here",
)

LONG = "jean-baptiste.de.la.salle-montgomery+newsletters@subsidiary.example-corporation.example"
OFFICE = "10.11.12."


class Person:
    """Somebody with an account: where they are, with which client, and when they learn of TLS."""

    def __init__(
        self,
        name: str,
        address: str,
        client: str,
        service: ServiceName = "imap",
        fixed_on_day: int = 0,
        often: int = 2,
    ) -> None:
        self.name = name if "@" in name else f"{name}@mydomain.com"
        self.address = address
        self.client = client
        self.service = service
        self.fixed_on_day = fixed_on_day
        self.often = often


NEVER = 99

PEOPLE = [
    Person("mary", OFFICE + "110", "Thunderbird 153.0"),
    Person("charle", "75.76.77.78", "iPhone Mail 23A341"),
    Person("charle", OFFICE + "105", "K-9 Mail 9.0", "smtp"),
    Person("jimmy", "91.12.13.14", "Thunderbird 153.0", fixed_on_day=9, often=3),
    Person("sue", OFFICE + "125", "mutt 2.2.13"),
    Person("sue", "217.140.96.7", "FairEmail 1.2250", fixed_on_day=15),
    Person("derek", "79.77.75.73", "Outlook 16.0", "smtp", fixed_on_day=NEVER),
    Person("michael", OFFICE + "115", "Roundcube 1.7", "imap", often=4),
    Person("bob", OFFICE + "102", "Thunderbird 91.2", fixed_on_day=NEVER, often=3),
    Person("bob", OFFICE + "102", "fetchmail 6.5", "pop3", fixed_on_day=12),
    Person("scanner", OFFICE + "30", "ScanToMail", "smtp", fixed_on_day=NEVER),
    Person(LONG, "90.63.22.9", "Mozilla Thunderbird for Enterprises 140.5.0esr", fixed_on_day=18),
]
DAYS = 21

LISTENERS = {
    "imap-none": "imap",
    "imap-starttls": "imap",
    "imap-implicit": "imaps",
    "pop3-none": "pop3",
    "pop3-starttls": "pop3",
    "pop3-implicit": "pop3s",
    "smtp-none": "submission",
    "smtp-starttls": "submission",
    "smtp-implicit": "smtps",
}

ADMIN = "root@mydomain.com"
PASSWORD = "secret"


def scenario(now: datetime) -> Scenario:
    """Three weeks of logins that end an hour ago."""
    chance = random.Random(2)
    logins = []
    for day in range(DAYS):
        morning = (now - timedelta(days=DAYS - 1 - day)).replace(hour=7, minute=0, second=0)
        if morning.weekday() >= 5 and chance.random() < 0.7:
            continue
        for person in PEOPLE:
            for _ in range(chance.randint(0, person.often)):
                at = morning + timedelta(
                    minutes=chance.uniform(0, 600), milliseconds=chance.uniform(0, 1000)
                )
                if at > now - timedelta(hours=1):
                    continue
                tls = chance.choice((TlsMode.IMPLICIT, TlsMode.IMPLICIT, TlsMode.STARTTLS))
                logins.append(
                    Login(
                        at=at,
                        service=person.service,
                        user=person.name,
                        address=person.address,
                        tls=TlsMode.NONE if day < person.fixed_on_day else tls,
                        client=person.client,
                        password="guess" if chance.random() < 0.02 else PASSWORD,
                    )
                )
    return Scenario(timezone="UTC", login=tuple(sorted(logins, key=lambda login: login.at)))


def replayed(logs: Path, played: Scenario) -> None:
    """Leave the scenario's logs."""
    reactor = cast(PosixReactorBase, installed)
    failures: list[object] = []

    def play() -> None:
        playing = Deferred.fromCoroutine(replay(played, logs, reactor))
        playing.addErrback(failures.append)
        playing.addBoth(lambda _: reactor.stop())

    reactor.callWhenRunning(play)
    reactor.run()
    if failures:
        raise SystemExit(f"error: {failures[0]}")
    journal = logs / "LoginAttempts.jsonl"
    written = journal.read_text("utf-8")
    for of_replay, of_server in LISTENERS.items():
        written = written.replace(f'"listener":"{of_replay}"', f'"listener":"{of_server}"')
    journal.write_text(written, "utf-8")


def configuration() -> str:
    """Everybody's account, and an administrator's; nobody is a friend, so that blocks show."""
    names = dict.fromkeys(person.name for person in PEOPLE)
    tables = [f'[[user]]\nname = "{name}"\npassword = "{PASSWORD}"\n' for name in names]
    tables.append(f'[[user]]\nname = "{ADMIN}"\npassword = "{PASSWORD}"\nrole = "admin"\n')
    return 'timezone = "UTC"\n[block]\nfriendly = []\n' + "".join(tables)


@contextlib.contextmanager
def busy(server: RunningServer) -> Iterator[None]:
    """Have some clients connected, and somebody blocked."""
    with contextlib.ExitStack() as clients:
        for name, port in (("mary", "imaps"), ("sue", "imaps"), ("bob", "imap")):
            client: imaplib.IMAP4
            if port == "imaps":
                client = imaplib.IMAP4_SSL(
                    "localhost", server.port(port), ssl_context=server.trusting()
                )
            else:
                client = imaplib.IMAP4("127.0.0.1", server.port(port))
            clients.enter_context(client)
            client.xatom("ID", '("name" "Thunderbird" "version" "153.0")')
            client.login(f"{name}@mydomain.com", PASSWORD)
        address = ("127.0.0.1", server.port("imap"))
        with socket.create_connection(address, source_address=("127.0.0.66", 0)) as guesser:
            for number in range(7):
                guesser.sendall(b"%d LOGIN admin@mydomain.com 123456\r\n" % number)
            guesser.sendall(b"bye LOGOUT\r\n")
            while guesser.recv(4096):
                pass
        yield


def photograph(browser: Chromium, server: RunningServer, directory: Path, who: str) -> None:
    """Take every page that somebody has, in every way."""
    pages = PAGES if who == "admin" else ("/",)
    for scheme in ("light", "dark"):
        for width, kind in ((1280, scheme), (390, f"phone-{scheme}")):
            browser.tell(
                "Emulation.setEmulatedMedia",
                features=[{"name": "prefers-color-scheme", "value": scheme}],
            )
            browser.tell(
                "Emulation.setDeviceMetricsOverride",
                width=width,
                height=844 if width < 500 else 800,
                deviceScaleFactor=1,
                mobile=width < 500,
            )
            for path in pages:
                browser.go(server_page(server, path))
                name = path.strip("/").replace("/", "-").replace("?", "-") or "home"
                picture = directory / f"{who}-{name}-{kind}.png"
                picture.write_bytes(browser.picture())
                too_wide = browser.run(
                    "return document.documentElement.scrollWidth - window.innerWidth"
                )
                if too_wide > 0:
                    print(f"{picture.name}: {too_wide} pixels too wide")
    for complaint in browser.complaints():
        if "404" not in complaint:
            print(complaint)


def server_page(server: RunningServer, path: str) -> str:
    return f"https://localhost:{server.port('https')}{path}"


def sign_in(browser: Chromium, server: RunningServer, name: str) -> None:
    browser.go(server_page(server, "/sign-in"))
    browser.fill("#username", name)
    browser.fill("#password", PASSWORD)
    browser.submit("button")


def main() -> None:
    """Take all pictures."""
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else TOP / "screenshots"
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mailauth-screenshots-") as home:
        now = datetime.now().astimezone().replace(microsecond=0)
        (Path(home) / "mailauth.toml").write_text(configuration())
        with Chromium() as browser, RunningServer(Path(home)) as empty:
            for name in ("sign-in", "setup"):
                browser.go(server_page(empty, f"/{name}"))
                (directory / f"visitor-{name}.png").write_bytes(browser.picture())
        replayed(Path(home) / "logs", scenario(now))
        with RunningServer(Path(home)) as server, busy(server), Chromium() as browser:
            sign_in(browser, server, ADMIN)
            photograph(browser, server, directory, "admin")
        with RunningServer(Path(home)) as server, Chromium() as browser:
            sign_in(browser, server, "bob@mydomain.com")
            photograph(browser, server, directory, "bob")
    print(f"{len(list(directory.glob('*.png')))} pictures in {directory}")


if __name__ == "__main__":
    main()
