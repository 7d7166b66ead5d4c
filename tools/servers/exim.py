"""Exim with authenticators of its own."""

from pathlib import Path

from tools.servers.notes import Answer, Note, Way
from tools.servers.server import SMTP, Server, Stage
from tools.servers.world import CERTIFICATE, HOST, KEY, World

_FILE = "/etc/exim4/exim4.conf"
_MAIN_ENDS = "begin acl\n"


class Exim(Server):
    name = page = "exim"
    packages = ("exim4-daemon-heavy",)
    doors = SMTP
    ways = (Way.PLAIN, Way.PLAIN_AT_ONCE, Way.LOGIN, Way.CRAM_MD5)

    def set_up(self, world: World) -> None:
        world.users("Debian-exim")
        for folder in ("/var/log/exim4", "/var/spool/exim4"):
            world.directory(folder, "Debian-exim:Debian-exim")
        world.run("chown", "Debian-exim", KEY)
        passwords = "".join(f"{name}: {secret}\n" for name, secret in self.passwords.items())
        world.write("/etc/exim4/passwd", passwords)
        world.write(_FILE, _CONFIG)

    def start(self, world: World) -> None:
        world.start("exim4", "-bdf", "-q30m")

    def log(self, world: World) -> Path:
        return world.path("/var/log/exim4/mainlog")

    def write(self, world: World, file: str, text: str) -> None:
        """Settings belong to the main part, which ends where the first other part begins."""
        world.write(file, world.path(file).read_text().replace(_MAIN_ENDS, text + _MAIN_ENDS))

    def tells(self, note: Note, stage: Stage) -> bool:
        """By default only of logins that sent a mail, and of wrong passwords."""
        if note.answer is Answer.NOT_HERE:
            return False
        return note.answer is Answer.WRONG or note.mail or stage is not Stage.DEFAULT


_CONFIG = f"""OF_AUTH1 = ${{lookup{{$auth1}}lsearch{{/etc/exim4/passwd}}{{$value}}fail}}
OF_AUTH2 = ${{lookup{{$auth2}}lsearch{{/etc/exim4/passwd}}{{$value}}fail}}
primary_hostname = {HOST}
domainlist local_domains = example.com
daemon_smtp_ports = 25 : 587 : 465
tls_on_connect_ports = 465
tls_advertise_hosts = *
tls_certificate = {CERTIFICATE}
tls_privatekey = {KEY}
acl_smtp_rcpt = accept_all
smtp_accept_max = 100
{_MAIN_ENDS}
accept_all:
  accept

begin routers
drop:
  driver = redirect
  data = :blackhole:

begin authenticators
plain_server:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if eq{{$auth3}}{{OF_AUTH2}}}}
  server_set_id = $auth2

login_server:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${{if eq{{$auth2}}{{OF_AUTH1}}}}
  server_set_id = $auth1

cram_md5_server:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = OF_AUTH1
  server_set_id = $auth1
"""
