"""nginx as a mail proxy, between its clients and servers of a few lines that let everybody in."""

import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import ClassVar
from urllib.parse import unquote

from tools.servers.notes import Answer, Note, Way
from tools.servers.server import IMAP, POP3, SMTP, Server, Stage
from tools.servers.world import CERTIFICATE, KEY, World

_BACKENDS = {"imap": 1143, "pop3": 1110, "smtp": 1025}
_DIRECTIVE = "error_log"


class Nginx(Server):
    name = page = "nginx-mail"
    packages = ("nginx-core", "libnginx-mod-mail")
    doors = (*IMAP, *POP3, *SMTP)
    ways = (Way.PLAIN, Way.PLAIN_AT_ONCE, Way.LOGIN)
    takes_mail = False  # the server that it hands on to takes none

    def set_up(self, world: World) -> None:
        world.users("www-data")
        world.directory("/var/log/nginx")
        world.directory("/var/lib/nginx")
        world.write("/etc/nginx/nginx.conf", _CONFIG)

    def start(self, world: World) -> None:
        Asked.passwords = self.passwords
        servers = [ThreadingHTTPServer(("127.0.0.1", 9000), Asked)]
        for name, port in _BACKENDS.items():
            handler = type(name, (LetIn,), {"service": name})
            servers.append(ThreadingTCPServer(("127.0.0.1", port), handler))  # type: ignore[arg-type]
        for server in servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        world.start("nginx", "-g", "daemon off;")

    def log(self, world: World) -> Path:
        return world.path("/var/log/nginx/error.log")

    def write(self, world: World, file: str, text: str) -> None:
        """The log is set for all; what is about TLS belongs to the part about mail."""
        old = world.path(file).read_text()
        if text.startswith(_DIRECTIVE):
            kept = [line for line in old.splitlines(True) if not line.startswith(_DIRECTIVE)]
            world.write(file, text + "".join(kept))
        else:
            world.write(file, old.replace("    starttls on;\n", text))

    def tells(self, note: Note, stage: Stage) -> bool:
        """By default nothing, and never of a login that was refused for want of TLS."""
        return stage is not Stage.DEFAULT and note.answer is not Answer.NOT_HERE


class Asked(BaseHTTPRequestHandler):
    """Answers nginx whether a password is right (ngx_mail_auth_http_module)."""

    passwords: ClassVar[Mapping[str, str]] = {}

    def do_GET(self) -> None:
        user = unquote(self.headers["Auth-User"])
        is_right = self.passwords.get(user) == unquote(self.headers["Auth-Pass"])
        self.send_response(200)
        self.send_header("Auth-Status", "OK" if is_right else "Invalid login or password")
        if is_right:
            self.send_header("Auth-Server", "127.0.0.1")
            self.send_header("Auth-Port", str(_BACKENDS[self.headers["Auth-Protocol"]]))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class LetIn(StreamRequestHandler):
    """A mail server that says OK to everything."""

    service: ClassVar[str]

    def handle(self) -> None:
        {"imap": self._imap, "pop3": self._pop3, "smtp": self._smtp}[self.service]()

    def _imap(self) -> None:
        self._say(b"* OK ready")
        for line in self.rfile:
            tag, _, rest = line.strip().partition(b" ")
            while rest.endswith(b"}"):
                self._say(b"+ go on")
                self.rfile.read(int(rest[rest.rindex(b"{") + 1 : -1]))
                rest = self.rfile.readline().strip()
            self._say(tag + b" OK done")

    def _pop3(self) -> None:
        self._say(b"+OK ready")
        for _ in self.rfile:
            self._say(b"+OK")

    def _smtp(self) -> None:
        self._say(b"220 ready")
        for _ in self.rfile:
            self._say(b"250 OK")

    def _say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")


_CONFIG = f"""error_log /var/log/nginx/error.log;
load_module modules/ngx_mail_module.so;
worker_processes 1;
pid /run/nginx.pid;
events {{ worker_connections 512; }}
mail {{
    server_name mail.example.com;
    auth_http 127.0.0.1:9000/;
    ssl_certificate {CERTIFICATE};
    ssl_certificate_key {KEY};
    starttls on;
    imap_auth login plain;
    pop3_auth plain;
    smtp_auth login plain;
    xclient off;
    server {{ listen 143; listen [2001:db8::1]:143; protocol imap; }}
    server {{ listen 993 ssl; protocol imap; starttls off; }}
    server {{ listen 110; listen [2001:db8::1]:110; protocol pop3; }}
    server {{ listen 995 ssl; protocol pop3; starttls off; }}
    server {{ listen 25; listen [2001:db8::1]:25; protocol smtp; }}
    server {{ listen 587; listen [2001:db8::1]:587; protocol smtp; }}
    server {{ listen 465 ssl; protocol smtp; starttls off; }}
}}
"""
