"""Metrics for Prometheus (`/metrics`): counts of records, and of what is currently open.

Counting costs a login one dictionary entry; the text is generated on request.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator

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

from mailauth.login.ended import Ended, cause_of
from mailauth.login.event import Kind, LoginEvent, Result, Service
from mailauth.record.timing import BOUNDS, RecordTimes
from mailauth.sasl import MECHANISMS
from mailauth.web.http.message import Request, Response

_OWN_MECHANISMS = ("IMAP-LOGIN", "USER-PASS", "APOP", "HTTP-BASIC", "HTTP-FORM", "HTTP-BEARER")
_KNOWN_MECHANISMS = frozenset((*MECHANISMS, *_OWN_MECHANISMS))
_VERDICTS = {True: "SECURE", False: "UNSECURE", None: "UNKNOWN"}  # of another server's log only
_OTHER = "other"  # names that clients invent do not each get a label


class Gauges(msgspec.Struct, frozen=True, kw_only=True):
    """Values that are read on request."""

    connections_by_listener: dict[str, int]
    blocked_addresses: int
    event_streams: int
    record_times: RecordTimes


class Metrics(Collector):
    """The counts of this server; a sink of the recorder."""

    def __init__(self) -> None:
        self._logins: Counter[tuple[Service | None, bool | None, Result | None, str]] = Counter()
        self._ended: Counter[tuple[Service | None, Ended | None]] = Counter()
        self._look: Callable[[], Awaitable[Gauges]] | None = None
        self._gauges: Gauges | None = None
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def watch(self, look: Callable[[], Awaitable[Gauges]]) -> None:
        """Include these gauges."""
        self._look = look

    def publish(self, event: LoginEvent) -> None:
        """Count an event."""
        if event.kind is Kind.LOGIN:
            mechanism = event.mechanism if event.mechanism in _KNOWN_MECHANISMS else None
            self._logins[event.protocol, event.secure, event.result, mechanism or _OTHER] += (
                event.count
            )
        elif event.kind is Kind.CONNECTION:
            self._ended[event.protocol, cause_of(event.reason)] += event.count

    async def serve(self, _: Request) -> Response:
        """Return the metrics in Prometheus's text format."""
        if self._look is not None:
            self._gauges = await self._look()
        return Response(body=generate_latest(self._registry), content_type=CONTENT_TYPE_LATEST)

    def collect(self) -> Iterator[Metric]:
        """Return the current metrics (`prometheus_client.registry.Collector`)."""
        yield self._login_counts()
        yield from self._connection_counts()
        if self._gauges is not None:
            yield from _gauges(self._gauges)

    def _login_counts(self) -> Metric:
        labels = ["service", "verdict", "result", "mechanism"]
        family = CounterMetricFamily("mailauth_logins", "Login attempts", labels=labels)
        for (protocol, secure, result, mechanism), count in self._logins.items():
            values = [_value(protocol), _VERDICTS[secure], _value(result), mechanism]
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
        for (protocol, cause), count in self._ended.items():
            ended.add_metric([_value(protocol), cause.value if cause else _OTHER], count)
            if cause is Ended.TLS_HANDSHAKE_FAILED:
                handshakes.add_metric([_value(protocol)], count)
        return iter((ended, handshakes))


def _gauges(gauges: Gauges) -> Iterable[Metric]:
    connections = GaugeMetricFamily("mailauth_connections", "Open connections", labels=["listener"])
    for listener, count in gauges.connections_by_listener.items():
        connections.add_metric([listener], count)
    blocked = gauges.blocked_addresses
    streams = gauges.event_streams
    return (
        _record_times(gauges.record_times),
        connections,
        GaugeMetricFamily("mailauth_blocked_addresses", "Addresses that are blocked", blocked),
        GaugeMetricFamily("mailauth_event_streams", "Event streams that are open", streams),
    )


def _record_times(times: RecordTimes) -> Metric:
    family = HistogramMetricFamily("mailauth_record_seconds", "How long it took to write a record")
    bounds = [*(str(bound) for bound in BOUNDS), "+Inf"]
    so_far = 0
    buckets: list[tuple[str, float]] = []
    for bound, count in zip(bounds, times.counts, strict=True):
        so_far += count
        buckets.append((bound, so_far))
    family.add_metric([], buckets, times.seconds)
    return family


def _value(member: Service | Result | None) -> str:
    return member.value if member is not None else _OTHER
