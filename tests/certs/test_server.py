"""The certificates of a home (DESIGN 3, last paragraphs)."""

import os
import shutil
import ssl
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mailauth.certs.ca import (
    Authority,
    certificate_builder,
    distinguished_name,
    host_names,
    issue_server_certificate,
    new_authority,
    new_key,
)
from mailauth.certs.pem import read_certificates, write_certificate, write_key
from mailauth.certs.server import State, examine, issue_anew, prepare
from mailauth.config import ConfigError, TlsConfig
from mailauth.login.event import Service
from mailauth.net.tls_context import server_context
from tests.support.handshake import handshake, trusting

NOW = datetime.now(UTC)
TLS = TlsConfig()
OWN = TlsConfig(certificate="own.pem", key="own.key")
HOST = "mail.example.org"


def certificate(path: Path) -> x509.Certificate:
    return read_certificates(path, "test")[0]


def contents(home: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (home / "certs").iterdir()}


# What is made.


def test_first_start_makes_a_ca_and_a_certificate(tmp_path: Path) -> None:
    assert examine(tmp_path, HOST, TLS, NOW) is State.NOTHING
    assert list(tmp_path.iterdir()) == []
    store = prepare(tmp_path, HOST, TLS, NOW)
    assert sorted(contents(tmp_path)) == ["ca.key", "ca.pem", "server.key", "server.pem"]
    assert store.ca == tmp_path / "certs" / "ca.pem"
    assert examine(tmp_path, HOST, TLS, NOW) is State.GOOD


def test_keys_are_the_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        prepare(tmp_path, HOST, TLS, NOW)
    finally:
        os.umask(previous)
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "certs").iterdir()}
    assert modes == {"ca.key": 0o600, "ca.pem": 0o644, "server.key": 0o600, "server.pem": 0o644}


def test_a_key_that_cannot_be_written_whole_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "some.key"
    write_key(path, new_key())
    before = path.read_bytes()

    def disk_full(descriptor: int) -> None:
        assert stat.S_IMODE(os.fstat(descriptor).st_mode) == 0o600
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(OSError, match="No space left"):
        write_key(path, new_key())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_ca_can_vouch_for_its_host_and_this_machine_alone(tmp_path: Path) -> None:
    """RFC 5280 §4.2.1.10, critical; no path length, so that it may have an intermediate."""
    extensions = certificate(prepare(tmp_path, HOST, TLS, NOW).ca).extensions
    constraints = extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    assert constraints.value.permitted_subtrees == [
        x509.DNSName(HOST),
        x509.DNSName("localhost"),
        x509.IPAddress(IPv4Network("127.0.0.0/8")),
        x509.IPAddress(IPv6Network("::1/128")),
        x509.RFC822Name("invalid"),
        x509.UniformResourceIdentifier("invalid"),
    ]
    basic = extensions.get_extension_for_class(x509.BasicConstraints)
    assert basic.critical
    assert basic.value == x509.BasicConstraints(ca=True, path_length=None)


def test_a_certificate_lives_no_longer_than_clients_accept(tmp_path: Path) -> None:
    """Apple's limit is 398 days."""
    made = certificate(prepare(tmp_path, HOST, TLS, NOW).certificate)
    assert made.not_valid_after_utc - made.not_valid_before_utc <= timedelta(days=398)


def test_two_cas_never_share_a_name(tmp_path: Path) -> None:
    """A client that met both would take one for the other."""
    one, other = (new_authority(HOST, NOW).certificate for _ in range(2))
    assert one.subject != other.subject
    assert one.serial_number != other.serial_number


def test_a_long_host_name_does_not_break_the_subject(tmp_path: Path) -> None:
    """RFC 5280 appendix A.1: a common name has at most 64 characters."""
    host = ".".join(["a" * 60] * 3)
    assert host in host_names(certificate(prepare(tmp_path, host, TLS, NOW).certificate))


# Whether clients take it.


@pytest.mark.parametrize("name", [HOST, "localhost", "127.0.0.1", "::1"])
def test_a_careful_client_that_trusts_the_ca_connects(tmp_path: Path, name: str) -> None:
    store = prepare(tmp_path, HOST, TLS, NOW)
    context = server_context(store.certificate, store.key, Service.IMAP)
    _, client = handshake(context, trusting(store.ca), name)
    assert client.version() == "TLSv1.3"


