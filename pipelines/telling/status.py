"""What `elt status` prints: text for a person, JSON for a machine."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.table import Table

from pipelines.telling.console import PENDING, moment, named, table, wide, write_json

if TYPE_CHECKING:
    from pipelines.destinations.target import Target
    from pipelines.running.profiles import Done
    from pipelines.storing.history import RunRow
    from pipelines.storing.status import Freshness, Status


def print_statuses(done: "Sequence[Done[Status]]", *, as_json: bool) -> None:
    """Print how fresh the tables of each profile are; of several, a line each and what they add up to."""
    found = [(one.name, one.config.target, one.result) for one in done if one.config and one.result]
    if len(done) > 1 and as_json:
        documents = {name: _document(status, target) for name, target, status in found}
        total = {"units_today": sum(status.units_today for _, _, status in found)}
        write_json({"profiles": documents, "total": total})
    elif len(done) > 1:
        wide().print(_lines(found))
    else:
        for _, target, status in found:
            write_json(_document(status, target)) if as_json else _print_status(status, target)


def _lines(found: "Sequence[tuple[str, Target, Status]]") -> Table:
    """A line for each profile: the day up to which all of its tables are complete, and how its last run went."""
    lines = table("profile", "complete to", "last run (UTC)", "outcome", "days open", "failed", "units today")
    for name, _, status in found:
        days = [one.complete_to for one in status.resources if one.complete_to]
        run = status.runs[0] if status.runs else None
        lines.add_row(
            name,
            str(min(days, default="-")),
            moment(run.started_at if run else None),
            _outcome(run) if run else "nothing is loaded yet",
            *map(str, _counts(status)),
        )
    sums = map(sum, zip(*(_counts(status) for _, _, status in found), strict=True))
    lines.add_row("total", "", "", "", *map(str, sums))
    return lines


def _counts(status: "Status") -> tuple[int, int, int]:
    resources = status.resources
    return sum(one.open_days for one in resources), sum(one.failed for one in resources), status.units_today


def _outcome(run: "RunRow") -> str:
    return run.outcome if run.exit_code is None else f"{run.outcome} ({run.exit_code})"


def _print_status(found: "Status", target: "Target") -> None:
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


def _document(found: "Status", target: "Target") -> dict[str, Any]:
    """The same facts for a machine."""
    return {"destination": target.destination, "dataset": target.dataset, **asdict(found)}


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
        lines.add_row(moment(run.started_at), _outcome(run), *map(str, counts))
    return lines
