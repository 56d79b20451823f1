"""What `elt status` prints: text for a person, JSON for a machine."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.table import Table

from pipelines.telling.console import PENDING, moment, named, table, wide, write_json

if TYPE_CHECKING:
    from pipelines.destinations.target import Target
    from pipelines.storing.status import Freshness, Status


def print_status(found: "Status", target: "Target") -> None:
    """Print how fresh the tables are and how the last runs went."""
    out = wide()
    if not found.resources and not found.runs:
        out.print(
            f"nothing is loaded yet into {target.destination}, dataset {target.dataset};"
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
        out.print(PENDING)


def print_status_json(found: "Status", target: "Target") -> None:
    """Print the same facts as one JSON document."""
    write_json({"destination": target.destination, "dataset": target.dataset, **asdict(found)})


def _freshness(resources: "Sequence[Freshness]") -> Table:
    headings = ("first day", "complete to", "newest day", "last read (UTC)", "days open", "truncated", "failed")
    lines = table("resource", *headings)
    for name, one in named(resources):
        lines.add_row(
            f"{name} {one.grain}" if one.grain and one.grain != "day" else name,
            *(str(day or "-") for day in (one.first_day, one.complete_to, one.newest_day)),
            moment(one.read_at),
            *(str(count) for count in (one.open_days, one.truncated_windows, one.failed)),
        )
    return lines


def _runs(found: "Status") -> Table:
    lines = table("last runs (UTC)", "outcome", "rows", "windows", "failed", "not asked", "units")
    for run in found.runs:
        counts = (run.row_count, run.windows, run.failed, run.skipped, run.units)
        outcome = run.outcome if run.exit_code is None else f"{run.outcome} ({run.exit_code})"
        lines.add_row(moment(run.started_at), outcome, *map(str, counts))
    return lines