def test_a_client_that_does_not_know_the_ca_refuses(tmp_path: Path) -> None:
    store = prepare(tmp_path, HOST, TLS, NOW)
    context = server_context(store.certificate, store.key, Service.IMAP)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(context, ssl.create_default_context())


@pytest.mark.parametrize("host", ["example.org", "evil.example", "mail.example.org.evil.example"])
def test_nothing_else_that_the_ca_signs_is_believed(tmp_path: Path, host: str) -> None:
    """A stolen CA key is of no use against other hosts, the parent domain included."""
    authority = new_authority(HOST, NOW)
    ca, path, key_path = tmp_path / "ca.pem", tmp_path / "x.pem", tmp_path / "x.key"
    key = new_key()
    write_certificate(ca, authority.certificate)
    write_certificate(path, issue_server_certificate(authority, host, key, NOW))
    write_key(key_path, key)
    context = server_context(path, key_path, Service.IMAP)
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        handshake(context, trusting(ca), host)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize(
    "check", [("-verify_hostname", HOST), ("-verify_hostname", "localhost"), ("-verify_ip", "::1")]
)
def test_openssl_finds_nothing_wrong(tmp_path: Path, check: tuple[str, str]) -> None:
    store = prepare(tmp_path, HOST, TLS, NOW)
    command = ["openssl", "verify", "-x509_strict", "-check_ss_sig", "-purpose", "sslserver"]
    verified = subprocess.run(
        [*command, *check, "-CAfile", str(store.ca), str(store.certificate)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert verified.returncode == 0, verified.stderr


OTHERS = [
    (x509.RFC822Name("a@evil.example"), "sslserver", False),
    (x509.RFC822Name("a@localhost"), "sslserver", False),
    (x509.UniformResourceIdentifier("spiffe://evil.example/a"), "sslserver", False),
    (x509.UniformResourceIdentifier("https://localhost/"), "sslserver", False),
    (x509.DNSName("evil.example"), "sslserver", False),
    (x509.DNSName("localhost"), "sslclient", False),
    (x509.DNSName("localhost"), "smimesign", False),
    (x509.DNSName("localhost"), "sslserver", True),
]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize(("name", "purpose", "good"), OTHERS)
def test_the_ca_vouches_for_nothing_but_our_servers(
    tmp_path: Path, name: x509.GeneralName, purpose: str, *, good: bool
) -> None:
    """RFC 5280 §4.2.1.10, §4.2.1.12: whoever has its key can pass for nobody else."""
    authority = new_authority(HOST, NOW)
    everything = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    leaf = (
        certificate_builder(
            distinguished_name("a"),
            authority.certificate.subject,
            new_key().public_key(),
            NOW - timedelta(hours=1),
            NOW + timedelta(days=1),
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([*everything, ExtendedKeyUsageOID.EMAIL_PROTECTION]),
            critical=False,
        )
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    for file, made in (("ca.pem", authority.certificate), ("leaf.pem", leaf)):
        (tmp_path / file).write_bytes(made.public_bytes(serialization.Encoding.PEM))
    verified = subprocess.run(
        ["openssl", "verify", "-purpose", purpose, "-CAfile", "ca.pem", "leaf.pem"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (verified.returncode == 0) is good, verified.stderr


@pytest.mark.skipif(shutil.which("certtool") is None, reason="gnutls-bin is not installed")
def test_gnutls_finds_nothing_wrong(tmp_path: Path) -> None:
    store = prepare(tmp_path, HOST, TLS, NOW)
    verified = subprocess.run(
        ["certtool", "--verify", "--verify-hostname", HOST, "--load-ca-certificate", str(store.ca)],
        input=store.certificate.read_bytes(),
        capture_output=True,
        check=False,
    )
    assert verified.returncode == 0, verified.stdout


@pytest.mark.skipif(shutil.which("certutil") is None, reason="libnss3-tools is not installed")
def test_nss_finds_nothing_wrong(tmp_path: Path) -> None:
    """NSS is what Thunderbird and Firefox verify with."""
    store = prepare(tmp_path, HOST, TLS, NOW)
    database = tmp_path / "nss"
    database.mkdir()
    for command in (
        ["-N", "--empty-password"],
        ["-A", "-n", "ca", "-t", "C,,", "-i", str(store.ca)],
        ["-A", "-n", "server", "-t", ",,", "-i", str(store.certificate)],
        ["-V", "-n", "server", "-u", "V"],
    ):
        done = subprocess.run(
            ["certutil", "-d", f"sql:{database}", *command],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


# What is kept, and what is issued again.


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    prepare(tmp_path, HOST, TLS, NOW)
    before = contents(tmp_path)
    prepare(tmp_path, HOST, TLS, NOW + timedelta(days=200))
    assert contents(tmp_path) == before


def test_a_certificate_is_issued_again_before_it_ends(tmp_path: Path) -> None:
    ca = prepare(tmp_path, HOST, TLS, NOW - timedelta(days=300)).ca.read_bytes()
    store = prepare(tmp_path, HOST, TLS, NOW)
    assert certificate(store.certificate).not_valid_after_utc > NOW + timedelta(days=390)
    assert store.ca.read_bytes() == ca
    context = server_context(store.certificate, store.key, Service.IMAP)
    handshake(context, trusting(store.ca))


def test_the_last_certificate_ends_with_its_ca_and_is_not_issued_at_every_start(
    tmp_path: Path,
) -> None:
    store = prepare(tmp_path, HOST, TLS, NOW)
    end = certificate(store.ca).not_valid_after_utc
    prepare(tmp_path, HOST, TLS, end - timedelta(days=20))
    before = contents(tmp_path)
    assert certificate(store.certificate).not_valid_after_utc == end
    prepare(tmp_path, HOST, TLS, end - timedelta(days=10))
    assert contents(tmp_path) == before


@pytest.mark.parametrize("damage", ["server.pem", "server.key"])
def test_what_is_missing_is_made_again(tmp_path: Path, damage: str) -> None:
    """Also what a crash between two writes leaves."""
    ca = prepare(tmp_path, HOST, TLS, NOW).ca.read_bytes()
    (tmp_path / "certs" / damage).unlink()
    store = prepare(tmp_path, HOST, TLS, NOW)
    assert store.ca.read_bytes() == ca
    server_context(store.certificate, store.key, Service.IMAP)


def test_a_key_of_another_certificate_of_ours_is_replaced(tmp_path: Path) -> None:
    store = prepare(tmp_path, HOST, TLS, NOW)
    write_key(store.key, new_key())
    assert examine(tmp_path, HOST, TLS, NOW) is State.DUE
    prepare(tmp_path, HOST, TLS, NOW)
    server_context(store.certificate, store.key, Service.IMAP)


def test_a_ca_key_without_its_certificate_is_a_first_start(tmp_path: Path) -> None:
    """The first start was interrupted: nobody can trust that CA yet."""
    store = prepare(tmp_path, HOST, TLS, NOW)
    store.ca.unlink()
    prepare(tmp_path, HOST, TLS, NOW)
    context = server_context(store.certificate, store.key, Service.IMAP)
    handshake(context, trusting(store.ca))


def test_a_host_below_the_permitted_one_is_issued_by_the_same_ca(tmp_path: Path) -> None:
    ca = prepare(tmp_path, HOST, TLS, NOW).ca.read_bytes()
    store = prepare(tmp_path, f"a.{HOST}", TLS, NOW)
    assert store.ca.read_bytes() == ca
    assert f"a.{HOST}" in host_names(certificate(store.certificate))


@pytest.mark.parametrize("host", ["example.org", "other.example.org", f"x{HOST}"])
def test_a_host_that_the_ca_does_not_permit_is_refused(tmp_path: Path, host: str) -> None:
    prepare(tmp_path, HOST, TLS, NOW)
    before = contents(tmp_path)
    with pytest.raises(
        ConfigError, match=rf'^hostname: .*"{host}".*`mailauth cert issue`.*must then trust'
    ):
        prepare(tmp_path, host, TLS, NOW)
    assert contents(tmp_path) == before


def test_issuing_anew_makes_a_new_ca_that_permits_the_host(tmp_path: Path) -> None:
    ca = prepare(tmp_path, HOST, TLS, NOW).ca.read_bytes()
    store = issue_anew(tmp_path, "example.org", TLS, NOW)
    assert store.ca.read_bytes() != ca
    assert examine(tmp_path, "example.org", TLS, NOW) is State.GOOD
    context = server_context(store.certificate, store.key, Service.IMAP)
    handshake(context, trusting(store.ca), "example.org")


def test_a_ca_that_has_expired_is_not_replaced_unasked(tmp_path: Path) -> None:
    prepare(tmp_path, HOST, TLS, NOW)
    with pytest.raises(ConfigError, match="has expired; `mailauth cert issue` creates a new CA"):
        prepare(tmp_path, HOST, TLS, NOW + timedelta(days=3651))


def test_a_ca_key_put_away_is_asked_for_only_when_it_is_needed(tmp_path: Path) -> None:
    store = prepare(tmp_path, HOST, TLS, NOW)
    store.ca_key.unlink()
    prepare(tmp_path, HOST, TLS, NOW + timedelta(days=396))
    with pytest.raises(ConfigError, match=r"^the CA's key: .*ca\.key cannot be read"):
        prepare(tmp_path, HOST, TLS, NOW + timedelta(days=398))


def test_starting_twice_at_once_makes_one_ca(tmp_path: Path) -> None:
    code = (
        "import sys; from datetime import datetime, UTC; from pathlib import Path\n"
        "from mailauth.config import TlsConfig; from mailauth.certs.server import prepare\n"
        "input()\n"
        "store = prepare(Path(sys.argv[1]), 'localhost', TlsConfig(), datetime.now(UTC))\n"
        "print(hash(store.ca.read_bytes()), hash(store.certificate.read_bytes()))\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
    seen = {process.communicate()[0] for process in processes}
    assert len(seen) == 1
    assert seen != {b""}
    assert examine(tmp_path, "localhost", TLS, datetime.now(UTC)) is State.GOOD


# A certificate of the user's own.


def subordinate_of(root: Authority) -> Authority:
    key = new_key()
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "intermediate")]))
        .issuer_name(root.certificate.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(hours=1))
        .not_valid_after(NOW + timedelta(days=1000))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(root.key, hashes.SHA256())
    )
    return Authority(made, key)


def self_sign(
    path: Path, key_path: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(hours=1))
        .not_valid_after(NOW + timedelta(days=90))
        .sign(key, hashes.SHA256())
    )
    write_certificate(path, made)
    write_key(key_path, key)


@pytest.fixture
def authority() -> Authority:
    return new_authority("own.example", NOW)


def bring(
    home: Path, authority: Authority, *, key: ec.EllipticCurvePrivateKey, now: datetime = NOW
) -> None:
    write_certificate(
        home / "own.pem", issue_server_certificate(authority, "own.example", key, now)
    )
    write_key(home / "own.key", key)


def test_an_own_certificate_is_served_and_nothing_is_made(
    tmp_path: Path, authority: Authority
) -> None:
    bring(tmp_path, authority, key=new_key())
    store = prepare(tmp_path, HOST, OWN, NOW)
    assert store.certificate == tmp_path / "own.pem"
    assert not (tmp_path / "certs").exists()


def test_an_own_certificate_is_served_with_its_chain(tmp_path: Path) -> None:
    """The client trusts the root alone; the intermediate comes from us."""
    root = new_authority("own.example", NOW)
    intermediate = subordinate_of(root)
    bring(tmp_path, intermediate, key=new_key())
    pem = serialization.Encoding.PEM
    with (tmp_path / "own.pem").open("ab") as file:
        file.write(intermediate.certificate.public_bytes(pem))
    (tmp_path / "root.pem").write_bytes(root.certificate.public_bytes(pem))
    store = prepare(tmp_path, HOST, OWN, NOW)
    context = server_context(store.certificate, store.key, Service.IMAP)
    handshake(context, trusting(tmp_path / "root.pem"), "own.example")


def test_an_own_certificate_where_ours_would_be_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "certs").mkdir()
    self_sign(tmp_path / "certs" / "server.pem", tmp_path / "certs" / "server.key", new_key())
    before = contents(tmp_path)
    assert examine(tmp_path, HOST, TLS, NOW) is State.OWN
    prepare(tmp_path, HOST, TLS, NOW)
    with pytest.raises(ConfigError, match="was not issued by mailauth, so it was not changed"):
        issue_anew(tmp_path, HOST, TLS, NOW)
    assert contents(tmp_path) == before


