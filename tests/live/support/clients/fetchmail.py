"""fetchmail."""

from mailauth.login.hop import Security
from tests.live.support.programs import configuration, run
from tests.live.support.ways import HOST, Access, Care

_TLS = {
    Security.CLEARTEXT: "sslproto ''",
    Security.STARTTLS: "sslproto 'TLS1.2+'",
    Security.IMPLICIT: "ssl",
}


def fetch(access: Access) -> str:
    """Take what is in a maildrop."""
    check = "no sslcertck" if access.care is Care.ANY_SERVER else "sslcertck"
    rc = configuration(
        access.home / "fetchmailrc",
        f"poll {HOST} protocol {access.way.protocol.value.lower()} port {access.port} uidl\n"
        f"  user '{access.name}' password '{access.password}' {_TLS[access.way.security]}\n"
        f"  {check} sslcertfile '{access.ca}' sslcommonname {HOST}\n"
        f"  nokeep fetchall no rewrite mda '/bin/sh -c \"cat >> {access.home}/mbox\"'\n",
    )
    ids = str(access.home / "ids")
    run(
        *("fetchmail", "--nosyslog", "--fetchmailrc", rc, "--idfile", ids),
        *("--pidfile", str(access.home / "pid")),  # root's is everybody's, and a lock
        home=access.home,
    )
    return (access.home / "mbox").read_text()
