"""The servers that are tried."""

from tools.servers.dovecot import Dovecot
from tools.servers.server import Server

SERVERS: dict[str, Server] = {server.page: server for server in (Dovecot(),)}
