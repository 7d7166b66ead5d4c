"""Cyrus: IMAP and POP3, with SASL by libsasl."""

from tools.servers.notes import Answer, Note, Way
from tools.servers.sasldb import MECHANISMS, write_accounts
from tools.servers.server import IMAP, POP3, Server, Stage
from tools.servers.world import CERTIFICATE, KEY, World


class Cyrus(Server):
    name = page = "cyrus"
    packages = ("cyrus-imapd", "cyrus-pop3d", "sasl2-bin", "libsasl2-modules")
    doors = (*IMAP, *POP3)
    ways = (Way.PLAIN, Way.PLAIN_AT_ONCE, Way.LOGIN, Way.CRAM_MD5)

    def set_up(self, world: World) -> None:
        world.users("cyrus")
        world.add("/etc/group", "mail-cyrus:x:899:cyrus\n")
        write_accounts(world, self.passwords)
        for folder in (
            "/var/lib/cyrus",
            "/var/spool/cyrus/mail",
            "/run/cyrus",
            "/run/cyrus/socket",
        ):
            world.directory(folder, "cyrus:cyrus")
        for part in ("db", "proc", "user", "quota", "socket", "log", "msg", "backup"):
            world.directory(f"/var/lib/cyrus/{part}", "cyrus:cyrus")
        world.run("chown", "cyrus", KEY)
        world.write("/etc/cyrus.conf", _SERVICES)
        world.write("/etc/imapd.conf", _CONFIG)

    def start(self, world: World) -> None:
        world.start("/usr/lib/cyrus/bin/master")

    def write(self, world: World, file: str, text: str) -> None:
        """A key must not be there twice: the page's takes the place of ours."""
        keys = tuple(line.partition(":")[0] + ":" for line in text.splitlines() if ":" in line)
        old = world.path(file).read_text().splitlines(keepends=True)
        kept = "".join(line for line in old if not line.startswith(keys))
        world.write(file, kept + text)

    def tells(self, note: Note, stage: Stage) -> bool:
        """A login refused for want of TLS is not logged at all."""
        return note.answer is not Answer.NOT_HERE


_SERVICES = """START {
  recover cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -r"
}
SERVICES {
  imap cmd="imapd" listen="imap" prefork=0 maxchild=50
  imaps cmd="imapd -s" listen="imaps" prefork=0 maxchild=50
  pop3 cmd="pop3d" listen="pop3" prefork=0 maxchild=50
  pop3s cmd="pop3d -s" listen="pop3s" prefork=0 maxchild=50
}
EVENTS {
}
"""
_CONFIG = f"""configdirectory: /var/lib/cyrus
proc_path: /run/cyrus/proc
mboxname_lockpath: /run/cyrus/lock
defaultpartition: default
partition-default: /var/spool/cyrus/mail
virtdomains: userid
unixhierarchysep: yes
altnamespace: no
autocreate_quota: 0
autocreate_users: anyone
allowplaintext: yes
allowstarttls: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_mech_list: {MECHANISMS}
tls_server_cert: {CERTIFICATE}
tls_server_key: {KEY}
syslog_prefix: cyrus
"""
