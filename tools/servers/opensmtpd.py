"""OpenSMTPD. It takes no login without TLS."""

from tools.servers.notes import Note, Way
from tools.servers.server import SMTP, Server, Stage
from tools.servers.world import CERTIFICATE, KEY, World


class OpenSmtpd(Server):
    name = page = "opensmtpd"
    packages = ("opensmtpd",)
    suite = "trixie"  # bookworm's does no TLS: it was built for an older OpenSSL
    doors = SMTP
    ways = (Way.PLAIN, Way.PLAIN_AT_ONCE, Way.LOGIN)

    def set_up(self, world: World) -> None:
        world.users("opensmtpd", "opensmtpq")
        world.directory("/var/empty")
        world.directory("/var/lib/opensmtpd")
        world.run("chmod", "600", KEY)
        lines = []
        for name, password in self.passwords.items():
            crypt = world.run("openssl", "passwd", "-6", "-stdin", given=password).strip()
            lines.append(f"{name} {crypt}\n")
        world.write("/etc/smtpd-accounts", "".join(lines))
        world.write("/etc/smtpd.conf", _CONFIG)

    def start(self, world: World) -> None:
        world.start("smtpd", "-F")

    def tells(self, note: Note, stage: Stage) -> bool:
        return True


_CONFIG = f"""pki mail cert "{CERTIFICATE}"
pki mail key "{KEY}"
table accounts file:/etc/smtpd-accounts
listen on 0.0.0.0 port 25 tls pki mail auth-optional <accounts>
listen on :: port 25 tls pki mail auth-optional <accounts>
listen on 0.0.0.0 port 587 tls pki mail auth-optional <accounts>
listen on :: port 587 tls pki mail auth-optional <accounts>
listen on 0.0.0.0 port 465 smtps pki mail auth-optional <accounts>
action "drop" relay
match from any for any action "drop"
"""
