"""A plan and a status as text for a person, and as JSON for a machine."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from pipelines.look import Preview
    from pipelines.sync.estimate import Line
    from pipelines.sync.request import Request
    from pipelines.sync.status import Freshness, Status
    from sources.rest.common_options import CommonOptions

__all__ = ["preview", "preview_json", "status", "status_json"]

_WIDE = 250
"""Columns of an output that is no terminal: a file or a pipe takes any line."""

_CHECK = "check"
_COUNTS = {"windows", "calls", "units", "minutes", "rows", "days open", "truncated", "failed", "not asked"}
_PENDING = "a run has read what it has not loaded yet: it is at work, or was cut off and the next one goes on with it"


def preview(found: "Preview", options: "CommonOptions") -> None:
    """Print what a sync would do now."""
    table = _table("resource", "windows", "calls", "units", "minutes", "days", "why", "scope")
    for name, line in _named(found.lines):
        table.add_row(
            name,
            str(line.windows),
            str(line.calls),
            f"{line.units}{'+' if line.assumed else ''}",
            _minutes(line.units, options),
            _days(line.first_day, line.last_day),
            ", ".join(f"{reason} {count}" for reason, count in line.reasons.items()),
            line.scope or "not documented",
        )
    total = _total(found.lines)
    sums = [str(total[name]) for name in ("windows", "calls", "units")]
    table.add_row("total", *sums, _minutes(total["units"], options))
    out = _console()
    out.print(table)
    personal = [f"{line.resource} ({', '.join(line.pii)})" for line in found.lines if line.pii]
    out.print(f"personal data: {', '.join(dict.fromkeys(personal)) or 'none'}")
    if any(line.assumed for line in found.lines):
        out.print("+ at least: how many ids it has to ask for is known once they are loaded")
    if any(_CHECK in line.reasons for line in found.lines):
        out.print("a check that does not add up asks for more, until the changed days are found")
    if options.max_units and options.max_units < total["units"]:
        out.print(f"a sync stops after {options.max_units} units (max_units); the next one goes on")
    if found.pending:
        out.print(_PENDING)


def preview_json(found: "Preview", request: "Request", options: "CommonOptions") -> None:
    """Print the same facts as one JSON document."""
    lines = [{**asdict(line), "minutes": _exact_minutes(line.units, options)} for line in found.lines]
    total = _total(found.lines)
    _write(
        {
            "destination": request.destination,
            "dataset": request.dataset,
            "today": found.policy.today,
            "first_day": found.days.start,
            "last_day": found.days.end,
            "restatement": found.policy.restatement,
            "grain": found.policy.grain,
            "rate_limit": options.rate_limit,
            "rate_period": options.rate_period,
            "max_units": options.max_units,
            "max_minutes": options.max_minutes,
            "pending": found.pending,
            "resources": lines,
            "total": {**total, "minutes": _exact_minutes(total["units"], options)},
        }
    )


def status(found: "Status", request: "Request") -> None:
    """Print how fresh the tables are and how the last runs went."""
    out = _console()
    if not found.resources and not found.runs:
        out.print(
            f"nothing is loaded yet into {escape(request.destination)}, dataset {escape(request.dataset)};"
            " elt plan says what a sync would do"
        )
    else:
        out.print(_freshness(found.resources))
        out.print()
        out.print(_runs(found))
        out.print(f"units today (UTC): {found.units_today}")
        for one in found.details:
            rest = f"; the rest needs {one.units} units or more, {one.minutes} minutes" if one.units else ""
            out.print(f"{one.resource}: current for {one.current} of {one.everybody} people{rest}")
    if found.pending:
        out.print(_PENDING)


def status_json(found: "Status", request: "Request") -> None:
    """Print the same facts as one JSON document."""
    _write({"destination": request.destination, "dataset": request.dataset, **asdict(found)})


def _freshness(resources: "Sequence[Freshness]") -> Table:
    headings = ("first day", "complete to", "newest day", "last read (UTC)", "days open", "truncated", "failed")
    table = _table("resource", *headings)
    for name, one in _named(resources):
        table.add_row(
            f"{name} {one.grain}" if one.grain and one.grain != "day" else name,
            *(str(day or "-") for day in (one.first_day, one.complete_to, one.newest_day)),
            _moment(one.read_at),
            *(str(count) for count in (one.open_days, one.truncated_windows, one.failed)),
        )
    return table


def _runs(found: "Status") -> Table:
    table = _table("last runs (UTC)", "outcome", "rows", "windows", "failed", "not asked", "units")
    for run in found.runs:
        counts = (run.rows, run.windows, run.failed, run.skipped, run.units)
        table.add_row(_moment(run.started_at), f"{run.outcome} ({run.exit_code})", *map(str, counts))
    return table


def _table(*headings: str) -> Table:
    """A table without lines; counts stand to the right."""
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="right" if heading in _COUNTS else "left")
    return table


def _named(lines: Sequence[Any]) -> list[tuple[str, Any]]:
    """Lines with their names: the resource, and the variant where there are several."""
    counts = Counter(line.resource for line in lines)
    return [(f"{line.resource} {line.variant}" if counts[line.resource] > 1 else line.resource, line) for line in lines]


def _total(lines: "Sequence[Line]") -> dict[str, int]:
    return {name: sum(getattr(line, name) for line in lines) for name in ("windows", "calls", "units")}


def _exact_minutes(units: int, options: "CommonOptions") -> float:
    return round(units * options.rate_period / options.rate_limit / 60, 2)


def _minutes(units: int, options: "CommonOptions") -> str:
    return f"{_exact_minutes(units, options):.1f}"


def _days(first: object, last: object) -> str:
    return "-" if first is None else f"{first}" if first == last else f"{first}..{last}"


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "-"


def _console() -> Console:
    return Console(soft_wrap=True, highlight=False, width=None if sys.stdout.isatty() else _WIDE)


def _write(document: object) -> None:
    json.dump(document, sys.stdout, indent=2, default=lambda value: value.isoformat())
    sys.stdout.write("\n")
