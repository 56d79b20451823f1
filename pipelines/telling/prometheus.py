"""Figures of a status as a file for the textfile collector of Prometheus' node exporter.

The format: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.destinations.whole_file import write_whole
from pipelines.running.exit_codes import WELL

if TYPE_CHECKING:
    from pipelines.destinations.target import Target
    from pipelines.running.profiles import Done
    from pipelines.storing.status import Status

METRICS: Final[Mapping[str, str]] = {
    "elt_last_run_started_seconds": "When the last run began, in seconds since 1970.",
    "elt_last_run_exit_code": "Exit code of the last run that has come to its end.",
    "elt_last_good_run_seconds": "When the last run ended that ended well, in seconds since 1970.",
    "elt_last_run_units": "Units of the rate limit that the last run has spent.",
    "elt_last_run_rows": "Rows that the last run has loaded.",
    "elt_units_today": "Units of all runs that began today in UTC.",
    "elt_resource_read_seconds": "When the API last answered for a resource, in seconds since 1970.",
    "elt_resource_open_days": "Days that are missing between those that are loaded.",
    "elt_resource_failed_windows": "Windows that failed in the last run that asked for a resource.",
    "elt_resource_truncated_windows": "Windows whose list was cut off by the API.",
    "elt_trouble": "Sentences of elt status that ask somebody to look.",
}
"""Name of a metric -> what it is; each is a gauge."""

_READABLE: Final = 0o644
"""The exporter reads the file as another user; it holds names and numbers alone."""

Sample = tuple[str, dict[str, str], float]
"""Metric, labels, value."""


def write_figures(file: Path, done: "Sequence[Done[Status]]") -> None:
    """Write figures of every profile at once, so that nobody reads half a file.

    Raises:
        OSError: the file cannot be written.
    """
    found = [(one.name, one.config.target, one.result) for one in done if one.config and one.result]
    samples = [sample for name, target, status in found for sample in _samples(name, target, status)]
    lines = []
    for metric, meaning in METRICS.items():
        lines += [f"# HELP {metric} {meaning}", f"# TYPE {metric} gauge"]
        lines += [f"{name}{_labels(labels)} {value:.15g}" for name, labels, value in samples if name == metric]
    write_whole(file, "\n".join([*lines, ""]).encode(), _READABLE)


def _samples(profile: str, target: "Target", status: "Status") -> "Iterator[Sample]":
    about = {
        "source": target.source,
        "profile": profile,
        "destination": target.destination,
        "dataset": target.dataset,
    }
    yield "elt_units_today", about, status.units_today
    yield "elt_trouble", about, len(status.trouble) + len(status.stale)
    for run in status.runs[:1]:
        yield "elt_last_run_started_seconds", about, run.started_at.timestamp()
        yield "elt_last_run_units", about, run.units
        yield "elt_last_run_rows", about, run.row_count
    for ended in [run for run in status.runs if run.exit_code is not None][:1]:
        yield "elt_last_run_exit_code", about, ended.exit_code or 0
    for good in [run for run in status.runs if run.exit_code in WELL and run.ended_at][:1]:
        yield "elt_last_good_run_seconds", about, good.ended_at.timestamp() if good.ended_at else 0
    for one in status.resources:
        labels = {**about, "resource": one.resource, "variant": one.variant, "grain": one.grain or ""}
        if one.read_at:
            yield "elt_resource_read_seconds", labels, one.read_at.timestamp()
        yield "elt_resource_open_days", labels, one.open_days
        yield "elt_resource_failed_windows", labels, one.failed
        yield "elt_resource_truncated_windows", labels, one.truncated_windows


def _labels(labels: Mapping[str, str]) -> str:
    escaped = {name: value.translate(_ESCAPED) for name, value in labels.items()}
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped.items()) + "}"


_ESCAPED: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
