"""What a person sees of a run."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import groupby
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich import progress
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sources.rest.windows import Window, merged

if TYPE_CHECKING:
    from pipelines.commands import Checked
    from pipelines.sync.outcome import Outcome
    from sources.rest.tasks import Task

__all__ = ["Progress", "checked", "escape", "outcome"]

_out = Console(soft_wrap=True, highlight=False)
_err = Console(stderr=True, soft_wrap=True, highlight=False)


class Progress:
    """A progress bar on a terminal; elsewhere nothing, so that the mails of cron stay short."""

    def __init__(self) -> None:
        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TextColumn("windows, {task.fields[units]} units,"),
            progress.TimeRemainingColumn(),
            progress.TextColumn("left"),
            console=_err,
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._task = progress.TaskID(0)

    def __enter__(self) -> Self:
        """Draw the bar."""
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take it away."""
        self._bar.stop()

    def start(self, tasks: int, units: int) -> None:
        """Say what is planned."""
        self._task = self._bar.add_task("loading", total=tasks, units=0)
        if self._bar.disable:
            _err.print(f"{tasks} windows to load, at least {units} units")

    def step(self, task: "Task", units: int) -> None:
        """Move on."""
        self._bar.update(self._task, advance=1, description=task.endpoint.name, units=units)


def outcome(result: "Outcome") -> None:
    """Print what was loaded, and name everything that was not."""
    if result.rows or not result.stopped:
        _out.print(_summary(result))
    _remarks(result)
    _problems(result)


def _summary(result: "Outcome") -> Table:
    table = Table("table", box=None, pad_edge=False)
    for heading in ("rows", "windows", "units"):
        table.add_column(heading, justify="right")
    endpoints = {*result.windows, *(name for name, units in result.units.items() if units)}
    for name in sorted({*result.rows, *endpoints}):
        own = (str(result.windows[name]), str(result.units.get(name, 0))) if name in endpoints else ("", "")
        table.add_row(name, str(result.rows[name]), *own)
    table.add_row("total", *map(str, (result.rows.total(), result.windows.total(), sum(result.units.values()))))
    return table


def _remarks(result: "Outcome") -> None:
    for name, found in groupby(sorted(result.unknown), key=lambda one: one[0]):
        fields = [field for _, field in found]
        _warn(
            f"{name}: the API sends the unknown field{'s' * (len(fields) > 1)} {', '.join(fields)}; now a column each"
        )
    for table, name in sorted(result.left_out):
        _warn(f"{table}: the API sends the unknown field {name}; fields that nobody knows of people are not loaded")
    for name, windows in _by_task_name(result.truncated):
        _warn(f"{f'{name} {windows}'.strip()}: the API cuts this list off, rows are missing")
    for name, windows in _by_task_name(result.empty):
        _warn(f"{f'{name} {windows}'.strip()}: the API sends no content (204), which is taken for no rows")
    for note in result.notes:
        _warn(note)
    if result.changes:
        _err.print(f"{len(result.changes)} restated values, see the table restatements")


def _problems(result: "Outcome") -> None:
    for failure in result.failures:
        _err.print(f"[bold red]failed:[/] {escape(str(failure.task))}: {escape(str(failure.error))}")
    if result.stopped:
        _err.print(f"[bold red]error:[/] {escape(str(result.stopped))}")
        return
    if result.missing:
        lacking = "; ".join(
            f"{scope} for {', '.join(sorted(names))}" for scope, names in sorted(result.missing.items())
        )
        _err.print(
            f"[bold red]not allowed:[/] the key lacks {escape(lacking)}; give it the scopes in the vendor's dashboard,"
            " or leave these out with --resources"
        )
    for name, windows in _by_task_name(result.skipped):
        _err.print(f"[bold red]not asked:[/] {name} {windows}")
    for task in result.unproved:
        _warn(f"{task}: what is loaded does not add up to what the API says; the next run looks again")
    if result.stopped_by is not None:
        _err.print("stopped by a signal; what was committed stays, the next run goes on from there")
    elif result.allowance_reached:
        _err.print("stopped at the allowance; the next run goes on from there")
    elif result.failures:
        _err.print("everything else is loaded; the next run asks for these windows again")


def verified(result: "Outcome", *, repaired: bool) -> None:
    """Print every difference between what is loaded and what the API says."""
    for change in result.changes:
        where = " ".join(filter(None, [change.task.endpoint.name, change.task.variant_text]))
        what = " ".join(filter(None, [change.key, change.metric]))
        _out.print(escape(f"{where} {change.date}: {what} is {change.old} here, {change.new} at the API"))
    days = len({(change.task, change.date) for change in result.changes})
    if days:
        _out.print(f"{days} windows differ" + (", and were read again" if repaired else "; --repair reads them again"))
    else:
        _out.print("everything that was compared is equal" if result.compared else "nothing was compared")
    if result.not_compared:
        _warn(f"not compared, because sums cannot prove it: {', '.join(sorted(result.not_compared))}")
    _remarks(replace(result, changes=[]))
    _problems(result)


def checked(found: "Checked", rate_limit: int, destination: str) -> None:
    """Print what was checked, and what was not."""
    owner = f", belongs to profile {escape(found.profile_id)}" if found.profile_id else ""
    _out.print(f"key: works for {escape(', '.join(found.asked))}{owner}")
    if found.second_key:
        _warn("api_key is refused and next_api_key works: put it in the place of api_key")
    table = Table("scope", "granted", "needed by", box=None, pad_edge=False)
    for scope in found.scopes:
        granted = "yes" if scope.granted else "[bold red]no[/]"
        table.add_row(escape(scope.name), granted, ", ".join(scope.resources))
    if found.scopes:
        _out.print(table)
    if found.limit_seen is None:
        _out.print(f"rate limit: the server names none; {rate_limit} is configured and cannot be checked")
    else:
        _out.print(f"rate limit: the server names {found.limit_seen}, {rate_limit} is configured")
        if found.limit_seen > rate_limit:
            _out.print(f"  set rate_limit to {found.limit_seen} to use all of it")
    _out.print(f"destination {escape(destination)}: reachable")
    personal = "" if found.personal else "scopes for personal data (--include-pii), "
    _out.print(f"this has cost {found.units} units; not checked: {personal}whether the destination takes rows")


def forgotten(rows: Mapping[str, int], *, erased: bool) -> None:
    """Print where a person was found, without saying who it is."""
    table = Table("table", box=None, pad_edge=False)
    table.add_column("rows", justify="right")
    for name, count in rows.items():
        table.add_row(name, str(count))
    if rows:
        _out.print(table)
    else:
        _out.print("no row of this person is found; rows without an address are found by --customer-id only")
    _out.print(
        "erased; this person stays out of later syncs"
        if erased
        else "nothing is erased yet; --yes does it, and keeps this person out of later syncs"
    )


def _warn(text: str) -> None:
    _err.print(f"[yellow]warning:[/] {escape(text)}")


def _by_task_name(tasks: Iterable["Task"]) -> list[tuple[str, str]]:
    """Names of tasks without their windows, each with its windows made as few as possible."""
    windows: dict[str, list[Window]] = {}
    for task in tasks:
        name = " ".join([task.endpoint.name, *(value for _, value in task.variant)])
        windows.setdefault(name, []).extend([task.window] if task.window else [])
    return [(name, ", ".join(map(str, merged(found)))) for name, found in sorted(windows.items())]
