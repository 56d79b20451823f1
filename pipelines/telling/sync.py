"""What `elt sync` prints: the rows loaded, and everything that was not loaded."""

from itertools import groupby
from typing import TYPE_CHECKING

from rich.table import Table

from pipelines.running.exit_codes import named_code
from pipelines.telling.console import about, note, out, problem, table, warn, windows_by_name
from sources.rest.errors import RequestRejectedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.running.outcome import Outcome
    from pipelines.running.profiles import Done


def print_sync(result: "Outcome") -> None:
    """Print what was loaded, and name everything that was not."""
    if result.rows or not result.stopped:
        out.print(_summary(result))
    print_remarks(result)
    if result.changes:
        note(f"{len(result.changes)} restated values, see the table restatements")
    print_problems(result)


def print_syncs(done: "Sequence[Done[Outcome]]") -> None:
    """Print a line for each profile, and name everything that was not loaded of any."""
    lines = table("profile", "rows", "windows", "units", "failed", "not asked", "outcome")
    results = [(one.name, one.result) for one in done if one.result]
    for one in done:
        if one.result:
            lines.add_row(one.name, *map(str, _counts(one.result)), named_code(one.result.exit_code))
        else:
            lines.add_row(one.name, *["-"] * 5, named_code(one.error_code))
    sums = map(sum, zip(*(_counts(result) for _, result in results), strict=True))
    if results:
        lines.add_row("total", *map(str, sums))
    out.print(lines)
    for name, result in results:
        with about(name):
            print_remarks(result)
            if result.changes:
                note(f"{len(result.changes)} restated values, see the table restatements")
            print_problems(result)


def _counts(result: "Outcome") -> tuple[int, ...]:
    units = sum(result.units.values())
    return result.rows.total(), result.windows.total(), units, len(result.failures), len(result.skipped)


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
    for text in result.notes:
        warn(text)


def print_problems(result: "Outcome") -> None:
    """Print what was not loaded, and whether the next run brings it."""
    _print_failed(result)
    if result.stopped:
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
        note("stopped by a signal; what was committed stays, the next run goes on from there")
    elif result.allowance_reached:
        note("stopped at the allowance; the next run goes on from there")
    elif result.failures:
        rest = "what else was asked for" if result.skipped else "everything else"
        note(f"{rest} is loaded; the next run asks for these windows again")


def _print_failed(result: "Outcome") -> None:
    rejected = result.stopped if isinstance(result.stopped, RequestRejectedError) else None
    for failure in result.failures:
        if rejected is None or type(failure.error) is not type(rejected):
            which = " ".join([str(failure.task), *getattr(failure.error, "__notes__", ())])
            problem("failed", f"{which}: {failure.error}")
    for task, day in result.waiting:
        problem("waiting", f"{task}: failed in several runs; asked for again from {day}, or with --full")
    for refusal in result.refused:
        problem("refused", f"{refusal.task}: {refusal.error}")
    if rejected:
        alike = len(result.failures) + 1
        problem("error", f"{rejected}; all {alike} windows that were asked for failed so, and no other was asked for")
    elif result.stopped:
        problem("error", str(result.stopped))
