"""Courier: IMAP, POP3 and its MTA, with the accounts in a userdb."""

from mailauth.login.event import Service
from mailauth.report.foreign.verdict import Wire
from tools.servers.notes import Answer, Note, Way
from tools.servers.server import IMAP, POP3, SMTP, Server, Stage
from tools.servers.world import BOTH, HOST, World

_SERVICES = ("imapd", "imapd-ssl", "pop3d", "pop3d-ssl", "esmtpd", "esmtpd-ssl", "esmtpd-msa")


class Courier(Server):
    page = "courier"
    packages = ("courier-imap", "courier-pop", "courier-mta", "courier-authlib-userdb")
    doors = (*IMAP, *POP3, *SMTP)
    ways = (Way.PLAIN, Way.LOGIN)
    takes_mail = False

    def set_up(self, world: World) -> None:
        world.users("courier", "vmail")
        world.directory("/var/vmail", "vmail:vmail")
        world.directory("/run/courier", "courier:courier")
        world.directory("/run/courier/authdaemon", "courier:courier", "750")
        world.directory("/var/lib/courier", "courier:courier")
        for name, password in self.passwords.items():
            home = f"/var/vmail/{name}"
            world.directory(home, "vmail:vmail")
            world.run("maildirmake.courier", f"{home}/Maildir")
            world.run("chown", "-R", "vmail:vmail", home)
            uid = world.run("id", "-u", "vmail").strip()
            world.run("userdb", name, "set", f"home={home}", f"uid={uid}", f"gid={uid}")
            crypt = world.run("openssl", "passwd", "-6", "-stdin", given=password).strip()
            world.run("userdb", name, "set", f"systempw={crypt}")
        world.run("chmod", "700", "/etc/courier/userdb")
        world.run("makeuserdb")
        world.add("/etc/courier/authdaemonrc", 'authmodulelist="authuserdb"\n')
        for name in ("imapd", "pop3d", "esmtpd"):
            world.write(f"/etc/courier/{name}.pem", world.path(BOTH).read_text(), 0o600)
            world.run("chown", "courier", f"/etc/courier/{name}.pem")

    def start(self, world: World) -> None:
        for service in _SERVICES:
            world.start(f"/usr/lib/courier/{service}", "start")
        _ = HOST, Wire, Answer

    def tells(self, note: Note, stage: Stage) -> bool:
        return note.service is not Service.SMTP
