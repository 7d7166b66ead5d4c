"""Commands name the ports at which the server listens, whatever was said at its start."""

import imaplib
import subprocess
import sys
from pathlib import Path

from mailauth.testing import RunningServer


def mailauth(*arguments: str, home: Path) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "mailauth", *arguments],
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return run.stdout


def test_advice_names_the_port_of_the_running_server(server: RunningServer) -> None:
    with imaplib.IMAP4("127.0.0.1", server.port("imap")) as client:
        client.login("bob@mydomain.com", "secret")
    port = server.port("imaps")
    assert f"change to port {port}, SSL/TLS" in mailauth("report", home=server.home)
    told = mailauth("cert", "trust", home=server.home)
    assert f"imaps://localhost:{port}/" in told
    assert f"--port {server.port('smtps')} " in told
    assert "the ports are those of the running server" in told
    lines = server.home / "logs" / "SuccessfulLogins.log"
    assert "; use SSL/TLS; " in mailauth("report", str(lines), home=server.home)
    server.stop()
    assert "; use SSL/TLS; " in mailauth("report", home=server.home)
    assert "no server is running on this home" in mailauth("cert", "trust", home=server.home)
