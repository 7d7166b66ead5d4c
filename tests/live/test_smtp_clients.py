"""SMTP clients that people use, on the plain port, by STARTTLS and by implicit TLS."""

import poplib
import smtplib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailauth.testing import RunningServer
from tests.live.programs import configuration, run

USER = "mary@mydomain.com"
PASSWORD = "secret"
RECIPIENT = "bob@mydomain.com"
BODY = ".one\n..two\n.\nend\n"
MAIL = f"From: {USER}\nTo: {RECIPIENT}\nSubject: Dots\n\n{BODY}"
MODES = ("plain", "starttls", "implicit")

Send = Callable[[RunningServer, str, Path], None]


def port(server: RunningServer, mode: str) -> int:
    return server.port("smtps" if mode == "implicit" else "submission")


def ca(server: RunningServer) -> str:
    assert server.ready.ca is not None
    return str(server.home / server.ready.ca)


def by_smtplib(server: RunningServer, mode: str, home: Path) -> None:
    trusting = server.trusting()
    if mode == "implicit":
        client: smtplib.SMTP = smtplib.SMTP_SSL("localhost", port(server, mode), context=trusting)
    else:
        client = smtplib.SMTP("localhost", port(server, mode))
    with client:
        if mode == "starttls":
            client.starttls(context=trusting)
        client.login(USER, PASSWORD)
        refused = client.sendmail(USER, [RECIPIENT], MAIL, mail_options=["BODY=8BITMIME"])
        assert refused == {}


def by_curl(server: RunningServer, mode: str, home: Path) -> None:
    scheme = "smtps" if mode == "implicit" else "smtp"
    options = ["--ssl-reqd"] if mode == "starttls" else []
    curl = ["curl", "--silent", "--show-error", "--cacert", ca(server), *options]
    curl += ["--user", f"{USER}:{PASSWORD}", "--mail-from", USER, "--mail-rcpt", RECIPIENT]
    curl += [
        "--upload-file",
        "-",
        "--crlf",
        f"{scheme}://localhost:{port(server, mode)}/me.example",
    ]
    run(*curl, home=home, given=MAIL)


def by_swaks(server: RunningServer, mode: str, home: Path) -> None:
    tls = {"plain": [], "starttls": ["--tls"], "implicit": ["--tls-on-connect"]}
    swaks = ["swaks", "--server", "localhost", "--port", str(port(server, mode)), *tls[mode]]
    swaks += ["--tls-verify", "--tls-ca-path", ca(server)] if mode != "plain" else []
    swaks += ["--auth-user", USER, "--auth-password", PASSWORD, "--from", USER, "--to", RECIPIENT]
    run(*swaks, "--data", "-", home=home, given=MAIL.removesuffix("\n"))  # it ends the line


def by_msmtp(server: RunningServer, mode: str, home: Path) -> None:
    tls = {
        "plain": "tls off",
        "starttls": "tls on\ntls_starttls on",
        "implicit": "tls on\ntls_starttls off",
    }
    rc = configuration(
        home / "msmtprc",
        f"account default\nhost localhost\nport {port(server, mode)}\nfrom {USER}\nuser {USER}\n"
        f"password {PASSWORD}\nauth plain\n{tls[mode]}\ntls_trust_file {ca(server)}\n",
    )
    run("msmtp", f"--file={rc}", RECIPIENT, home=home, given=MAIL)


def by_s_nail(server: RunningServer, mode: str, home: Path) -> None:
    scheme = "smtps" if mode == "implicit" else "smtp"
    name, password = USER.replace("@", "%40"), PASSWORD
    rc = configuration(
        home / "mailrc",
        f"set v15-compat\nset mta={scheme}://{name}:{password}@localhost:{port(server, mode)}\n"
        f"set smtp-auth=plain\n"
        + ("set smtp-use-starttls\n" if mode == "starttls" else "")
        + f"set tls-ca-file={ca(server)}\nset tls-verify=strict\nset from={USER}\n",
    )
    mail = ["s-nail", "-:/", "-X", f"source {rc}", "-s", "Dots", "-S", "sendwait", RECIPIENT]
    run(*mail, home=home, given=BODY)


CLIENTS: dict[str, Send] = {
    "smtplib": by_smtplib,
    "curl": by_curl,
    "swaks": by_swaks,
    "msmtp": by_msmtp,
    "s-nail": by_s_nail,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all of them."""
    with RunningServer(tmp_path_factory.mktemp("server")) as running:
        yield running


def newest(server: RunningServer) -> str:
    """Bob's newest message, by POP3."""
    pop3 = poplib.POP3("127.0.0.1", server.port("pop3"))
    pop3.user(RECIPIENT)
    pop3.pass_(PASSWORD)
    _, lines, _ = pop3.retr(pop3.stat()[0])
    pop3.quit()
    return b"".join(line + b"\n" for line in lines).decode()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_sends_mail(server: RunningServer, tmp_path: Path, client: str, mode: str) -> None:
    """The mail arrives as it was sent, and one login is one line."""
    before = len(server.logins())
    CLIENTS[client](server, mode, tmp_path)
    (login,) = server.logins()[before:]
    assert (login.protocol.value, login.secure, login.account, login.origin) == (
        "SMTP",
        mode != "plain",
        USER,
        "LAN",
    )
    message = newest(server)
    assert message.endswith(BODY)
    assert f"with {'ESMTPA' if mode == 'plain' else 'ESMTPSA'}\n" in message
