"""POP3 clients that people use, on the plain port, by STLS and by implicit TLS."""

import poplib
import smtplib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailauth.testing import RunningServer
from tests.live.programs import configuration, run

USER = "mary@mydomain.com"
PASSWORD = "secret"
MAIL = b"From: bob@mydomain.com\r\nSubject: Dots\r\n\r\n.one\r\n..two\r\n.\r\nend\r\n"
BODY = ".one\n..two\n.\nend\n"
MODES = ("plain", "stls", "implicit")

Fetch = Callable[[RunningServer, str, Path], str]


def port(server: RunningServer, mode: str) -> int:
    return server.port("pop3s" if mode == "implicit" else "pop3")


def ca(server: RunningServer) -> str:
    assert server.ready.ca is not None
    return str(server.home / server.ready.ca)


def by_poplib(server: RunningServer, mode: str, home: Path) -> str:
    """The standard library's, which sends nearly every command there is."""
    trusting = server.trusting()
    if mode == "implicit":
        client: poplib.POP3 = poplib.POP3_SSL("localhost", port(server, mode), context=trusting)
    else:
        client = poplib.POP3("localhost", port(server, mode))
    assert "UIDL" in client.capa()
    if mode == "stls":
        client.stls(trusting)
    client.user(USER)
    client.pass_(PASSWORD)
    count, _ = client.stat()
    _, lines, _ = client.retr(count)
    assert len(client.uidl()[1]) == len(client.list()[1]) == count
    assert client.top(count, 0)[1][-1] == b""
    client.noop()
    client.dele(count)
    client.rset()
    client.dele(count)
    client.quit()
    return "\n".join(line.decode() for line in lines) + "\n"


def by_curl(server: RunningServer, mode: str, home: Path) -> str:
    scheme = "pop3s" if mode == "implicit" else "pop3"
    options = ["--ssl-reqd"] if mode == "stls" else []
    address = f"{scheme}://localhost:{port(server, mode)}/"
    curl = ["curl", "--silent", "--show-error", "--cacert", ca(server), *options]
    curl += ["--user", f"{USER}:{PASSWORD}", f"{address}1"]
    return run(*curl, home=home).replace("\r\n", "\n")


def by_mpop(server: RunningServer, mode: str, home: Path) -> str:
    tls = {
        "plain": "tls off",
        "stls": "tls on\ntls_starttls on",
        "implicit": "tls on\ntls_starttls off",
    }
    rc = configuration(
        home / "mpoprc",
        f"account default\nhost localhost\nport {port(server, mode)}\nuser {USER}\n"
        f"password {PASSWORD}\nauth on\n{tls[mode]}\ntls_trust_file {ca(server)}\n"
        f"delivery mbox {home}/mbox\nreceived_header off\nuidls_file {home}/uidls\n",
    )
    run("mpop", "--quiet", "--keep=off", f"--file={rc}", home=home)
    return (home / "mbox").read_text()


def by_fetchmail(server: RunningServer, mode: str, home: Path) -> str:
    tls = {"plain": "sslproto ''", "stls": "sslproto 'TLS1.2+'", "implicit": "ssl"}
    rc = configuration(
        home / "fetchmailrc",
        f"poll localhost protocol pop3 port {port(server, mode)} uidl\n"
        f"  user '{USER}' password '{PASSWORD}' {tls[mode]} sslcertck sslcertfile '{ca(server)}'\n"
        f"  sslcommonname localhost nokeep fetchall no rewrite\n"
        f"  mda '/bin/sh -c \"cat >> {home}/mbox\"'\n",
    )
    run("fetchmail", "--nosyslog", "--fetchmailrc", rc, "--idfile", f"{home}/ids", home=home)
    return (home / "mbox").read_text()


def by_getmail(server: RunningServer, mode: str, home: Path) -> str:
    if mode == "stls":
        pytest.skip("getmail has no STLS")
    kind = "SimplePOP3SSLRetriever" if mode == "implicit" else "SimplePOP3Retriever"
    trust = f"ca_certs = {ca(server)}\n" if mode == "implicit" else ""
    script = configuration(home / "deliver", f"#!/bin/sh\ncat >> {home}/mbox\n")
    Path(script).chmod(0o700)
    rc = configuration(
        home / "getmailrc",
        f"[retriever]\ntype = {kind}\nserver = localhost\nport = {port(server, mode)}\n"
        f"username = {USER}\npassword = {PASSWORD}\n{trust}"
        f"[destination]\ntype = MDA_external\npath = {script}\nallow_root_commands = true\n"
        "[options]\ndelete = true\nread_all = true\nreceived = false\ndelivered_to = false\n",
    )
    run("getmail", "--quiet", f"--getmaildir={home}", f"--rcfile={rc}", home=home)
    return (home / "mbox").read_text()


CLIENTS: dict[str, Fetch] = {
    "poplib": by_poplib,
    "curl": by_curl,
    "mpop": by_mpop,
    "fetchmail": by_fetchmail,
    "getmail": by_getmail,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all of them."""
    with RunningServer(tmp_path_factory.mktemp("server")) as running:
        yield running


def empty(server: RunningServer) -> int:
    """Empty the maildrop, and say how many messages were in it."""
    pop3 = poplib.POP3("127.0.0.1", server.port("pop3"))
    pop3.user(USER)
    pop3.pass_(PASSWORD)
    count, _ = pop3.stat()
    for number in range(1, count + 1):
        pop3.dele(number)
    pop3.quit()
    return count


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_fetches_mail(
    server: RunningServer, tmp_path: Path, client: str, mode: str
) -> None:
    """The mail comes as it was sent, all but curl empty the maildrop, and one login is one line."""
    empty(server)
    with smtplib.SMTP("127.0.0.1", server.port("smtp")) as smtp:
        smtp.sendmail("bob@mydomain.com", [USER], MAIL)
    before = len(server.logins())
    assert BODY in CLIENTS[client](server, mode, tmp_path)
    (login,) = server.logins()[before:]
    assert (login.protocol.value, login.secure, login.account, login.origin) == (
        "POP3",
        mode != "plain",
        USER,
        "LAN",
    )
    assert empty(server) == (1 if client == "curl" else 0)
