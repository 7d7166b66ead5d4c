"""Clients that refuse the server's certificate: the journal names the alert that they sent."""

from pathlib import Path

import pytest

from mailauth.login.event import Kind
from tests.live.support.programs import Failed, run
from tests.live.support.watching import Watched
from tests.live.support.ways import BOB, HOST, WAYS, Way

TLS = [way for way in WAYS if way.secure]
VERSIONS = ["1.2", "1.3"]
THE_YEAR_2100 = "4102444800"


def refuses(demo: Watched, way: Way, home: Path, *command: str) -> str:
    """Run a client that must fail; return what the journal says of it."""
    with pytest.raises(Failed):
        run(*command, home=home)
    demo.server.settled()
    (event,) = demo.events()
    assert (event.kind, event.result, event.exposed) == (Kind.CONNECTION, None, None)
    assert (event.listener, event.secure) == (way.listener, False)
    assert demo.logins() == []
    assert event.reason is not None
    return event.reason


def s_client(demo: Watched, way: Way, version: str, *options: str) -> tuple[str, ...]:
    starttls = ("-starttls", way.protocol.value.lower()) if way.starttls else ()
    return (
        *("openssl", "s_client", "-connect", f"{HOST}:{demo.port(way.listener)}"),
        *(f"-tls{version.replace('.', '_')}", "-verify_return_error", *starttls, *options),
    )


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("way", TLS, ids=str)
def test_openssl_does_not_know_the_ca(
    demo: Watched, tmp_path: Path, way: Way, version: str
) -> None:
    """RFC 8446 §6.2, RFC 5246 §7.2.2: unknown_ca."""
    reason = refuses(demo, way, tmp_path, *s_client(demo, way, version))
    assert reason == "tls-handshake-failed: tlsv1 alert unknown ca"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("way", TLS, ids=str)
def test_openssl_finds_that_the_certificate_has_expired(
    demo: Watched, tmp_path: Path, way: Way, version: str
) -> None:
    """A client of the year 2100: certificate_expired."""
    ca = demo.access(way, tmp_path, BOB).ca
    options = ("-CAfile", str(ca), "-attime", THE_YEAR_2100)
    reason = refuses(demo, way, tmp_path, *s_client(demo, way, version, *options))
    assert reason == "tls-handshake-failed: sslv3 alert certificate expired"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("way", TLS, ids=str)
def test_openssl_finds_another_host_name(
    demo: Watched, tmp_path: Path, way: Way, version: str
) -> None:
    """For a wrong name OpenSSL sends bad_certificate."""
    ca = demo.access(way, tmp_path, BOB).ca
    options = ("-CAfile", str(ca), "-verify_hostname", "other.example")
    reason = refuses(demo, way, tmp_path, *s_client(demo, way, version, *options))
    assert reason == "tls-handshake-failed: sslv3 alert bad certificate"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("way", TLS, ids=str)
def test_curl_does_not_know_the_ca(demo: Watched, tmp_path: Path, way: Way, version: str) -> None:
    url = demo.access(way, tmp_path, BOB).server
    options = (f"--tlsv{version}", "--tls-max", version, "--ssl-reqd", "--max-time", "20")
    reason = refuses(demo, way, tmp_path, "curl", "--silent", *options, f"{url}/")
    assert reason == "tls-handshake-failed: tlsv1 alert unknown ca"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("way", TLS, ids=str)
def test_gnutls_does_not_know_the_ca(demo: Watched, tmp_path: Path, way: Way, version: str) -> None:
    """Another library, and another alert for the same."""
    starttls = (f"--starttls-proto={way.protocol.value.lower()}",) if way.starttls else ()
    priority = f"NORMAL:-VERS-ALL:+VERS-TLS{version}"
    reason = refuses(
        *(demo, way, tmp_path, "gnutls-cli", "--priority", priority, *starttls),
        *("--port", str(demo.port(way.listener)), HOST),
    )
    assert reason == "tls-handshake-failed: sslv3 alert bad certificate"
