"""Courier: IMAP and POP3, with the accounts in a userdb."""

from tools.servers.notes import Answer, Note, Way
from tools.servers.server import IMAP, POP3, Server, Stage
from tools.servers.world import BOTH, World

_SERVICES = ("authdaemond", "imapd", "imapd-ssl", "pop3d", "pop3d-ssl")


class Courier(Server):
    name = page = "courier"
    packages = ("courier-imap", "courier-pop", "courier-authlib-userdb")
    doors = (*IMAP, *POP3)
    ways = (Way.PLAIN, Way.LOGIN)

    def set_up(self, world: World) -> None:
        world.users("courier", "vmail")
        world.run("ln", "-sf", "makedat.courier", "/usr/bin/makedat")
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
        for name in ("imapd", "pop3d"):
            world.write(f"/etc/courier/{name}.pem", world.path(BOTH).read_text(), 0o600)
            world.run("chown", "courier", f"/etc/courier/{name}.pem")

    def start(self, world: World) -> None:
        for service in _SERVICES:
            places = (f"/usr/sbin/{service}", f"/usr/lib/courier/{service}")
            world.start(next(file for file in places if world.has(file)), "start")

    def tells(self, note: Note, stage: Stage) -> bool:
        """A login refused for want of TLS is not logged at all."""
        return note.answer is not Answer.NOT_HERE
