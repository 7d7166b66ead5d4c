"""Secrets that can be recognised, sent in every way, are nowhere in what the server tells."""

import base64
import contextlib
import http.client
import json
import re
import smtplib
import socket
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

import pytest

from mailauth.login.event import Service
from mailauth.passwords.making import SCHEMES
from mailauth.testing import RunningServer
from mailauth.tokens import AUDIENCE, TokenIssuer
from tests.live.conftest import Configured
from tests.live.protocols.test_matrix import CELLS
from tests.live.support.library_clients import CANCEL, LOG_IN, Attempt, Then
from tests.live.support.mail_clients import Refused, log_in
from tests.live.support.raw_clients import BARE, begin
from tests.live.support.sasl_clients import ROWS, Credentials
from tests.live.support.ways import WAYS

CANARY = "cAnArY-9f3b7c51"
WRONG = "wRoNg-4d20aa68"

CONFIGURATION = f"""
[listen]
port_offset = 2000
[[user]]
name = "mary@mydomain.com"
password = "{CANARY}"
[block]
attempts = 100000
"""


def shapes(secret: bytes) -> set[bytes]:
    """How a secret could show: as it is, in any letter case, in base64 at any offset, in hex."""
    encoded = {base64.b64encode(b"\0" * offset + secret)[4:-4] for offset in range(3)}
    quoted = urllib.parse.quote(secret).encode()
    return {each.lower() for each in (secret, quoted, secret.hex().encode(), *encoded)}


def written(server: RunningServer) -> dict[str, bytes]:
    """Everything that the server has written, but for what we gave it."""
    ours = ("mailauth.toml", "users.passwd")
    return {
        str(path.relative_to(server.home)): path.read_bytes()
        for path in server.home.rglob("*")
        if path.is_file() and path.name not in ours
    }


def nothing_shows(secrets: set[bytes], said: dict[str, bytes]) -> None:
    """No secret is in anything that was said or written."""
    wanted = {shape for secret in secrets for shape in shapes(secret)}
    for name, content in said.items():
        lower = content.lower()
        for shape in wanted:
            assert shape not in lower, f"{shape!r} in {name}"


@pytest.mark.parametrize("secret", [CANARY, WRONG], ids=["right", "wrong"])
def test_no_password_is_written_anywhere(configured: Configured, secret: str) -> None:
    """DESIGN 2.2: not in a log, a journal, an exception; also when it was typed as the name."""
    server = configured(CONFIGURATION)
    for way in WAYS:
        for name, password in [
            ("mary@mydomain.com", secret),
            (secret, secret),
            (CANARY, secret),
            (CANARY, "x"),
        ]:
            with contextlib.suppress(Refused, smtplib.SMTPException):
                log_in(server, way, name, password)
    for bare in BARE:
        for line in (
            f"a LOGIN mary@mydomain.com {secret} surplus",
            f"PASS {secret}",
            f"AUTH PLAIN {base64.b64encode(secret.encode()).decode()}",
            f"EHLO x\r\nAUTH PLAIN {base64.b64encode(secret.encode()).decode()}",
            f"a AUTHENTICATE PLAIN {base64.b64encode(secret.encode()).decode()}",
            f"a LOGIN mary@mydomain.com {secret}" + "x" * 20_000,
        ):
            connection = socket.create_connection(("127.0.0.1", server.port(bare.listener)), 20)
            client = begin(connection, bare, server.trusting())
            client.say(line.encode())
            with contextlib.suppress(EOFError, OSError):
                client.hear(b"")
            client.close()
    assert server.stop() == 0
    files = written(server)
    assert len(files["logs/LoginAttempts.jsonl"].splitlines()) >= len(WAYS)
    nothing_shows({secret.encode()}, files)


def told(server: RunningServer, name: str, password: str) -> dict[str, bytes]:
    """Everything that the console and the API tell an administrator."""
    client = http.client.HTTPConnection("127.0.0.1", server.port("http"), timeout=20)
    said: dict[str, bytes] = {}

    def get(path: str, headers: dict[str, str]) -> bytes:
        client.request("GET", path, headers=headers)
        response = client.getresponse()
        said[path] = b"\n".join([str(response.headers).encode(), response.read()])
        assert response.status == 200, (path, response.status)
        return said[path]

    by_token = {"Authorization": f"Bearer {server.ready.api_token}"}
    openapi = get("/api/v1/openapi.json", {}).partition(b"\n\n")[2]
    described = json.loads(openapi[openapi.index(b"{") :])["paths"]
    for path in ["/metrics", *(path for path in described if "{" not in path)]:
        if path == "/metrics" or "get" in described[path]:
            get(path + ("?limit=1000" if "attempts" in path else ""), by_token)
    client.request("GET", "/sign-in")
    page = client.getresponse()
    cookies = {value.partition(";")[0] for value in page.msg.get_all("Set-Cookie", [])}
    hidden = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', page.read().decode())
    fields = {**dict(hidden), "username": name, "password": password}
    form = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": "; ".join(cookies)}
    client.request("POST", "/sign-in", urllib.parse.urlencode(fields), form)
    signed_in = client.getresponse()
    assert signed_in.status == 303
    signed_in.read()
    cookies |= {value.partition(";")[0] for value in signed_in.msg.get_all("Set-Cookie", [])}
    waiting = ["/"]
    while waiting and len(said) < 150:
        path = waiting.pop(0)
        page_text = get(path, {"Cookie": "; ".join(cookies)}).decode("utf-8", "replace")
        for found in re.findall(r'href="(/[^"#]*)"', page_text):
            link = found.replace("&amp;", "&")
            if link not in said and link not in waiting and not link.startswith("//"):
                waiting.append(link)
    client.close()
    return said


