"""Dovecot, from Debian's packages, on free ports and in a directory of its own."""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

from tools.bench.machine import wait_until_idle

_START_SECONDS = 20.0

# Dovecot's high-performance mode, with running processes for clients and a cache of logins
# (doc.dovecot.org, "Login processes"; the default is one process for each connection).
_HIGH_PERFORMANCE = """
auth_cache_size = 10 M
service imap-login { service_count = 0
  process_min_avail = 2
  client_limit = 4000 }
service pop3-login { service_count = 0
  process_min_avail = 2
  client_limit = 4000 }
service submission-login { service_count = 0
  process_min_avail = 2
  client_limit = 4000 }
service imap { service_count = 1000
  process_min_avail = 16 }
service pop3 { service_count = 1000
  process_min_avail = 16 }
service submission { service_count = 1000
  process_min_avail = 16 }
"""


_LISTENERS = ("imap", "imaps", "pop3", "pop3s", "submission")


class Dovecot:
    """One Dovecot with these accounts, all with the password `secret`.

    With a `core`, it runs on that one only, and is ready when it is idle.
    """

    def __init__(
        self,
        directory: Path,
        accounts: list[str],
        certificate: Path,
        key: Path,
        core: int | None = None,
        *,
        high_performance: bool = False,
    ) -> None:
        self._directory = directory
        self._core = core
        self._ports = {name: _free_port() for name in _LISTENERS}
        self._process: subprocess.Popen[bytes]
        self._relay = socket.create_server(("127.0.0.1", 0), backlog=4096)  # it never answers
        directory.mkdir(mode=0o755)
        users = directory / "users"
        users.write_text("".join(f"{name}:{{PLAIN}}secret\n" for name in accounts))
        self._file = directory / "dovecot.conf"
        self._file.write_text(
            _one_a_line(
                self._config(users, certificate, key)
                + (_HIGH_PERFORMANCE if high_performance else "")
            )
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def configure(self, settings: str) -> None:
        """Add settings before it starts."""
        with self._file.open("a") as file:
            file.write(_one_a_line(settings))

    def port(self, listener: str) -> int:
        """Return the port of a listener, by the name that ours has."""
        return self._ports[listener]

    def __enter__(self) -> Self:
        with (self._directory / "stderr").open("wb") as stderr:
            taskset = [] if self._core is None else ["taskset", "-c", str(self._core)]
            self._process = subprocess.Popen(
                [*taskset, _program(), "-F", "-c", self._file],
                stderr=stderr,
            )
        deadline = time.monotonic() + _START_SECONDS
        for port in self._ports.values():
            while not _listens(port):
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise OSError(f"Dovecot does not listen: {self._log()}")
                time.sleep(0.05)
        if self._core is not None:
            wait_until_idle(self.pid)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=20)
        self._relay.close()

    def _log(self) -> str:
        said = [self._directory / name for name in ("stderr", "log")]
        return "".join(file.read_text() for file in said if file.exists())

    def _config(self, users: Path, certificate: Path, key: Path) -> str:
        """The least that a configuration needs; nothing of it asks for root."""
        if os.geteuid() == 0:
            who, login, chroot = "dovecot", "dovenull", ""
        else:
            who = login = getpass.getuser()
            chroot = "".join(
                f"service {name} {{ chroot = }}\n"
                for name in ("imap-login", "pop3-login", "submission-login", "anvil")
            )
        mail = self._directory / "mail"
        mail.mkdir()
        shutil.chown(mail, who)
        return f"""
protocols = imap pop3 submission
base_dir = {self._directory}/run
state_dir = {self._directory}/state
log_path = {self._directory}/log
listen = 127.0.0.1
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login
default_internal_user = {who}
default_login_user = {login}
default_client_limit = 4000
default_process_limit = 1500
default_vsz_limit = 2 G
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{mail}/%u
mail_max_userip_connections = 0
submission_relay_host = 127.0.0.1
submission_relay_port = {self._relay.getsockname()[1]}
passdb {{ driver = passwd-file
  args = {users} }}
userdb {{ driver = static
  args = uid={who} gid={who} home={mail}/%u }}
service imap-login {{ inet_listener imap {{ port = {self._ports["imap"]} }}
  inet_listener imaps {{ port = {self._ports["imaps"]}
    ssl = yes }} }}
service pop3-login {{ inet_listener pop3 {{ port = {self._ports["pop3"]} }}
  inet_listener pop3s {{ port = {self._ports["pop3s"]}
    ssl = yes }} }}
service submission-login {{ inet_listener submission {{ port = {self._ports["submission"]} }} }}
{chroot}"""


def installed_version() -> str:
    """Return the version that is measured."""
    said = subprocess.run([_program(), "--version"], capture_output=True, text=True, check=True)
    return said.stdout.split()[0]


def _program() -> str:
    return shutil.which("dovecot", path=f"{os.defpath}:/usr/sbin") or "dovecot"


def _one_a_line(config: str) -> str:
    """Write one setting per line, and a line feed after each brace, as Dovecot requires."""
    return config.replace("{ ", "{\n").replace(" }", "\n}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
