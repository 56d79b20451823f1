"""What hinders OpenTelemetry is a line, and no error."""

import sys

import pytest

from pipelines.running.exit_codes import ExitCode
from pipelines.telling.log import begin
from pipelines.telling.otel import Telemetry
from pipelines.telling.verdict import Verdict


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    begin("atribu", "local")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")


def tell() -> None:
    Telemetry("sync", "atribu", "local").tell([], [], Verdict(exit_code=ExitCode.LATER), 1.0)


def test_without_an_address_nothing_is_imported_or_said(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    tell()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    tell()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("protocol", "lost", "lines"),
    [
        pytest.param("http/protobuf", "", ["spans were not taken", "metrics were not taken"], id="dead"),
        pytest.param("grpc", "", ["OTEL_EXPORTER_OTLP_PROTOCOL is grpc"], id="protocol"),
        pytest.param("", "opentelemetry.sdk.metrics", ["pip install '.[otel]'"], id="no-package"),
    ],
)
def test_what_cannot_be_sent_is_a_line_each(
    protocol: str, lost: str, lines: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
    if lost:
        monkeypatch.setitem(sys.modules, lost, None)
    tell()
    said = capfd.readouterr().err.splitlines()
    assert len(said) == len(lines)
    for line, part in zip(said, lines, strict=True):
        assert part in line
        assert "127.0.0.1" not in line