def fragments(responses: list[bytes]) -> set[bytes]:
    """What a client has sent, as a whole and in its parts, but for names and what is always so."""
    parts = {part for response in responses for part in re.split(rb"[\0\1 ,]", response)}
    parts |= {part[2:] for part in parts if part[:2] in (b"r=", b"p=")}
    return {
        part
        for part in {*responses, *parts}
        if len(part) >= 12
        and not part.removeprefix(b"n=").removeprefix(b"a=").endswith(b"mydomain.com")
        and not part.startswith(b"c=")
    }


ONE_WAY_EACH = [
    (way, mechanism)
    for way, mechanism in CELLS
    if way.listener in ("smtp", "pop3", "http", "imaps") and not way.starttls
]


@pytest.mark.parametrize("stored", ["plain", "scram-sha-256", "argon2id"])
def test_nothing_of_any_mechanism_is_written_or_told(
    tmp_path: Path, configured: Configured, stored: str
) -> None:
    """No password, token, challenge response or hash, whatever becomes of the login."""
    hashes = [SCHEMES[stored](secret) for secret in (CANARY, WRONG)]
    (tmp_path / "users.passwd").write_text(
        f"mary@mydomain.com:{hashes[0]}::::::role=admin app_phone={hashes[1]}\n"
        f"gone@mydomain.com:{hashes[0]}::::::nologin\n"
    )
    server = configured('[users]\nfile = "users.passwd"\n[block]\nfriendly = ["127.0.0.1"]\n')
    issuer = TokenIssuer(server.home / ".mailauth", time.time)
    tokens = [issuer.issue("mary@mydomain.com", life, AUDIENCE) for life in (600, -1)]
    sent: list[bytes] = []
    for _ in range(6):
        wrong = Attempt("PLAIN", Credentials("mary@mydomain.com", WRONG + "x"), "127.0.0.9")
        LOG_IN[Service.SMTP](server, ONE_WAY_EACH[0][0], wrong)
    for way, mechanism in ONE_WAY_EACH:
        malformed = ROWS[mechanism].malformed if mechanism in ROWS else b"\0"
        for name, password, token, source, instead in (
            ("mary@mydomain.com", CANARY, tokens[0], "127.0.0.1", None),
            ("mary@mydomain.com", WRONG + "x", tokens[1], "127.0.0.1", None),
            ("gone@mydomain.com", CANARY, "no.token." + CANARY, "127.0.0.1", None),
            ("mary@mydomain.com", CANARY, tokens[0], "127.0.0.9", None),
            ("mary@mydomain.com", WRONG + "x", tokens[1], "127.0.0.9", None),
            ("mary@mydomain.com", CANARY, tokens[0], "127.0.0.1", malformed + CANARY.encode()),
            ("mary@mydomain.com", CANARY, tokens[0], "127.0.0.1", CANCEL),
            ("mary@mydomain.com", CANARY, tokens[0], "127.0.0.1", Then(CANARY.encode())),
        ):
            if (instead is CANCEL or isinstance(instead, Then)) and mechanism not in ROWS:
                continue
            responses: list[bytes] = []
            credentials = Credentials(name, password, token)
            attempt = Attempt(mechanism, credentials, source, instead, responses)
            LOG_IN[way.protocol](server, way, attempt)
            sent += responses
    secrets = {CANARY.encode(), WRONG.encode(), *(token.encode() for token in tokens)}
    secrets |= fragments(sent)
    for each in hashes:
        parts = re.split(r"[$,]", each.partition("}")[2])
        secrets |= {part.encode() for part in parts if len(part) >= 12 and "=" not in part[:3]}
    said = told(server, "mary@mydomain.com", CANARY)
    assert {"/", "/log", "/metrics", "/api/v1/attempts?limit=1000"} <= set(said)
    assert server.stop() == 0
    results = {event.result.value for event in server.attempts() if event.result is not None}
    assert {"success", "bad-credentials", "disabled", "blocked", "malformed"} <= results
    assert len(secrets) >= 15
    nothing_shows(secrets, {**said, **written(server)})


def test_nothing_is_printed(tmp_path: Path) -> None:
    """What `serve` prints for people: the page at its start, and each line."""
    (tmp_path / "mailauth.toml").write_text(CONFIGURATION)
    serve = [sys.executable, "-m", "mailauth", "serve", "--home", str(tmp_path), "--ephemeral"]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
        assert running.stdout is not None
        said = b""
        while b"Press Ctrl-C to stop" not in said:
            said += running.stdout.readline()
        [port] = re.findall(r"│ pop3 .*?│ +(\d+) │", said.decode())
        with socket.create_connection(("127.0.0.1", int(port)), 20) as connection:
            for line in ("mary@mydomain.com\r\nPASS " + WRONG, f"{CANARY}\r\nPASS {CANARY}"):
                connection.sendall(f"USER {line}\r\n".encode())
            connection.sendall(f"USER mary@mydomain.com\r\nPASS {CANARY}\r\n".encode())
            while b"[POP3] {UNSECURE} - mary@mydomain.com" not in said:
                said += running.stdout.readline()
        running.terminate()
        said += running.stdout.read()
    nothing_shows({CANARY.encode(), WRONG.encode()}, {"stdout": said})
