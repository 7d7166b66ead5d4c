"""A machine of its own for a server: its files laid over this machine's, a network, a syslog.

All of it lives in namespaces (net, mount, pid, uts, ipc) that the caller has entered (`unshare`):
this machine's files are only read, its ports stay free, and what was started ends with them.
"""

import os
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from tools.servers.syslog import Syslog

HOST = "mail.example.com"
SERVER = "192.0.2.1"
SERVER_6 = "2001:db8::1"
CLIENTS = "198.51.100.0/24"  # each of its addresses can be a client's
CLIENTS_6 = tuple(f"2001:db8::{number:x}" for number in range(0x10, 0x20))
KEY, CERTIFICATE, BOTH = "/etc/mailauth.key", "/etc/mailauth.crt", "/etc/mailauth.pem"
_DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9)}
_START_SECONDS = 30.0


class World:
    """The files that a server sees are under `root`; what it logs to syslog is in `log`.

    Of folders that are `hidden`, only what the unpacked packages have in them is there.
    """

    def __init__(
        self,
        directory: Path,
        packages: Path | None,
        hidden: Iterable[str],
        *,
        iso_stamps: bool = False,
    ) -> None:
        self.root = directory / "root"
        self.log = directory / "mail.log"
        self._started: list[subprocess.Popen[bytes]] = []
        self.log.touch()
        _network()
        _mount("tmpfs", "tmpfs", directory / "layers")
        upper, work = directory / "layers" / "upper", directory / "layers" / "work"
        if packages is not None:
            subprocess.run(["cp", "-a", packages, upper], check=True)
        upper.mkdir(exist_ok=True)
        work.mkdir()
        for name in hidden:
            os.setxattr(upper / name, "trusted.overlay.opaque", b"y")
        options = f"lowerdir=/,upperdir={upper},workdir={work}"
        _mount("overlay", "overlay", self.root, "-o", options)
        self._devices()
        _mount("proc", "proc", self.root / "proc")
        _mount("tmpfs", "tmpfs", self.root / "run")
        self.write("/etc/hosts", f"127.0.0.1 localhost\n{SERVER} {HOST} mail\n")
        self.write("/etc/resolv.conf", "")
        self.write("/etc/mailname", f"{HOST}\n")
        self._certificate()
        self._syslog = Syslog(self.root / "dev" / "log", self.log, iso=iso_stamps)
        self._syslog.start()

    def path(self, name: str) -> Path:
        """Return where a file of the server's is."""
        return self.root / name.removeprefix("/")

    def has(self, name: str) -> bool:
        """Say whether there is such a file; a link is one, wherever it leads."""
        return os.path.lexists(self.path(name))

    def write(self, name: str, text: str, mode: int = 0o644) -> None:
        """Write a file, in place of a link too."""
        file = self.path(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.is_symlink():
            file.unlink()
        file.write_text(text)
        file.chmod(mode)

    def add(self, name: str, text: str) -> None:
        """Write on at the end of a file."""
        with self.path(name).open("a") as file:
            file.write(text)

    def directory(self, name: str, owner: str = "root:root", mode: str = "755") -> None:
        """Make a folder."""
        self.run("install", "-d", "-m", mode, name)
        self.run("chown", owner, name)

    def users(self, *names: str) -> None:
        """Make system users, each with a group of its name."""
        known = self.path("/etc/passwd").read_text()
        for number, name in enumerate(names, 900):
            if f"\n{name}:" not in known:
                home = "/var/lib/nothing"
                self.add("/etc/passwd", f"{name}:x:{number}:{number}::{home}:/usr/sbin/nologin\n")
                self.add("/etc/group", f"{name}:x:{number}:\n")

    def run(self, *command: str, given: str = "") -> str:
        """Run a program of the server's to its end; raises if it fails."""
        done = subprocess.run(
            ["chroot", str(self.root), *command],
            input=given.encode(),
            capture_output=True,
            check=False,
            timeout=120,
            env=_ENVIRONMENT,
        )
        said = (done.stdout + done.stderr).decode(errors="replace")
        if done.returncode != 0:
            raise OSError(f"{' '.join(command)} failed: {said.strip()[-2_000:]}")
        return said

    def start(self, *command: str) -> None:
        """Start a program of the server's that stays in the foreground, or leaves a daemon."""
        with (self.root.parent / "stderr").open("ab") as said:
            started = subprocess.Popen(
                ["chroot", str(self.root), *command],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env=_ENVIRONMENT,
                start_new_session=True,
            )
        self._started.append(started)

    def await_ports(self, ports: Iterable[int]) -> None:
        """Wait until the server listens; raises if it does not within half a minute."""
        deadline = time.monotonic() + _START_SECONDS
        for port in ports:
            while not _listens(port):
                if time.monotonic() > deadline:
                    raise OSError(f"nothing listens on port {port}: {self.said()}")
                time.sleep(0.05)

    def stop(self) -> None:
        """End all that runs in this world but this process and its children of other kinds."""
        for signum in (signal.SIGTERM, signal.SIGKILL):
            deadline = time.monotonic() + 5
            while pids := list(self._pids()):
                for pid in pids:
                    _kill(pid, signum)
                for started in self._started:
                    started.poll()
                if time.monotonic() > deadline:
                    break
                time.sleep(0.05)
        self._started.clear()

    def said(self) -> str:
        """What the server has said last, for an error."""
        texts = [self.root.parent / "stderr", self.log]
        said = [file.read_text(errors="replace")[-1_500:] for file in texts if file.exists()]
        return "\n".join(said)

    def settle(self) -> None:
        """Wait until the log has not grown for a while."""
        size, since = -1, time.monotonic()
        while time.monotonic() - since < 0.5:
            if (now := self.log.stat().st_size) != size:
                size, since = now, time.monotonic()
            time.sleep(0.05)

    def close(self) -> None:
        """End the syslog; the log is whole then."""
        self._syslog.stop()

    def _pids(self) -> Iterable[int]:
        """The processes whose root is this world's."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and entry.name not in ("1", str(os.getpid())):
                try:
                    root = (entry / "root").readlink()
                except OSError:
                    continue
                if root == self.root:
                    yield int(entry.name)

    def _devices(self) -> None:
        dev = self.root / "dev"
        _mount("tmpfs", "tmpfs", dev, "-o", "mode=755")
        for name, (major, minor) in _DEVICES.items():
            os.mknod(dev / name, stat.S_IFCHR | 0o666, os.makedev(major, minor))
            (dev / name).chmod(0o666)
        for name, target in (
            ("fd", "fd"),
            ("stdin", "fd/0"),
            ("stdout", "fd/1"),
            ("stderr", "fd/2"),
        ):
            (dev / name).symlink_to(f"/proc/self/{target}")
        (dev / "shm").mkdir()
        (dev / "shm").chmod(0o1777)

    def _certificate(self) -> None:
        self.run(
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", f"/CN={HOST}", "-keyout", KEY, "-out", CERTIFICATE),
        )
        pem = self.path(KEY).read_text() + self.path(CERTIFICATE).read_text()
        self.write(BOTH, pem, 0o600)


_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/root"}


def _network() -> None:
    socket.sethostname("mail")
    _ip("link", "set", "lo", "up")
    _ip("addr", "add", f"{SERVER}/32", "dev", "lo")
    _ip("route", "add", "local", CLIENTS, "dev", "lo")
    for address in (SERVER_6, *CLIENTS_6):
        _ip("-6", "addr", "add", f"{address}/128", "dev", "lo", "nodad")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def _mount(kind: str, what: str, where: Path, *options: str) -> None:
    where.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", kind, *options, what, str(where)], check=True)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((SERVER, port)) == 0


def _kill(pid: int, signum: int) -> None:
    try:
        os.kill(pid, signum)
    except ProcessLookupError:
        return


def tools_needed() -> list[str]:
    """Return the programs of this machine that are missing to make a world."""
    needed = ("setpriv", "unshare", "mount", "ip", "chroot", "openssl", "cp", "install")
    return [name for name in needed if shutil.which(name) is None]
