"""`[[reporter]]` tables, and the files that their secrets are in."""

import os
from pathlib import Path

import pytest

from mailauth.config import ConfigError, TlsMode, load, load_watching
from mailauth.config.secret_file import LONGEST, SHORTEST, read_secret

TABLE = {
    "kind": '"dovecot-policy"',
    "port": "5273",
    "token_file": '"dovecot.token"',
}
SECRET = "0123456789abcdef"


def toml(**keys: str | None) -> str:
    """Write a table that differs in this."""
    table = {key: value for key, value in (TABLE | keys).items() if value is not None}
    lines = [f"{key} = {value}" for key, value in table.items()]
    return "\n".join(["[[reporter]]", *lines, "[[user]]", 'name = "a"', 'password = "b"', ""])


def written(directory: Path, text: str) -> Path:
    path = directory / "mailauth.toml"
    path.write_text(text)
    return path


def test_the_defaults(tmp_path: Path) -> None:
    config = load(written(tmp_path, toml()))
    (reporter,) = config.reporter
    listener = reporter.listener
    assert (listener.name, listener.address, listener.port) == ("dovecot-policy", "127.0.0.1", 5273)
    assert listener.tls is TlsMode.NONE
    assert (reporter.implicit_ports, reporter.starttls_ports) == ((), ())
    assert listener not in config.listener
    assert config.sockets == (*config.listener, listener)


def test_it_can_have_any_free_port(tmp_path: Path) -> None:
    (reporter,) = load(written(tmp_path, toml()), ephemeral=True).reporter
    assert reporter.port == 0


def test_other_machines_report_over_tls(tmp_path: Path) -> None:
    text = toml(address='"::"', tls='"implicit"')
    (reporter,) = load(written(tmp_path, text)).reporter
    assert reporter.listener.tls is TlsMode.IMPLICIT


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"kind": '"dovecot"'}, 'reporter[0].kind: expected "dovecot-policy", got "dovecot"'),
        ({"kind": None}, "reporter[0].kind: missing"),
        ({"port": None}, "reporter[0].port: missing"),
        ({"port": "70000"}, "reporter[0].port: expected a whole number from 0 to 65535, got 70000"),
        ({"token_file": None}, "reporter[0].token_file: missing"),
        (
            {"token_file": '""'},
            'reporter[0].token_file: expected a string that is not empty, got ""',
        ),
        ({"token": '"x"'}, 'reporter[0].token: unknown key, did you mean "token_file"?'),
        ({"tls": '"starttls"'}, 'reporter[0].tls: expected "none" or "implicit", got "starttls"'),
        (
            {"address": '"0.0.0.0"'},
            'reporter[0].address: expected a loopback address where tls is "none", got "0.0.0.0"',
        ),
        (
            {"address": '"localhost"'},
            'reporter[0].address: expected an IP address such as "127.0.0.1" or "::1",'
            ' got "localhost"',
        ),
        (
            {"name": '"a b"'},
            'reporter[0].name: expected a short name of letters, digits, ".", "_" and "-",'
            ' got "a b"',
        ),
        ({"name": '"imap"'}, 'reporter[0].name: another listener is also called "imap"'),
        (
            {"port": "2143"},
            'reporter[0].port: 2143 is the port of both "imap" and "dovecot-policy"',
        ),
        (
            {"implicit_ports": "[993]", "starttls_ports": "[143, 993]"},
            "reporter[0].starttls_ports: 993 is listed in implicit_ports too",
        ),
        (
            {"implicit_ports": '["imaps"]'},
            'reporter[0].implicit_ports[0]: expected a whole number from 0 to 65535, got "imaps"',
        ),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, keys: dict[str, str | None], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, toml(**keys)))
    assert str(caught.value) == message


def test_watch_has_no_reporters(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^reporter: only `mailauth serve` has reporters"):
        load_watching(written(tmp_path, toml()))


def secret_in(directory: Path, text: str = SECRET, mode: int = 0o600) -> Path:
    path = directory / "secret"
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640])
@pytest.mark.parametrize("text", [SECRET, f"{SECRET}\n", f" {SECRET} \r\n", "~" * LONGEST])
def test_a_secret_is_one_line(tmp_path: Path, text: str, mode: int) -> None:
    assert read_secret("key", secret_in(tmp_path, text, mode)) == text.strip().encode()


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o601, 0o602, 0o620, 0o777])
def test_a_secret_that_is_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigError, match="is open to other users; make it private with chmod 600"):
        read_secret("key", secret_in(tmp_path, mode=mode))


@pytest.mark.parametrize(
    "text",
    ["", "\n", "CANARY", "CANARY" * 100, f"CANARY{SECRET}\n{SECRET}", f"CANARY {SECRET}", "é" * 20],
)
def test_what_is_not_a_secret_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_secret("key", secret_in(tmp_path, text))
    expected = f"expected one line of {SHORTEST} to {LONGEST} visible ASCII characters"
    assert str(caught.value) == f"key: {tmp_path / 'secret'}: {expected}"


def test_a_secret_is_in_a_regular_file(tmp_path: Path) -> None:
    """A pipe that nobody writes to keeps nobody waiting."""
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(ConfigError, match="is not a regular file"):
        read_secret("key", tmp_path / "pipe")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_secret("key", tmp_path)
    with pytest.raises(ConfigError, match="does not exist; create it with"):
        read_secret("key", tmp_path / "nothing")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_secret_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = secret_in(tmp_path)
    os.chown(path, 65_534, 65_534)
    with pytest.raises(ConfigError, match="belongs to another user"):
        read_secret("key", path)
