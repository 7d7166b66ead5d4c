"""`mailauth cert` (DESIGN 3)."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.commands import mailauth

ALICE = '[[user]]\nname = "alice"\npassword = "correct horse"\n'


def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    run = mailauth("cert", "show", cwd=tmp_path)
    assert run.returncode == 0
    assert run.stdout.startswith("there is no certificate yet")
    assert mailauth("cert", "trust", cwd=tmp_path).returncode == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_what_is_shown_is_what_openssl_shows(tmp_path: Path) -> None:
    assert mailauth("cert", "issue", cwd=tmp_path).returncode == 0
    shown = mailauth("cert", "show", cwd=tmp_path).stdout
    for file in ("ca.pem", "server.pem"):
        openssl = subprocess.run(
            ["openssl", "x509", "-noout", "-fingerprint", "-sha256"],
            input=(tmp_path / "certs" / file).read_text(),
            capture_output=True,
            text=True,
            check=True,
        )
        assert openssl.stdout.strip().partition("=")[2] in shown
    assert "host names: localhost\n" in shown


def test_a_host_that_the_ca_does_not_permit_is_exit_2_until_issued_anew(tmp_path: Path) -> None:
    mailauth("cert", "issue", cwd=tmp_path)
    ca = (tmp_path / "certs" / "ca.pem").read_bytes()
    (tmp_path / "mailauth.toml").write_text('hostname = "mail.example.org"\n' + ALICE)
    run = mailauth("check", cwd=tmp_path)
    assert run.returncode == 2
    assert "`mailauth cert issue`" in run.stderr
    issued = mailauth("cert", "issue", cwd=tmp_path)
    assert "must now trust this one" in issued.stdout
    assert (tmp_path / "certs" / "ca.pem").read_bytes() != ca
    assert mailauth("check", cwd=tmp_path).returncode == 0
    assert "mail.example.org, localhost" in mailauth("cert", "show", cwd=tmp_path).stdout


def test_the_clients_of_people_are_told_how_to_trust_it(tmp_path: Path) -> None:
    mailauth("cert", "issue", cwd=tmp_path)
    told = mailauth("cert", "trust", cwd=tmp_path).stdout
    assert str(tmp_path / "certs" / "ca.pem") in told
    for client in ("Thunderbird", "Firefox", "mutt", "Alpine", "curl", "swaks", "macOS", "Debian"):
        assert client in told


@pytest.mark.parametrize(
    ("listen", "ports"),
    [
        ("", ("imaps://localhost:2993/", "--port 2465 ")),
        ("[listen]\nport_offset = 0\n", ("imaps://localhost:993/", "--port 465 ")),
    ],
)
def test_the_ports_are_those_of_the_configuration(
    tmp_path: Path, listen: str, ports: tuple[str, str]
) -> None:
    (tmp_path / "mailauth.toml").write_text(listen + ALICE)
    mailauth("cert", "issue", cwd=tmp_path)
    told = mailauth("cert", "trust", cwd=tmp_path).stdout
    for port in ports:
        assert port in told


def test_an_own_certificate_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mailauth.toml").write_text('[tls]\ncertificate = "own.pem"\n' + ALICE)
    run = mailauth("cert", "issue", cwd=tmp_path)
    assert run.returncode == 2
    assert "own.pem was not issued by mailauth" in run.stderr


def test_a_client_certificate_is_issued_for_an_account(tmp_path: Path) -> None:
    """By another CA than the one that people trust, which stays as it is."""
    mailauth("cert", "issue", cwd=tmp_path)
    ca = (tmp_path / "certs" / "ca.pem").read_bytes()
    issued = mailauth("cert", "issue", "--client", "bob", cwd=tmp_path)
    assert issued.returncode == 0
    assert "no listener asks for it yet" in issued.stdout
    assert (tmp_path / "certs" / "clients" / "bob@mydomain.com.key").exists()
    (tmp_path / "mailauth.toml").write_text('[listen]\nclient_certificates = "wanted"\n' + ALICE)
    issued = mailauth("cert", "issue", "--client", "alice", "--expires", "1h", cwd=tmp_path)
    assert "no listener" not in issued.stdout
    shown = mailauth("cert", "show", cwd=tmp_path).stdout
    assert f"CA that vouches for clients: {tmp_path / 'certs' / 'client-ca.pem'}" in shown
    assert (tmp_path / "certs" / "ca.pem").read_bytes() == ca


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize(("expires", "good"), [("60s", True), ("-1d", False)])
def test_openssl_takes_a_client_certificate_until_it_expires(
    tmp_path: Path, expires: str, good: bool
) -> None:
    mailauth("cert", "issue", "--client", "bob", "--expires", expires, cwd=tmp_path)
    certs = tmp_path / "certs"
    openssl = subprocess.run(
        [
            *("openssl", "verify", "-purpose", "sslclient", "-CAfile", certs / "client-ca.pem"),
            certs / "clients" / "bob@mydomain.com.pem",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (openssl.returncode == 0) is good
    assert ("certificate has expired" in openssl.stderr) is not good


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["--client", "nobody"], 1, "error: there is no account nobody\n"),
        (["--expires", "60s"], 2, "error: --expires requires --client\n"),
        (["--client", "bob", "--expires", "soon"], 2, "expected a duration"),
    ],
)
def test_mistakes_make_nothing(tmp_path: Path, arguments: list[str], code: int, error: str) -> None:
    run = mailauth("cert", "issue", *arguments, cwd=tmp_path)
    assert (run.returncode, run.stdout) == (code, "")
    assert error in run.stderr
    assert list(tmp_path.iterdir()) == []
