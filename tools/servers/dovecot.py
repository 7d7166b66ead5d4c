"""Dovecot: IMAP, POP3 and submission."""

from mailauth.login.event import Service
from mailauth.report.foreign.verdict import Wire
from tools.servers.notes import Answer, Note, Way
from tools.servers.server import IMAP, POP3, Door, Server, Stage
from tools.servers.world import CERTIFICATE, KEY, World

_CONFIG_2_3 = f"""
protocols = imap pop3 submission
hostname = mail.example.com
ssl = yes
ssl_cert = <{CERTIFICATE}
ssl_key = <{KEY}
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 scram-sha-256
mail_location = maildir:/var/vmail/%u
mail_max_userip_connections = 0
submission_relay_host = 127.0.0.1
passdb {{
  driver = passwd-file
  args = /etc/dovecot/users
}}
userdb {{
  driver = static
  args = uid=vmail gid=vmail home=/var/vmail/%u
}}
service submission-login {{
  inet_listener submissions {{
    port = 465
    ssl = yes
  }}
}}
!include_try conf.d/*.conf
"""
_CONFIG_2_4 = f"""
dovecot_config_version = 2.4.1
dovecot_storage_version = 2.4.1
protocols = imap pop3 submission
hostname = mail.example.com
ssl = yes
ssl_server_cert_file = {CERTIFICATE}
ssl_server_key_file = {KEY}
auth_allow_cleartext = yes
auth_mechanisms = plain login cram-md5 scram-sha-256
mail_driver = maildir
mail_path = /var/vmail/%{{user}}
mail_max_userip_connections = 0
submission_relay_host = 127.0.0.1
passdb passwd-file {{
  passwd_file_path = /etc/dovecot/users
}}
userdb static {{
  fields {{
    uid = vmail
    gid = vmail
    home = /var/vmail/%{{user}}
  }}
}}
service submission-login {{
  inet_listener submissions {{
    port = 465
    ssl = yes
  }}
}}
!include_try conf.d/*.conf
"""


class Dovecot(Server):
    name = page = "dovecot"
    settings_for = "2.3"
    packages = ("dovecot-core", "dovecot-imapd", "dovecot-pop3d", "dovecot-submissiond")
    doors = (
        *IMAP,
        *POP3,
        Door(Service.SMTP, Wire.CLEARTEXT, 587),
        Door(Service.SMTP, Wire.STARTTLS, 587),
        Door(Service.SMTP, Wire.IMPLICIT, 465),
    )
    ways = (Way.PLAIN, Way.PLAIN_AT_ONCE, Way.LOGIN, Way.CRAM_MD5, Way.DIGEST)
    takes_mail = False  # it hands mail on to another server, and there is none
    trusts_itself = True
    config = _CONFIG_2_3

    def tells(self, note: Note, stage: Stage) -> bool:
        """Not of attempts before a login of the same session, nor of AUTH that SMTP refused."""
        is_refused_smtp = note.service is Service.SMTP and note.answer is Answer.NOT_HERE
        return not (note.then_in or is_refused_smtp)

    def set_up(self, world: World) -> None:
        world.users("dovecot", "dovenull", "vmail")
        world.directory("/var/vmail", "vmail:vmail")
        users = "".join(f"{name}:{{PLAIN}}{secret}\n" for name, secret in self.passwords.items())
        world.write("/etc/dovecot/users", users)
        world.run("rm", "-rf", "/etc/dovecot/conf.d")
        world.write("/etc/dovecot/dovecot.conf", self.config)

    def start(self, world: World) -> None:
        world.start("dovecot", "-F")


class Dovecot24(Dovecot):
    name = "dovecot-2.4"
    settings_for = "2.4"
    suite = "trixie"
    hidden = ("usr/lib/dovecot", "etc/dovecot")
    config = _CONFIG_2_4
