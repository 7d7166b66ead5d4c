"""sendmail with SASL by libsasl; what it is set up with is made of sendmail.mc by m4."""

import re

from tools.servers.notes import Answer, Note, Way
from tools.servers.sasldb import MECHANISMS, write_accounts
from tools.servers.server import SMTP, Server, Stage
from tools.servers.world import CERTIFICATE, KEY, SERVER_6, World

_MC = "/etc/mail/sendmail.mc"
_MAILERS = "MAILER_DEFINITIONS\n"
_DEFINED = re.compile(r"define\(`(\w+)'")
_ON_465 = "DAEMON_OPTIONS(`Family=inet, Name=Wrapped, Port=465, M=s')dnl\n"


class Sendmail(Server):
    name = page = "sendmail"
    packages = (
        *("sendmail-bin", "sendmail-cf", "sendmail-base", "sensible-mda", "m4"),
        *("sasl2-bin", "libsasl2-modules"),
    )
    doors = SMTP
    ways = (Way.PLAIN, Way.PLAIN_AT_ONCE, Way.LOGIN, Way.CRAM_MD5)
    ways_with_tls_only = (Way.PLAIN, Way.PLAIN_AT_ONCE, Way.LOGIN)

    def set_up(self, world: World) -> None:
        world.users("smmta", "smmsp")
        write_accounts(world, self.passwords)
        world.write("/usr/lib/sasl2/Sendmail.conf", _SASL)
        for folder in ("/var/spool/mqueue", "/var/lib/sendmail", "/run/sendmail/mta"):
            world.directory(folder, "smmta:smmsp", "750")
        world.run("chmod", "600", KEY)
        world.write("/etc/mail/local-host-names", "")
        world.write("/etc/mail/aliases", "")
        world.write(_MC, _CONFIG)

    def start(self, world: World) -> None:
        world.write("/etc/mail/sendmail.cf", world.run("m4", _MC))
        world.start("/usr/libexec/sendmail/sendmail", "-L", "sm-mta", "-bD", "-q30m")

    def write(self, world: World, file: str, text: str) -> None:
        """Settings come before the mailers; a daemon of the page takes the place of ours."""
        if file != _MC:
            super().write(world, file, text)
            return
        old = world.path(file).read_text()
        if "Port=smtps" in text:
            old = old.replace(_ON_465, "")
        for name in _DEFINED.findall(text):
            old = re.sub(rf"define\(`{name}'.*\n", "", old)
        world.write(file, old.replace(_MAILERS, text + _MAILERS))

    def tells(self, note: Note, stage: Stage) -> bool:
        return note.answer is not Answer.NOT_HERE


_SASL = f"""pwcheck_method: auxprop
auxprop_plugin: sasldb
mech_list: {MECHANISMS}
"""
_CONFIG = f"""divert(-1)dnl
divert(0)dnl
define(`_USE_ETC_MAIL_')dnl
include(`/usr/share/sendmail/cf/m4/cf.m4')dnl
VERSIONID(`tried by scripts/servers')dnl
OSTYPE(`debian')dnl
DOMAIN(`debian-mta')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`nocanonify')dnl
FEATURE(`accept_unresolvable_domains')dnl
define(`confDELIVERY_MODE', `queueonly')dnl
define(`confAUTH_MECHANISMS', `{MECHANISMS}')dnl
TRUST_AUTH_MECH(`{MECHANISMS}')dnl
define(`confSERVER_CERT', `{CERTIFICATE}')dnl
define(`confSERVER_KEY', `{KEY}')dnl
define(`confCACERT_PATH', `/etc/ssl/certs')dnl
define(`confCACERT', `{CERTIFICATE}')dnl
DAEMON_OPTIONS(`Family=inet, Name=MTA, Port=smtp')dnl
DAEMON_OPTIONS(`Family=inet6, Name=MTA-v6, Port=smtp, Addr={SERVER_6}')dnl
DAEMON_OPTIONS(`Family=inet, Name=MSA, Port=submission')dnl
DAEMON_OPTIONS(`Family=inet6, Name=MSA-v6, Port=submission, Addr={SERVER_6}')dnl
{_ON_465}{_MAILERS}MAILER(`local')dnl
MAILER(`smtp')dnl
"""
