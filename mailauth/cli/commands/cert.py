"""`mailauth cert`: the server's certificate, and how to make clients trust its CA."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import click
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from mailauth.certs import server as certificates
from mailauth.certs.ca import host_names
from mailauth.certs.client_ca import CLIENT_LIFETIME, CannotBeNamed
from mailauth.certs.clients import client_ca, issue_for_client
from mailauth.certs.pem import read_certificates
from mailauth.cli.duration import Duration
from mailauth.cli.home import Home, account_named, home_options
from mailauth.cli.running import running_services
from mailauth.config import Config
from mailauth.config.errors import printable
from mailauth.login.event import Service
from mailauth.net.listener_tls import asks_for_certificates
from mailauth.setup.services import OfferedService, services_of, tls_ports


@click.group()
def cert() -> None:
    """Show or issue certificates, and make clients trust the CA."""


@cert.command()
@home_options
def show(home: Home) -> None:
    """Print the certificate that the server shows and the CA that clients must trust."""
    config, now = home.load(), datetime.now(UTC)
    state = certificates.examine(home.directory, config.hostname, config.tls, now)
    store = certificates.store(home.directory, config.tls)
    if state is certificates.State.NOTHING:
        click.echo(
            "there is no certificate yet: `mailauth serve` or `mailauth cert issue` creates one"
        )
        return
    if store.certificate.exists():
        chain = read_certificates(store.certificate, "tls.certificate")
        click.echo(f"certificate: {store.certificate}")
        _describe(chain[0])
        if len(chain) > 1:
            click.echo(f"  sent with: {len(chain) - 1} more of its chain")
    if state is certificates.State.DUE:
        click.echo("  it will be issued again at the next start")
    if state is not certificates.State.OWN:
        click.echo(f"CA that clients must trust: {store.ca}")
        _describe(read_certificates(store.ca, "the CA")[0])
    vouching = client_ca(home.directory, config.tls)
    if any(map(asks_for_certificates, config.listener)) and vouching.exists():
        click.echo(f"CA that vouches for clients: {vouching}")
        _describe(read_certificates(vouching, "tls.client_ca")[0])


@cert.command()
@home_options
@click.option("--client", metavar="NAME", help="Issue a client certificate for this account.")
@click.option(
    "--expires",
    type=Duration(),
    metavar="DURATION",
    help="How long a client certificate is valid; -1s makes one that has expired.",
)
def issue(home: Home, client: str | None, expires: float | None) -> None:
    """Create a new CA and a certificate signed by it; clients must then trust the new CA.

    With --client, issue a certificate with which a client can log in (SASL EXTERNAL). It is signed
    by another CA, which only the server trusts.
    """
    config = home.load()
    if client is not None:
        _issue_for_client(home, config, client, expires)
        return
    if expires is not None:
        raise click.UsageError("--expires requires --client")
    store = certificates.issue_anew(home.directory, config.hostname, config.tls, datetime.now(UTC))
    click.echo(f"{store.ca} is a new CA: clients that trusted the old one must now trust this one")
    click.echo(f"{store.certificate} is signed by it; a running server shows it after SIGHUP")


@cert.command()
@home_options
def trust(home: Home) -> None:
    """Say how to make clients trust the CA."""
    config = home.load()
    store = certificates.store(home.directory, config.tls)
    state = certificates.examine(home.directory, config.hostname, config.tls, datetime.now(UTC))
    match state:
        case certificates.State.OWN:
            click.echo("The certificate is your own: clients must trust the CA that issued it.")
            return
        case certificates.State.NOTHING:
            raise click.ClickException(
                "there is no CA yet: `mailauth serve` or `mailauth cert issue` creates one"
            )
        case _:
            services = running_services(home)
            names = ", ".join(dict.fromkeys([config.hostname, "localhost"]))
            click.echo(
                _TRUST.format(
                    ca=store.ca,
                    host=config.hostname,
                    names=names,
                    imaps=_tls_port(services, config, Service.IMAP),
                    smtps=_tls_port(services, config, Service.SMTP),
                    whose="those of the running server"
                    if services is not None
                    else "those of the configuration: no server is running on this home",
                ),
                nl=False,
            )


def _issue_for_client(home: Home, config: Config, name: str, expires: float | None) -> None:
    account = account_named(home.accounts(config), name)
    lifetime = timedelta(seconds=expires) if expires is not None else CLIENT_LIFETIME
    try:
        issued = issue_for_client(
            home.directory, config.tls, account.name, datetime.now(UTC), lifetime
        )
    except CannotBeNamed as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{issued.certificate}: the certificate of {printable(account.name)}")
    click.echo(f"{issued.key}: its private key")
    if not any(map(asks_for_certificates, config.listener)):
        click.echo('no listener asks for it yet: set client_certificates = "wanted" or "required"')


def _tls_port(services: Sequence[OfferedService] | None, config: Config, protocol: Service) -> str:
    """Return a port with implicit TLS, or `PORT` if there is none.

    It is the port of the running server, or of the configuration if no server is running.
    """
    known = services if services is not None else services_of(config.listener)
    return str(tls_ports(known).get(protocol, "PORT"))


def _describe(certificate: x509.Certificate) -> None:
    names = host_names(certificate)
    click.echo(f"  subject: {certificate.subject.rfc4514_string()}")
    click.echo(f"  issuer: {certificate.issuer.rfc4514_string()}")
    if names:
        click.echo(f"  host names: {', '.join(names)}")
    click.echo(
        f"  valid: {certificate.not_valid_before_utc:%Y-%m-%d %H:%M}"
        f" to {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
    )
    click.echo(f"  SHA-256: {certificate.fingerprint(hashes.SHA256()).hex(':').upper()}")


_TRUST = """\
The CA can vouch only for {names} and loopback addresses. Give clients this file:
  {ca}

For a single command, with nothing installed (the ports are {whose}):
  curl        curl --cacert '{ca}' imaps://{host}:{imaps}/ --user 'NAME:PASSWORD'
  swaks       swaks --tlsc --tls-verify --tls-ca-path '{ca}' --server {host} --port {smtps} …
  openssl     openssl s_client -connect {host}:{imaps} -CAfile '{ca}'
  Python      ssl.create_default_context(cafile='{ca}')

In a client's configuration:
  mutt        set certificate_file = '{ca}'          (in ~/.muttrc)
  msmtp, mpop tls_trust_file {ca}
  mbsync      CertificateFile {ca}                   (isync's .mbsyncrc)
  fetchmail   sslcertfile '{ca}'
  getmail     ca_certs = {ca}
  OfflineIMAP sslcacertfile = {ca}
  s-nail      set tls-ca-file={ca}
  Alpine      SSL_CERT_FILE='{ca}' alpine            (in the environment)
  Thunderbird Settings / Privacy & Security / Certificates / Manage Certificates / Authorities /
              Import, and tick "Trust this CA to identify websites"

For all programs of a user or of the machine:
  Firefox, Thunderbird and Chromium by NSS (package libnss3-tools); DIR is their profile, for
  Chromium ~/.pki/nssdb:
    certutil -d sql:DIR -A -t C,, -n mailauth -i '{ca}'
  Debian, Ubuntu (as root):
    cp '{ca}' /usr/local/share/ca-certificates/mailauth.crt && update-ca-certificates
  Fedora (as root):
    cp '{ca}' /etc/pki/ca-trust/source/anchors/mailauth.pem && update-ca-trust
  macOS:
    security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db '{ca}'
"""