def test_an_own_certificate_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"^tls\.certificate: .*/own\.pem cannot be read: No such file"
    ):
        prepare(tmp_path, HOST, OWN, NOW)


def test_an_own_key_that_is_missing_is_told(tmp_path: Path, authority: Authority) -> None:
    bring(tmp_path, authority, key=new_key())
    (tmp_path / "own.key").unlink()
    with pytest.raises(ConfigError, match=r"^tls\.key: .*/own\.key cannot be read: No such file"):
        prepare(tmp_path, HOST, OWN, NOW)


@pytest.mark.parametrize("data", [b"", b"\x30\x82\x01", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_what_is_not_pem_is_told(tmp_path: Path, authority: Authority, data: bytes) -> None:
    bring(tmp_path, authority, key=new_key())
    (tmp_path / "own.key").write_bytes(data)
    with pytest.raises(
        ConfigError, match=r"^tls\.key: .* does not contain a private key in PEM form$"
    ):
        prepare(tmp_path, HOST, OWN, NOW)
    (tmp_path / "own.pem").write_bytes(data)
    with pytest.raises(
        ConfigError, match=r"^tls\.certificate: .* does not contain a certificate in PEM"
    ):
        prepare(tmp_path, HOST, OWN, NOW)


def test_a_key_with_a_passphrase_is_told(tmp_path: Path, authority: Authority) -> None:
    key = new_key()
    bring(tmp_path, authority, key=key)
    (tmp_path / "own.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"passphrase"),
        )
    )
    with pytest.raises(ConfigError, match=r"^tls\.key: .* needs a passphrase"):
        prepare(tmp_path, HOST, OWN, NOW)


def test_a_key_of_another_certificate_is_told(tmp_path: Path, authority: Authority) -> None:
    bring(tmp_path, authority, key=new_key())
    write_key(tmp_path / "own.key", rsa.generate_private_key(65537, 2048))
    with pytest.raises(ConfigError, match=r"^tls\.key: .*own\.key is not the key of .*own\.pem$"):
        prepare(tmp_path, HOST, OWN, NOW)


def test_a_chain_in_the_wrong_order_is_told(tmp_path: Path, authority: Authority) -> None:
    bring(tmp_path, authority, key=new_key())
    path = tmp_path / "own.pem"
    ca = authority.certificate.public_bytes(serialization.Encoding.PEM)
    path.write_bytes(ca + path.read_bytes())
    with pytest.raises(ConfigError, match="the server's certificate must be the first in"):
        prepare(tmp_path, HOST, OWN, NOW)


def test_a_certificate_out_of_its_time_is_told(tmp_path: Path, authority: Authority) -> None:
    bring(tmp_path, authority, key=new_key())
    with pytest.raises(ConfigError, match=r"^tls\.certificate: .*own\.pem expired on \d{4}-"):
        prepare(tmp_path, HOST, OWN, NOW + timedelta(days=400))
    with pytest.raises(ConfigError, match=r"own\.pem is not valid before \d{4}-\d\d-\d\d$"):
        prepare(tmp_path, HOST, OWN, NOW - timedelta(days=1))


def test_a_key_too_weak_for_openssl_is_told(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 1024)
    self_sign(tmp_path / "own.pem", tmp_path / "own.key", key)
    prepare(tmp_path, HOST, OWN, NOW)
    with pytest.raises(ConfigError, match=r"^tls\.certificate: .* is not usable: ee key too small"):
        server_context(tmp_path / "own.pem", tmp_path / "own.key", Service.IMAP)
