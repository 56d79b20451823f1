"""What `elt sync` prints: the rows loaded, and everything that was not loaded."""

from itertools import groupby
from typing import TYPE_CHECKING

from rich.table import Table

from pipelines.telling.console import err, out, problem, table, warn, windows_by_name

if TYPE_CHECKING:
    from pipelines.running.outcome import Outcome


def print_sync(result: "Outcome") -> None:
    """Print what was loaded, and name everything that was not."""
    if result.rows or not result.stopped:
        out.print(_summary(result))
    print_remarks(result)
    if result.changes:
        err.print(f"{len(result.changes)} restated values, see the table restatements")
    print_problems(result)


def _summary(result: "Outcome") -> Table:
    summary = table("table", "rows", "windows", "units")
    endpoints = {*result.windows, *(name for name, units in result.units.items() if units)}
    for name in sorted({*result.rows, *endpoints}):
        own = (str(result.windows[name]), str(result.units.get(name, 0))) if name in endpoints else ("", "")
        summary.add_row(name, str(result.rows[name]), *own)
    summary.add_row("total", *map(str, (result.rows.total(), result.windows.total(), sum(result.units.values()))))
    return summary


def print_remarks(result: "Outcome") -> None:
    """Print what was unexpected in the answers, and what checks have learned about the server."""
    for name, found in groupby(sorted(result.unknown), key=lambda one: one[0]):
        fields = [field for _, field in found]
        warn(f"{name}: the API sends the unknown field{'s' * (len(fields) > 1)} {', '.join(fields)}; now a column each")
    for name, found in groupby(sorted(result.fractions), key=lambda one: one[0]):
        columns = ", ".join(column for _, column in found)
        warn(f"{name}: the API sends fractions where whole numbers belong ({columns}); they are loaded as they are")
    for name, field in sorted(result.dropped_fields):
        warn(f"{name}: the API sends the unknown field {field}; fields that nobody knows of people are not loaded")
    for name, windows in windows_by_name(result.truncated):
        warn(f"{f'{name} {windows}'.strip()}: the API cuts this list off, rows are missing")
    for name, windows in windows_by_name(result.empty):
        warn(f"{f'{name} {windows}'.strip()}: the API sends no content (204), which is taken for no rows")
    for note in result.notes:
        warn(note)


def print_problems(result: "Outcome") -> None:
    """Print what was not loaded, and whether the next run brings it."""
    for failure in result.failures:
        problem("failed", f"{failure.task}: {failure.error}")
    for refusal in result.refused:
        problem("refused", f"{refusal.task}: {refusal.error}")
    if result.stopped:
        problem("error", str(result.stopped))
        return
    if result.missing:
        lacking = "; ".join(
            f"{scope} for {', '.join(sorted(names))}" for scope, names in sorted(result.missing.items())
        )
        problem(
            "not allowed",
            f"the key lacks {lacking}; give it the scopes in the vendor's dashboard,"
            " or leave these out with --resources",
        )
    for name, windows in windows_by_name(result.skipped):
        problem("not asked", f"{name} {windows}")
    for task in result.unproved:
        warn(f"{task}: what is loaded does not add up to what the API says; the next run looks again")
    if result.stopped_by is not None:
        err.print("stopped by a signal; what was committed stays, the next run goes on from there")
    elif result.allowance_reached:
        err.print("stopped at the allowance; the next run goes on from there")
    elif result.failures:
        err.print("everything else is loaded; the next run asks for these windows again")
