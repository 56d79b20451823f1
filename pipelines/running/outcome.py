"""What a run did, and which exit code that is."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from pendulum import Date

from pipelines.proving.changes import Change
from pipelines.running.exit_codes import ExitCode, exit_code
from sources.rest.errors import ApiError, UnknownHostError
from sources.rest.reading.answers import Failure
from sources.rest.reading.tasks import Task


@dataclass
class Outcome:
    """What a run did.

    Attributes:
        rows: rows loaded, by table.
        windows: windows loaded, by endpoint.
        answered: calls for rows that the API has answered.
        failures: tasks that were asked for and gave no rows; they are asked for again by the next run.
        refused: what the server does not take; it is left out from now on.
        skipped: tasks that were planned and not asked for.
        waiting: windows that have failed in several runs, and the day from which on each is asked for again.
        truncated: tasks whose list was cut off by the API.
        empty: tasks for which the API has sent no content at all, which is taken for no rows.
        unknown: table and field of what neither the catalogue nor the destination knew.
        fractions: table and column of numbers that should be whole and are not.
        varying: table, field and kinds of what is of several kinds, where nobody has stated its type.
        changes: loaded values that the API has changed.
        unproved: ranges that do not add up to what is loaded.
        differing: a proof has found changes, and has left the loaded values as they are.
        notes: what checks have learned about this server, in sentences.
        stopped: the error that ended the run early.
        allowance_reached: the run stopped because it had spent what it might.
        stopped_by: exit code of the signal that ended the run.
        units: units spent, by endpoint.
        missing: scope that the key lacks -> resources that were left out.
        dropped_fields: table and field of what nobody knows of personal rows.
        compared: endpoints of which something was compared with what the API says.
        not_compared: endpoints of which something is loaded that could not be.
        not_summed: endpoint, variant and metric of what adds up by its nature, and not on this server.
        rounded: endpoints whose sums differ by rounding, so that they prove less.
        as_read: endpoint -> columns that were compared only on the days that were read, because they do not add up.
        texts: endpoint -> columns that no proof compares, because they measure nothing.
        left_out: endpoint -> columns that are not compared, because the configuration leaves them out.
        first: nothing had been loaded before, so that nobody knows whether the host has ever been there.
    """

    rows: Counter[str] = field(default_factory=Counter)
    windows: Counter[str] = field(default_factory=Counter)
    answered: int = 0
    failures: list[Failure] = field(default_factory=list)
    refused: list[Failure] = field(default_factory=list)
    skipped: list[Task] = field(default_factory=list)
    waiting: list[tuple[Task, Date]] = field(default_factory=list)
    truncated: list[Task] = field(default_factory=list)
    empty: list[Task] = field(default_factory=list)
    unknown: set[tuple[str, str]] = field(default_factory=set)
    fractions: set[tuple[str, str]] = field(default_factory=set)
    varying: set[tuple[str, str, str]] = field(default_factory=set)
    changes: list[Change] = field(default_factory=list)
    unproved: list[Task] = field(default_factory=list)
    differing: bool = False
    notes: list[str] = field(default_factory=list)
    stopped: ApiError | None = None
    allowance_reached: bool = False
    stopped_by: ExitCode | None = None
    units: Mapping[str, int] = field(default_factory=dict)
    missing: dict[str, set[str]] = field(default_factory=dict)
    dropped_fields: set[tuple[str, str]] = field(default_factory=set)
    compared: set[str] = field(default_factory=set)
    not_compared: set[str] = field(default_factory=set)
    not_summed: set[tuple[str, str, str]] = field(default_factory=set)
    rounded: set[str] = field(default_factory=set)
    as_read: dict[str, tuple[str, ...]] = field(default_factory=dict)
    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: dict[str, tuple[str, ...]] = field(default_factory=dict)
    first: bool = False

    def __add__(self, other: "Outcome") -> "Outcome":
        """What two parts of a run did."""
        merged = Outcome(units={**self.units, **other.units})
        for name in ("rows", "windows", "answered"):
            setattr(merged, name, getattr(self, name) + getattr(other, name))
        for name in ("failures", "refused", "skipped", "waiting", "truncated", "empty", "changes", "unproved", "notes"):
            setattr(merged, name, [*getattr(self, name), *getattr(other, name)])
        sets = (
            "unknown",
            "fractions",
            "varying",
            "dropped_fields",
            "compared",
            "not_compared",
            "not_summed",
            "rounded",
        )
        for name in sets:
            setattr(merged, name, getattr(self, name) | getattr(other, name))
        merged.missing = {
            scope: self.missing.get(scope, set()) | other.missing.get(scope, set())
            for scope in (*self.missing, *other.missing)
        }
        for name in ("as_read", "texts", "left_out"):
            setattr(merged, name, {**getattr(self, name), **getattr(other, name)})
        merged.first = self.first and other.first
        merged.differing = self.differing or other.differing
        merged.stopped = self.stopped or other.stopped
        merged.stopped_by = other.stopped_by if self.stopped_by is None else self.stopped_by
        merged.allowance_reached = self.allowance_reached or other.allowance_reached
        return merged

    @property
    def own_failures(self) -> list[Failure]:
        """Those whose reason lies in the window: others have only met what has ended the run."""
        return [one for one in self.failures if type(one.error) is not type(self.stopped)]

    @property
    def proves_nothing(self) -> bool:
        """Whether it is a proof of what is loaded that had nothing to compare it by."""
        return bool(self.not_compared) and not self.compared

    @property
    def exit_code(self) -> ExitCode:
        """The code that needs a person most.

        A server that has answered something is there: a window that it fails at has a reason of its own, which may
        stay. Only if it has answered nothing, or has gone away so that the whole run was stopped, is it later. A host
        that nobody knows is misspelt rather than away, if nothing was ever loaded from it.
        """
        codes = [exit_code(failure.error) for failure in self.failures]
        if self.answered:
            elsewhere = (ExitCode.LATER, ExitCode.CONFIGURATION)
            codes = [ExitCode.FAILED_WINDOWS if code in elsewhere else code for code in codes]
        codes += [exit_code(one.error) for one in self.refused]
        codes += [exit_code(self.stopped)] if self.stopped else []
        errors = [*(failure.error for failure in self.failures), self.stopped]
        if self.first and not self.answered and any(isinstance(one, UnknownHostError) for one in errors):
            codes.append(ExitCode.CONFIGURATION)
        codes += [ExitCode.REFUSED] if self.missing else []
        codes += [ExitCode.FAILED_WINDOWS] if self.waiting or self.differing else []
        if self.stopped_by is not None:
            return self.stopped_by
        if self.allowance_reached:
            codes.append(ExitCode.ALLOWANCE)
        elif self.unproved or self.proves_nothing:
            codes.append(ExitCode.FAILED_WINDOWS)
        return max(codes, default=ExitCode.DONE)
