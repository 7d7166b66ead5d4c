"""Numbers for Prometheus (`/metrics`): what was recorded, and what is open.

Counting costs the login path an entry in a dictionary; the text is made when it is asked for.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from time import perf_counter

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from mailauth.login.authority import Recorder
from mailauth.login.event import Attempt, Kind, LoginEvent, Protocol, Result
from mailauth.sasl import MECHANISMS
from mailauth.web.message import Request, Response
from mailauth.wire.pending import Pending

_OWN_MECHANISMS = ("IMAP-LOGIN", "USER-PASS", "APOP", "HTTP-BASIC", "HTTP-FORM", "HTTP-BEARER")
_KNOWN_MECHANISMS = frozenset((*MECHANISMS, *_OWN_MECHANISMS))
_OTHER = "other"  # what clients make up is not a label each

_REASON = re.compile(r"[a-z-]+")
_HANDSHAKE_FAILED = "tls-handshake-failed"

_BUCKETS = (0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0)


class Gauges(msgspec.Struct, frozen=True, kw_only=True):
    """What is counted when it is asked for, not when it changes."""

    connections_by_listener: Callable[[], dict[str, int]]
    blocked_addresses: Callable[[], int]
    event_streams: Callable[[], int]


class Metrics(Collector):
    """The counts of this server; a sink of the recorder."""

    def __init__(self) -> None:
        self._logins: Counter[tuple[Protocol | None, bool | None, Result | None, str]] = Counter()
        self._ended: Counter[tuple[Protocol | None, str]] = Counter()
        self._seconds = [0] * (len(_BUCKETS) + 1)
        self._seconds_in_all = 0.0
        self._gauges: Gauges | None = None
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def watch(self, gauges: Gauges) -> None:
        """Show these gauges too."""
        self._gauges = gauges

    def publish(self, event: LoginEvent) -> None:
        """Count an event."""
        if event.kind is Kind.LOGIN:
            mechanism = event.mechanism if event.mechanism in _KNOWN_MECHANISMS else None
            self._logins[event.protocol, event.secure, event.result, mechanism or _OTHER] += 1
        elif event.kind is Kind.CONNECTION:
            reason = _REASON.match(event.reason or "")
            self._ended[event.protocol, reason[0] if reason else _OTHER] += 1

    def recorded_in(self, seconds: float) -> None:
        """Count how long a record took to be written."""
        self._seconds[bisect_left(_BUCKETS, seconds)] += 1
        self._seconds_in_all += seconds

    def serve(self, _: Request) -> Response:
        """Answer in Prometheus's text format."""
        return Response(body=generate_latest(self._registry), content_type=CONTENT_TYPE_LATEST)

    def collect(self) -> Iterator[Metric]:
        """List the numbers as they are (`prometheus_client.registry.Collector`)."""
        yield self._login_counts()
        yield from self._connection_counts()
        yield self._record_times()
        if self._gauges is not None:
            yield from _gauges(self._gauges)

    def _login_counts(self) -> Metric:
        labels = ["service", "verdict", "result", "mechanism"]
        family = CounterMetricFamily("mailauth_logins", "Login attempts", labels=labels)
        for (protocol, secure, result, mechanism), count in self._logins.items():
            verdict = "SECURE" if secure else "UNSECURE"
            values = [_value(protocol), verdict, _value(result), mechanism]
            family.add_metric(values, count)
        return family

    def _connection_counts(self) -> Iterator[Metric]:
        ended = CounterMetricFamily(
            "mailauth_connections_without_login",
            "Connections that ended before a login was tried",
            labels=["service", "reason"],
        )
        handshakes = CounterMetricFamily(
            "mailauth_tls_handshake_failures", "Failed TLS handshakes", labels=["service"]
        )
        for (protocol, reason), count in self._ended.items():
            ended.add_metric([_value(protocol), reason], count)
            if reason == _HANDSHAKE_FAILED:
                handshakes.add_metric([_value(protocol)], count)
        return iter((ended, handshakes))

    def _record_times(self) -> Metric:
        family = HistogramMetricFamily(
            "mailauth_record_seconds", "How long it took to write a record"
        )
        bounds = [*(str(bound) for bound in _BUCKETS), "+Inf"]
        so_far = 0
        buckets: list[tuple[str, float]] = []
        for bound, count in zip(bounds, self._seconds, strict=True):
            so_far += count
            buckets.append((bound, so_far))
        family.add_metric([], buckets, self._seconds_in_all)
        return family


class TimedRecorder:
    """A recorder whose time is taken."""

    def __init__(self, recorder: Recorder, metrics: Metrics) -> None:
        self._recorder = recorder
        self._metrics = metrics

    def record(self, attempt: Attempt) -> LoginEvent | None | Pending[LoginEvent | None]:
        """Have the attempt recorded."""
        started = perf_counter()
        recorded = self._recorder.record(attempt)
        if isinstance(recorded, Pending):
            recorded.listen(lambda _: self._metrics.recorded_in(perf_counter() - started))
        else:
            self._metrics.recorded_in(perf_counter() - started)
        return recorded


def _gauges(gauges: Gauges) -> Iterable[Metric]:
    connections = GaugeMetricFamily("mailauth_connections", "Open connections", labels=["listener"])
    for listener, count in gauges.connections_by_listener().items():
        connections.add_metric([listener], count)
    blocked = gauges.blocked_addresses()
    streams = gauges.event_streams()
    return (
        connections,
        GaugeMetricFamily("mailauth_blocked_addresses", "Addresses that are blocked", blocked),
        GaugeMetricFamily("mailauth_event_streams", "Event streams that are open", streams),
    )


def _value(member: Protocol | Result | None) -> str:
    return member.value if member is not None else _OTHER
