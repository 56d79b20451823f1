"""What `elt sync` prints: the rows loaded, and everything that was not loaded."""

from itertools import groupby
from typing import TYPE_CHECKING

from pipelines.running.exit_codes import named_code
from pipelines.telling.console import print_table, windows_by_name
from pipelines.telling.log import about, date_output, note, problem, warn
from sources.rest.errors import RequestRejectedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.running.outcome import Outcome
    from pipelines.running.profiles import Done


def print_syncs(done: "Sequence[Done[Outcome]]", *, table: bool) -> None:
    """Name everything that was not loaded of any profile.

    Args:
        done: the profiles.
        table: print before what was loaded: a line per table, or per profile where there are several.
    """
    results = [(one.name, one.result) for one in done if one.result]
    if table:
        date_output("sync")
    if table and len(done) > 1:
        _print_lines(done)
    elif table:
        for _, result in results:
            if result.rows or not result.stopped:
                _print_summary(result)
    for name, result in results:
        with about(name, among=len(done) > 1):
            print_remarks(result)
            if result.changes:
                note(f"{len(result.changes)} restated values, see the table restatements")
            print_problems(result)


def _print_lines(done: "Sequence[Done[Outcome]]") -> None:
    rows = []
    for one in done:
        counts = map(str, _counts(one.result)) if one.result else ["-"] * 5
        rows.append([one.name, *counts, named_code(one.result.exit_code if one.result else one.error_code)])
    results = [_counts(one.result) for one in done if one.result]
    if results:
        rows.append(["total", *(str(sum(one)) for one in zip(*results, strict=True)), ""])
    print_table(("profile", "rows", "windows", "units", "failed", "not asked", "outcome"), rows)


def _counts(result: "Outcome") -> tuple[int, ...]:
    units = sum(result.units.values())
    return result.rows.total(), result.windows.total(), units, len(result.failures), len(result.skipped)


def _print_summary(result: "Outcome") -> None:
    rows = []
    endpoints = {*result.windows, *(name for name, units in result.units.items() if units)}
    for name in sorted({*result.rows, *endpoints}):
        own = (str(result.windows[name]), str(result.units.get(name, 0))) if name in endpoints else ("", "")
        rows.append([name, str(result.rows[name]), *own])
    rows.append(["total", *map(str, (result.rows.total(), result.windows.total(), sum(result.units.values())))])
    print_table(("table", "rows", "windows", "units"), rows)


def print_remarks(result: "Outcome") -> None:
    """Print what was unexpected in the answers, and what checks have learned about the server."""
    for name, found in groupby(sorted(result.unknown), key=lambda one: one[0]):
        fields = [field for _, field in found]
        warn(f"{name}: the API sends the unknown field{'s' * (len(fields) > 1)} {', '.join(fields)}; now a column each")
    for name, found in groupby(sorted(result.fractions), key=lambda one: one[0]):
        columns = ", ".join(column for _, column in found)
        warn(f"{name}: the API sends fractions where whole numbers belong ({columns}); they are loaded as they are")
    for table, field, kinds in sorted(result.varying):
        warn(f"{table}: the field {field} holds {kinds}, so that no one column holds it; state its type, see types")
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
        note("stopped by a signal; what was committed stays, the same command goes on from there")
    elif result.allowance_reached:
        note("stopped at the allowance; the same command goes on from there")
    elif result.failures and not result.windows:
        note("nothing is loaded; the next run asks for these windows again")
    elif result.failures:
        rest = "what else was asked for" if result.skipped else "everything else"
        note(f"{rest} is loaded; the next run asks for these windows again")


def _print_failed(result: "Outcome") -> None:
    for failure in result.own_failures:
        which = " ".join([str(failure.task), *getattr(failure.error, "__notes__", ())])
        problem("failed", f"{which}: {failure.error}")
    for task, day in result.waiting:
        problem("waiting", f"{task}: failed in several runs; asked for again from {day}, or with --full")
    for refusal in result.refused:
        problem("refused", f"{refusal.task}: {refusal.error}")
    if isinstance(result.stopped, RequestRejectedError):
        alike = len(result.failures) - len(result.own_failures)
        problem("", f"{result.stopped}; all {alike} windows that were asked for failed so, and no other was asked for")
    elif result.stopped:
        problem("", str(result.stopped))
