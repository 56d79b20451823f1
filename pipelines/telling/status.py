"""What `elt status` prints: text for a person, JSON for a machine."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pipelines.running.exit_codes import ExitCode
from pipelines.telling.console import PENDING, moment, named, print_table, wide, write_json
from pipelines.telling.log import date_output

if TYPE_CHECKING:
    from pipelines.destinations.target import Target
    from pipelines.running.profiles import Done
    from pipelines.storing.history import RunRow
    from pipelines.storing.status import Freshness, Status


def print_statuses(done: "Sequence[Done[Status]]", *, as_json: bool) -> None:
    """Print how fresh the tables of each profile are; of several, a line each and what they add up to."""
    found = [(one.name, one.config.target, one.result) for one in done if one.config and one.result]
    if not as_json:
        date_output("status")
    if len(done) > 1 and as_json:
        documents = {name: _document(status, target) for name, target, status in found}
        total = {"units_today": sum(status.units_today for _, _, status in found)}
        write_json({"profiles": documents, "total": total})
    elif len(done) > 1:
        _print_lines(found)
    else:
        for _, target, status in found:
            write_json(_document(status, target)) if as_json else _print_status(status, target)


def _print_lines(found: "Sequence[tuple[str, Target, Status]]") -> None:
    """Print a line for each profile: the day up to which all tables are complete, and how its last run went."""
    rows = []
    for name, _, status in found:
        days = [one.complete_to for one in status.resources if one.complete_to]
        run = status.runs[0] if status.runs else None
        rows.append(
            [
                name,
                str(min(days, default="-")),
                moment(run.started_at if run else None),
                _outcome(run) if run else "nothing is loaded yet",
                *map(str, _counts(status)),
            ]
        )
    sums = map(sum, zip(*(_counts(status) for _, _, status in found), strict=True))
    rows.append(["total", "", "", "", *map(str, sums)])
    headings = ("profile", "complete to", "last run (UTC)", "outcome")
    print_table((*headings, "days open", "failed", "not asked", "units today"), rows, ["units today", "not asked"])
    for name, _, status in found:
        _print_trouble(status, f"{name}: ")


def _counts(status: "Status") -> tuple[int, ...]:
    run = status.runs[0] if status.runs else None
    failed, not_asked = (run.failed, run.skipped) if run else (0, 0)
    return sum(one.open_days for one in status.resources), failed, not_asked, status.units_today


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
        _print_freshness(found.resources)
        out.print()
        _print_runs(found)
        out.print(f"units today (UTC): {found.units_today}")
        for one in found.details:
            rest = f"; the rest needs {one.units} units or more, {one.minutes} minutes" if one.units else ""
            out.print(
                f"{one.resource}: of {one.current} of {one.everybody} people since their last conversion or visit{rest}"
            )
    for text in found.facts:
        out.print(f"known of the server: {text}")
    _print_trouble(found)
    if found.pending:
        out.print(PENDING)


def _print_trouble(found: "Status", name: str = "") -> None:
    for text in (*found.trouble, *found.stale):
        wide().print(f"{name}look at this: {text}")


def _document(found: "Status", target: "Target") -> dict[str, Any]:
    """The same facts for a machine."""
    return {"destination": target.destination, "dataset": target.dataset, **asdict(found)}


def code_of_status(found: "Status", *, asked: bool) -> ExitCode:
    """Exit code of a status; only whoever asks how old tables may be is told by it that somebody has to look."""
    return ExitCode.STALE if asked and (found.stale or found.trouble) else ExitCode.DONE


def _print_freshness(resources: "Sequence[Freshness]") -> None:
    headings = ("resource", "first day", "complete to", "newest day", "last read (UTC)", "open", "cut", "failed")
    rows = [
        [
            f"{name} {one.grain}" if one.grain and one.grain != "day" else name,
            *(str(day or "-") for day in (one.first_day, one.complete_to, one.newest_day)),
            moment(one.read_at),
            *(str(count) for count in (one.open_days, one.truncated_windows, one.failed)),
        ]
        for name, one in named(resources)
    ]
    print_table(headings, rows, ["newest day", "first day"])


def _print_runs(found: "Status") -> None:
    headings = ("last runs (UTC)", "command", "outcome", "rows", "windows", "failed", "not asked", "units")
    rows = []
    for run in found.runs:
        counts = (run.row_count, run.windows, run.failed, run.skipped, run.units)
        rows.append([moment(run.started_at), run.command or "", _outcome(run), *map(str, counts)])
    print_table(headings, rows, ["windows"])
