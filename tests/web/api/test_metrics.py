"""Numbers for Prometheus."""

from collections.abc import Callable

from prometheus_client.parser import text_string_to_metric_families

from mailauth.login.event import Attempt, Kind, LoginEvent, Result, Service
from mailauth.net.open_connections import OpenConnection
from mailauth.record.timing import TimedRecorder
from mailauth.wire.pending import Pending
from tests.support.events import START, event
from tests.web.browser import Browser, Connection, Server, basic, bearer


def numbers(server: Server) -> Callable[..., float | None]:
    """Return what looks a sample up by its name and labels."""
    answer = Connection(server).request("GET", "/metrics", bearer())
    assert answer.fields["content-type"].startswith("text/plain; version=")
    samples = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    return lambda name, **labels: samples.get((name, frozenset(labels.items())))


def test_metrics_need_the_token(server: Server) -> None:
    """DESIGN 4: a login is not enough."""
    for fields in ({}, basic("root@mydomain.com", "in charge"), bearer("x")):
        assert Connection(server).request("GET", "/metrics", fields).status == 401
    assert server.recorder.events == []


def test_logins_are_counted_by_service_verdict_result_and_mechanism(server: Server) -> None:
    Browser(server).sign_in("bob")
    Browser(server).sign_in("sue", "wrong")
    server.recorder.metrics.publish(event(9, secure=True))
    server.recorder.metrics.publish(
        event(10, result=Result.MECHANISM_UNKNOWN, mechanism="X-MADE-UP")
    )
    value = numbers(server)

    def logins(service: str, verdict: str, result: str, mechanism: str) -> float | None:
        labels = {"verdict": verdict, "result": result, "mechanism": mechanism}
        return value("mailauth_logins_total", service=service, **labels)

    assert logins("HTTP", "UNSECURE", "success", "HTTP-FORM") == 1
    assert logins("HTTP", "UNSECURE", "bad-credentials", "HTTP-FORM") == 1
    assert logins("IMAP", "SECURE", "success", "PLAIN") == 1
    assert logins("IMAP", "UNSECURE", "mechanism-unknown", "other") == 1


def test_connections_without_a_login_are_counted_by_reason(server: Server) -> None:
    for reason in ("tls-handshake-failed: unknown ca", "tls-handshake-failed: eof", "timeout"):
        server.recorder.metrics.publish(
            event(1, kind=Kind.CONNECTION, result=None, reason=reason, protocol=Service.SMTP)
        )
    value = numbers(server)
    labels = {"service": "SMTP", "reason": "tls-handshake-failed"}
    assert value("mailauth_connections_without_login_total", **labels) == 2
    assert value("mailauth_tls_handshake_failures_total", service="SMTP") == 2


def test_a_sum_counts_as_what_it_stands_for(server: Server) -> None:
    server.recorder.metrics.publish(event(1, result=Result.BLOCKED, mechanism=None, count=250))
    ended = {"kind": Kind.CONNECTION, "result": None, "reason": "no-attempt"}
    server.recorder.metrics.publish(event(2, count=30, **ended))
    server.recorder.metrics.publish(event(3, **ended))
    value = numbers(server)
    labels = {"service": "IMAP", "verdict": "UNSECURE", "result": "blocked", "mechanism": "other"}
    assert value("mailauth_logins_total", **labels) == 250
    labels = {"service": "IMAP", "reason": "no-attempt"}
    assert value("mailauth_connections_without_login_total", **labels) == 31


def test_what_is_open_is_shown(server: Server) -> None:
    server.operations.open = [
        OpenConnection(
            session="s",
            listener="imap",
            protocol=Service.IMAP,
            ip="10.0.0.1",
            port=4711,
            peer=None,
            secure=False,
            since=START,
        )
    ]
    for _ in range(6):
        server.authority.blocking.failed("192.0.2.1")
    value = numbers(server)
    assert value("mailauth_connections", listener="imap") == 1
    assert value("mailauth_blocked_addresses") == 1


class _Recorder:
    def __init__(self, answer: LoginEvent | None | Pending[LoginEvent | None]) -> None:
        self.answer = answer

    def record(self, attempt: Attempt) -> LoginEvent | None | Pending[LoginEvent | None]:
        return self.answer


def test_the_time_of_a_record_is_taken(server: Server) -> None:
    times = server.operations.times
    attempt = Attempt(kind=Kind.LOGIN)
    assert TimedRecorder(_Recorder(event(1)), times).record(attempt) == event(1)
    pending: Pending[LoginEvent | None] = Pending()
    TimedRecorder(_Recorder(pending), times).record(attempt)
    assert numbers(server)("mailauth_record_seconds_count") == 1
    pending.resolve(None)
    value = numbers(server)
    assert value("mailauth_record_seconds_count") == 2
    assert value("mailauth_record_seconds_bucket", le="+Inf") == 2
