"""How a run went, as OpenTelemetry spans and metrics, for whoever has set an address for them in the environment.

What is sent is made as for `notify_url`: numbers, and names that the configuration or the catalogue has.
"""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipelines.running.exit_codes import WELL
from pipelines.telling.log import warn
from sources.rest.calling.deadline import within

if TYPE_CHECKING:
    from pipelines.running.outcome import Outcome
    from pipelines.running.profiles import Done
    from pipelines.telling.verdict import Verdict

SECONDS: Final = 20.0
"""Longest time that both calls together may take; the run has ended by then and only waits for them."""

ADDRESSES: Final = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
)
"""https://opentelemetry.io/docs/specs/otel/protocol/exporter/, one of which somebody has to set."""

PROTOCOL: Final = "OTEL_EXPORTER_OTLP_PROTOCOL"
_SPOKEN: Final = "http/protobuf"
_NANO: Final = 1_000_000_000


def is_wanted() -> bool:
    """Whether the environment names an address."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return not off and any(os.environ.get(name) for name in ADDRESSES)


@dataclass(frozen=True)
class Telemetry:
    """Tells how a command has ended; a dead address changes nothing of that, and is a warning.

    Args:
        command: what was run, such as `sync`.
        source: name of the source.
        destination: name of the destination.
    """

    command: str
    source: str
    destination: str

    def tell(
        self, done: "Sequence[Done[Outcome]]", verdicts: "Sequence[Verdict]", total: "Verdict", began: float
    ) -> None:
        """Send a span of the command with one of each profile below it, and the figures of each.

        Args:
            done: the profiles; none, where not even they could be read.
            verdicts: how each has ended.
            total: how the command has ended.
            began: when it began, in seconds since 1970.
        """
        if not is_wanted():
            return
        ended = time.time()  # what follows takes long to import
        protocol = os.environ.get(PROTOCOL) or _SPOKEN
        if protocol != _SPOKEN:
            warn(f"OpenTelemetry: {PROTOCOL} is {protocol}, and only {_SPOKEN} is spoken; nothing was sent")
            return
        try:
            sent = within(SECONDS, lambda: list(self._sent(done, verdicts, total, (began, ended))))
        except ModuleNotFoundError:
            warn("OpenTelemetry: an address is set, and the package is not installed: pip install '.[otel]'")
        except Exception as error:  # noqa: BLE001 - whatever it is, the run has ended as it has
            warn(f"OpenTelemetry: nothing could be sent ({type(error).__name__}); the run is as it is")
        else:
            for what in sent:
                warn(f"OpenTelemetry: {what} were not taken; the run is as it is")

    def _sent(
        self,
        done: "Sequence[Done[Outcome]]",
        verdicts: "Sequence[Verdict]",
        total: "Verdict",
        times: tuple[float, float],
    ) -> Iterator[str]:
        """Send both; give what was not taken."""
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415 - optional
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - as above
        from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415 - as above
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricExportResult  # noqa: PLC0415 - as above
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource  # noqa: PLC0415 - as above
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - as above
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult  # noqa: PLC0415 - as above
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: PLC0415 - as above

        resource = Resource.create({SERVICE_NAME: os.environ.get("OTEL_SERVICE_NAME") or "elt"})
        if os.environ.get("OTEL_TRACES_EXPORTER", "otlp") != "none":
            spans = InMemorySpanExporter()
            tracing = TracerProvider(resource=resource, shutdown_on_exit=False)
            tracing.add_span_processor(SimpleSpanProcessor(spans))
            self._trace(tracing.get_tracer("elt"), done, verdicts, total, times)
            if OTLPSpanExporter().export(spans.get_finished_spans()) is not SpanExportResult.SUCCESS:
                yield "spans"
        if os.environ.get("OTEL_METRICS_EXPORTER", "otlp") != "none":
            reader = InMemoryMetricReader()
            metering = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
            self._measure(metering.get_meter("elt"), done, verdicts, total)
            data = reader.get_metrics_data()
            if data and OTLPMetricExporter().export(data) is not MetricExportResult.SUCCESS:
                yield "metrics"

    def _trace(
        self,
        tracer: Any,
        done: "Sequence[Done[Outcome]]",
        verdicts: "Sequence[Verdict]",
        total: "Verdict",
        times: tuple[float, float],
    ) -> None:
        from opentelemetry.trace import set_span_in_context  # noqa: PLC0415 - optional

        began, ended = times
        whole = tracer.start_span(
            f"elt {self.command} {self.source}", start_time=_nano(began), attributes=self._about(total)
        )
        for one, verdict in zip(done, verdicts, strict=True):
            start = one.began or began
            part = tracer.start_span(
                f"profile {one.name}".rstrip(),
                context=set_span_in_context(whole),
                start_time=_nano(start),
                attributes={**self._about(verdict), "elt.profile": one.name},
            )
            _end(part, verdict, start + one.seconds)
        _end(whole, total, ended)

    def _measure(
        self, meter: Any, done: "Sequence[Done[Outcome]]", verdicts: "Sequence[Verdict]", total: "Verdict"
    ) -> None:
        """Gauges, because each run is a process of its own: they say what the last one has come to."""
        about = {"elt.command": self.command, "elt.source": self.source, "elt.destination": self.destination}
        runs = [(one.name, verdict) for one, verdict in zip(done, verdicts, strict=True)] or [("", total)]
        for field in ("rows", "windows", "units", "restated", "exit_code", "minutes"):
            gauge = meter.create_gauge(f"elt.run.{field}")
            for name, verdict in runs:
                gauge.set(float(getattr(verdict, field)), {**about, "elt.profile": name})
        for field in ("rows", "windows", "units"):
            gauge = meter.create_gauge(f"elt.resource.{field}")
            for one in done:
                for resource, count in sorted(getattr(one.result, field).items()) if one.result else ():
                    gauge.set(float(count), {**about, "elt.profile": one.name, "elt.resource": resource})

    def _about(self, verdict: "Verdict") -> dict[str, Any]:
        return {
            "elt.command": self.command,
            "elt.source": self.source,
            "elt.destination": self.destination,
            **{f"elt.{name}": value for name, value in verdict.fields.items()},
        }


def _end(span: Any, verdict: "Verdict", moment: float) -> None:
    from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 - optional

    well = verdict.exit_code in WELL
    span.set_status(Status(StatusCode.OK) if well else Status(StatusCode.ERROR, verdict.outcome))
    span.end(end_time=_nano(moment))


def _nano(seconds: float) -> int:
    return round(seconds * _NANO)
