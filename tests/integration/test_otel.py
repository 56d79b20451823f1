"""A run sends spans and metrics where the environment names an address."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any
from wsgiref.simple_server import make_server

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from sandbox.atribu import FULL_KEY, Size
from tests.integration.conftest import Elt, Serve
from tests.listening import Quiet

pytestmark = pytest.mark.untraced
SMALL = Size(visits_per_day=40, conversions_per_day=8, campaigns=2, ad_sets=1, ads=2, pages=8, keywords=5)
SYNC = ("sync", "atribu", "--resources", "timeseries,goals", "--today", "2026-02-20")


@contextmanager
def collector() -> Iterator[tuple[str, dict[str, bytes]]]:
    """Take what is sent, by its path."""
    sent: dict[str, bytes] = {}

    def app(environ: dict[str, Any], start: Any) -> list[bytes]:
        sent[environ["PATH_INFO"]] = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        start("200 OK", [("Content-Type", "application/x-protobuf")])
        return [b""]

    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", sent
        server.shutdown()


@pytest.mark.slow
def test_a_run_is_a_span_with_one_per_profile_and_figures_per_resource(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(size=SMALL)
    monkeypatch.setenv("SOURCES__ATRIBU__PROFILES__ACME__API_KEY", FULL_KEY)
    monkeypatch.delenv("SOURCES__ATRIBU__API_KEY")
    with collector() as (address, sent):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        done = elt(*SYNC, "--profile", "acme")
    assert done.code == 0, done.err

    trace = ExportTraceServiceRequest.FromString(sent["/v1/traces"])
    spans = {span.name: span for one in trace.resource_spans for scope in one.scope_spans for span in scope.spans}
    whole, part = spans["elt sync atribu"], spans["profile acme"]
    assert part.parent_span_id == whole.span_id
    assert whole.start_time_unix_nano <= part.start_time_unix_nano < part.end_time_unix_nano
    assert part.end_time_unix_nano <= whole.end_time_unix_nano
    told = {one.key: one.value for one in part.attributes}
    assert (told["elt.exit_code"].int_value, told["elt.destination"].string_value) == (0, "local")
    assert told["elt.rows"].int_value > 0
    metrics = ExportMetricsServiceRequest.FromString(sent["/v1/metrics"])
    figures = {
        (metric.name, *(one.value.string_value for one in point.attributes if one.key == "elt.resource")): (
            point.as_double
        )
        for one in metrics.resource_metrics
        for scope in one.scope_metrics
        for metric in scope.metrics
        for point in metric.gauge.data_points
    }
    assert figures["elt.run.units",] == told["elt.units"].int_value
    assert figures["elt.resource.rows", "timeseries"] > 0
    everything = b"".join(sent.values())
    assert FULL_KEY.encode() not in everything
