"""`mailauth check`: the checks of `serve`, without starting the server."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from mailauth.certs import server as certificates
from mailauth.certs.ca import host_names
from mailauth.certs.clients import check_client_ca, client_ca
from mailauth.certs.pem import read_certificates
from mailauth.cli import on_purpose
from mailauth.cli.home import Home, home_options
from mailauth.config import Config, ListenerConfig, TlsMode
from mailauth.config.demo_password import DemoPassword
from mailauth.config.friendly_ip import read_friendly
from mailauth.config.secret_file import read_secret
from mailauth.login.accounts import Accounts
from mailauth.login.policy import APOP, Cleartext
from mailauth.net.listener_tls import asks_for_certificates, listener_context
from mailauth.origin.resolver import Resolver
from mailauth.sasl import MECHANISMS, Need


@click.command()
@home_options
@click.option("--dns", is_flag=True, help="Print the DNS records by which clients find the server.")
def check(home: Home, *, dns: bool) -> None:
    """Validate the configuration and print its listeners."""
    config = home.load()
    accounts = home.accounts(config)
    DemoPassword().check(accounts, config.listener)
    names = _certificate_names(home, config)
    Resolver(config.geoip, home.directory)
    read_friendly(home.directory)
    for index, reporter in enumerate(config.reporter):
        read_secret(f"reporter[{index}].token_file", home.directory / reporter.token_file)
    if dns:
        _print_dns_records(config, accounts)
        return
    _print_listeners(config)
    source = home.config_path or "the demo, without a configuration file"
    click.echo(f"{source}: {len(accounts)} account{'' if len(accounts) == 1 else 's'}, no mistakes")
    for warning in _warnings(config, accounts, names):
        click.echo(f"warning: {warning}", err=True)


def _print_listeners(config: Config) -> None:
    from mailauth.cli.framed import print_listeners, print_reporters

    print_listeners(config.listener, sys.stdout)
    print_reporters(config.reporter, sys.stdout)
    open_to_all = [each.name for each in config.listener if each.takes_mail_without_login]
    if open_to_all:
        click.echo(f"Accept mail for the accounts without a login: {', '.join(open_to_all)}")
    for line in on_purpose.told(config.listener):
        click.echo(line)


def _print_dns_records(config: Config, accounts: Accounts) -> None:
    from mailauth.setup.dns_records import mail_domains, srv_records
    from mailauth.setup.services import services_of

    services = services_of(config.listener)
    for domain in mail_domains(account.name for account in accounts):
        for record in srv_records(domain, config.hostname, services):
            click.echo(record)


def _certificate_names(home: Home, config: Config) -> list[str] | None:
    """Check certificates as `serve` does; return the server's names, or `None` without one."""
    listeners = [listener for listener in config.sockets if listener.tls is not TlsMode.NONE]
    if not listeners:
        return None
    now = datetime.now(UTC)
    vouching = client_ca(home.directory, config.tls)
    if any(map(asks_for_certificates, listeners)) and (config.tls.client_ca or vouching.exists()):
        check_client_ca(vouching, now)
    state = certificates.examine(home.directory, config.hostname, config.tls, now)
    if state in (certificates.State.NOTHING, certificates.State.DUE):
        return None
    store = certificates.store(home.directory, config.tls)
    for listener in listeners:
        if not asks_for_certificates(listener) or vouching.exists():
            listener_context(listener, config.tls, store)
    return host_names(read_certificates(store.certificate, "tls.certificate")[0])


def _warnings(config: Config, accounts: Accounts, names: list[str] | None) -> Iterator[str]:
    """Warn about settings that are valid but probably not intended."""
    if names is not None and not _covers(names, config.hostname.lower()):
        yield f'the certificate is not for hostname "{config.hostname}": clients will reject it'
    for listener in config.listener:
        if listener.tls is TlsMode.NONE and listener.cleartext is Cleartext.REFUSE:
            yield f'nobody can log in to "{listener.name}": it has no TLS and refuses cleartext'
        yield from _mechanism_warnings(listener, accounts)
    if all(account.disabled for account in accounts):
        yield "every account is disabled"
    schemes = sorted({account.secret.scheme for account in accounts})
    if len(schemes) > 1:
        yield (
            f"passwords are stored in several schemes ({', '.join(schemes)}): the response time can"
            " reveal whether an account exists"
        )
    elif schemes != ["PLAIN"] and any(account.app_passwords for account in accounts):
        yield (
            "accounts with app passwords take longer to reject a password: the response time can"
            " reveal that they exist"
        )


def _mechanism_warnings(listener: ListenerConfig, accounts: Accounts) -> Iterator[str]:
    for name in listener.mechanisms or ():
        need = Need.SHARED_SECRET if name == APOP else MECHANISMS[name].need
        if not accounts.serves(need):
            yield f'"{listener.name}" offers {name}, with which not every account can log in'
        if need is Need.CERTIFICATE and not asks_for_certificates(listener):
            yield f'"{listener.name}" offers {name} but does not ask for a client certificate'


def _covers(names: list[str], hostname: str) -> bool:
    """Return whether a certificate's name is the host's or a wildcard for it (RFC 9525 §6.3)."""
    return hostname in names or f"*.{hostname.partition('.')[2]}" in names
