"""getmail, which has neither STLS nor STARTTLS."""

from pathlib import Path

from tests.live.support.programs import configuration, run
from tests.live.support.ways import HOST, Access, Care


def fetch(access: Access) -> str:
    """Take what is in a maildrop."""
    assert not access.way.starttls
    kind = f"Simple{access.way.protocol.value}{'SSL' if access.way.implicit else ''}Retriever"
    trusts = access.way.implicit and access.care is Care.FULL
    trust = f"ca_certs = {access.ca}\n" if trusts else ""
    mbox = access.home / "mbox"
    script = configuration(access.home / "deliver", f"#!/bin/sh\ncat >> {mbox}\n")
    Path(script).chmod(0o700)
    rc = configuration(
        access.home / "getmailrc",
        f"[retriever]\ntype = {kind}\nserver = {HOST}\nport = {access.port}\n"
        f"username = {access.name}\npassword = {access.password}\n{trust}"
        f"[destination]\ntype = MDA_external\npath = {script}\nallow_root_commands = true\n"
        "[options]\ndelete = true\nread_all = true\nreceived = false\ndelivered_to = false\n",
    )
    run("getmail", "--quiet", f"--getmaildir={access.home}", f"--rcfile={rc}", home=access.home)
    return mbox.read_text()
