"""The servers that are tried."""

from tools.servers.courier import Courier
from tools.servers.cyrus import Cyrus
from tools.servers.dovecot import Dovecot, Dovecot24
from tools.servers.exim import Exim
from tools.servers.nginx import Nginx
from tools.servers.opensmtpd import OpenSmtpd
from tools.servers.postfix import Postfix
from tools.servers.sendmail import Sendmail
from tools.servers.server import Server

_ALL = (Dovecot, Dovecot24, Postfix, Exim, Cyrus, Courier, Sendmail, Nginx, OpenSmtpd)
SERVERS: dict[str, Server] = {server.name: server() for server in _ALL}
