"""Postfix with SASL by libsasl; its services have the names that Debian gives them."""

from tools.servers.notes import Answer, Note, Way
from tools.servers.sasldb import MECHANISMS, write_accounts
from tools.servers.server import SMTP, Server, Stage
from tools.servers.world import CERTIFICATE, HOST, KEY, World


class Postfix(Server):
    name = page = "postfix"
    packages = ("postfix", "sasl2-bin", "libsasl2-modules")
    doors = SMTP
    ways = (Way.PLAIN, Way.PLAIN_AT_ONCE, Way.LOGIN, Way.CRAM_MD5)

    def set_up(self, world: World) -> None:
        world.users("postfix", "postdrop")
        world.directory("/var/lib/postfix", "postfix:postfix")
        for program in ("postqueue", "postdrop"):
            world.run("chgrp", "postdrop", f"/usr/sbin/{program}")
            world.run("chmod", "2755", f"/usr/sbin/{program}")
        write_accounts(world, self.passwords)
        world.write("/etc/postfix/sasl/smtpd.conf", _SASL)
        world.write("/etc/postfix/main.cf", _MAIN)
        master = world.path("/usr/share/postfix/master.cf.dist").read_text()
        world.write("/etc/postfix/master.cf", master + _MASTER)
        world.write("/etc/postfix/dynamicmaps.cf", "")
        world.run("postconf", "-F", "*/*/chroot = n")

    def start(self, world: World) -> None:
        world.run("postfix", "start")

    def tells(self, note: Note, stage: Stage) -> bool:
        """Refusals before STARTTLS are counted together with what came after it."""
        return not (note.answer is Answer.NOT_HERE and note.then_in)


_SASL = f"""pwcheck_method: auxprop
auxprop_plugin: sasldb
mech_list: {MECHANISMS}
"""
_MAIN = f"""compatibility_level = 3.6
myhostname = {HOST}
mydestination = example.com
local_recipient_maps =
local_transport = discard:
mynetworks = 127.0.0.0/8
inet_interfaces = all
inet_protocols = all
smtpd_tls_cert_file = {CERTIFICATE}
smtpd_tls_key_file = {KEY}
smtpd_tls_security_level = may
smtpd_sasl_auth_enable = yes
smtpd_client_connection_count_limit = 0
smtpd_client_auth_rate_limit = 0
"""
_MASTER = """
submission inet n - n - - smtpd
  -o syslog_name=postfix/submission
smtps inet n - n - - smtpd
  -o syslog_name=postfix/smtps
  -o smtpd_tls_wrappermode=yes
"""
