"""The accounts in a SASL database, for servers that authenticate by libsasl."""

from collections.abc import Mapping

from tools.servers.world import World

MECHANISMS = "PLAIN LOGIN CRAM-MD5"


def write_accounts(world: World, passwords: Mapping[str, str]) -> None:
    """Write /etc/sasldb2, which all may read here."""
    for account, password in passwords.items():
        name, _, realm = account.partition("@")
        world.run("saslpasswd2", "-p", "-c", "-u", realm, name, given=password)
    world.run("chmod", "644", "/etc/sasldb2")
