"""The ledger of windows that were asked for and loaded; in the tables an empty day and a missing one look alike."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final, Self

from pendulum import Date

from pipelines.planning.failed_windows import FailedWindows
from pipelines.planning.ranges import from_state, to_state
from pipelines.planning.read_today import ReadToday
from pipelines.planning.server_behaviour import ServerBehaviour
from pipelines.planning.suspects import Suspect
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.errors import ConfigurationError
from sources.rest.privacy.forgotten import Forgotten
from sources.rest.reading.tasks import Task
from sources.rest.windows import Grain, Window, merged, overlap, without

LAYOUT: Final = 3
"""Layout of what is loaded: of the ledger, and of the tables of every run. See `pipelines/storing/migration.py`."""

READABLE: Final = 2
"""Earliest layout whose tables can be looked at as they are."""

STATE_KEY: Final = "coverage"
"""Where the ledger lives in dlt's source state: it is committed with the rows that it speaks of."""


@dataclass(frozen=True)
class Granted:
    """Scopes that a key was found to have.

    Attributes:
        key: fingerprint of the key.
        days: scope -> day on which the API last granted it.
    """

    key: str = ""
    days: Mapping[str, str] = field(default_factory=dict)


class Ledger:
    """Loaded days per endpoint, grain and variant, as ranges, and what checks have learned about them.

    Attributes:
        tenant: the profile whose rows the destination holds.
        granted: scopes that the key has, as far as it was asked about them.
        kept_out: how many marks of people who stay out their table has had.
        carried: that list, where layout 2 has kept it here.
        layout: of what is loaded, as it was found.
        taken: query parameter -> values that the server was found to take.
        refused: query parameter -> values that it was found not to take.
        range_ends: how the server was found to read the end of a range, and the day on which it was asked; empty where
            no day has told.
        failing: windows that gave no rows when they were asked for last.
        read_today: what was read or proved on the day of the last run.
        suspects: searches that an allowance has broken off, by what they are of.
        open_checks: moments since which variants are going to be proved, as runs have not come to the end of it.
        readings: what was found out of how the server names rows, as `LevelNames` keeps it.
        described: which comments the tables carry, as `pipelines/storing/describing.py` keeps it.
    """

    def __init__(
        self,
        loaded: Mapping[str, Iterable[Window]] | None = None,
        behaviours: Mapping[str, ServerBehaviour] | None = None,
        tenant: str | None = None,
        granted: Granted | None = None,
        *,
        kept_out: int = 0,
        carried: Forgotten | None = None,
    ) -> None:
        self.layout = LAYOUT
        self.taken: dict[str, tuple[str, ...]] = {}
        self.refused: dict[str, tuple[str, ...]] = {}
        self.readings: dict[str, str] = {}
        self.described = ""
        self.range_ends: tuple[str, Date | None] = ("", None)
        self.failing = FailedWindows()
        self.read_today = ReadToday()
        self.suspects: dict[str, Suspect] = {}
        self.open_checks: dict[str, datetime] = {}
        self.granted = granted or Granted()
        self.kept_out = kept_out
        self.carried = carried
        self._loaded = {key: merged(windows) for key, windows in (loaded or {}).items()}
        self._behaviours = dict(behaviours or {})
        self.tenant = tenant

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Read the ledger from source state; an absent one is empty.

        Raises:
            ConfigurationError: a later version of this program wrote it, or it is damaged.
        """
        stored = state.get(STATE_KEY)
        if stored is None:
            return cls()
        layout = stored.get("version")
        if not isinstance(layout, int) or not 0 < layout <= LAYOUT:
            raise ConfigurationError(
                f"the destination's coverage ledger has version {layout!r}, this program knows {LAYOUT}; update the"
                " program, or load into another dataset"
            )
        try:
            found = cls._from(stored)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise ConfigurationError(
                f"the destination's coverage ledger is damaged ({type(error).__name__}); put the table"
                " _dlt_pipeline_state back from a copy, or load into another dataset (--dataset)"
            ) from None
        found.layout = layout
        return found

    @classmethod
    def _from(cls, stored: Mapping[str, Any]) -> Self:
        found = cls(
            {key: from_state(ranges) for key, ranges in stored["loaded"].items()},
            {key: ServerBehaviour.from_state(facts) for key, facts in stored["known"].items()},
            stored["tenant"],
            Granted(**stored["granted"]) if "granted" in stored else None,
            kept_out=stored.get("kept_out", 0),
            carried=Forgotten(salt=stored["forgotten"]["salt"], marks=frozenset(stored["forgotten"]["marks"]))
            if "forgotten" in stored
            else None,
        )
        for name in ("taken", "refused"):
            setattr(found, name, {param: tuple(values) for param, values in stored.get(name, {}).items()})
        found.readings = dict(stored.get("readings", {}))
        found.described = stored.get("described", "")
        found.failing = FailedWindows.from_state(stored.get("failing", {}))
        found.suspects = {key: Suspect.from_state(one) for key, one in stored.get("suspects", {}).items()}
        found.open_checks = {key: datetime.fromisoformat(one) for key, one in stored.get("open_checks", {}).items()}
        if "read_today" in stored:
            found.read_today = ReadToday.from_state(stored["read_today"])
        if "range_ends" in stored:
            read, asked = stored["range_ends"]
            found.range_ends = read, Date.fromisoformat(asked)
        return found

    def to_state(self) -> dict[str, Any]:
        """Return the ledger as JSON-ready values."""
        optional: dict[str, Any] = {}
        if self.granted.days:
            optional["granted"] = asdict(self.granted)
        if self.kept_out:
            optional["kept_out"] = self.kept_out
        for name in ("taken", "refused"):
            known = {param: list(values) for param, values in sorted(getattr(self, name).items()) if values}
            optional |= {name: known} if known else {}
        read, asked = self.range_ends
        if asked:
            optional["range_ends"] = [str(read), str(asked)]
        for name, part in (("failing", self.failing), ("read_today", self.read_today)):
            optional |= {name: state} if (state := part.to_state()) else {}
        if suspects := {key: state for key, one in sorted(self.suspects.items()) if (state := one.to_state())}:
            optional["suspects"] = suspects
        if self.open_checks:
            optional["open_checks"] = {key: one.isoformat() for key, one in sorted(self.open_checks.items())}
        if self.readings:
            optional["readings"] = dict(sorted(self.readings.items()))
        if self.described:
            optional["described"] = self.described
        return {
            "version": LAYOUT,
            "loaded": {key: to_state(windows) for key, windows in sorted(self._loaded.items())},
            "known": {key: one.to_state() for key, one in sorted(self._behaviours.items())},
            "tenant": self.tenant,
            **optional,
        }

    def add(self, task: Task, grain: Grain, today: Date, asked_as: str = "", *, cut: bool = False) -> None:
        """Note that a task was loaded; today is not noted as loaded, because it is not over.

        Args:
            task: what was loaded.
            grain: length of the windows of aggregate rows.
            today: the day that is still changing.
            asked_as: how its days were asked for.
            cut: its list is cut off.
        """
        if task.window is None:
            return
        key = _key(task, grain)
        self.failing.answered(key, task.window)
        behaviour = self._behaviours.get(key, ServerBehaviour())
        if behaviour.checked is None:
            behaviour = replace(behaviour, checked=today, asked_as=asked_as, left_out=frozenset(task.endpoint.left_out))
        aggregated = task.endpoint.kind is Kind.AGGREGATE
        self._behaviours[key] = behaviour.read(task.window, cut=cut) if aggregated else behaviour
        start = max(task.since or task.window.start, task.window.start)
        if task.window.end < today:
            self._loaded[key] = merged([*self._loaded.get(key, ()), Window(start, task.window.end)])
        elif task.endpoint.range_independent and start < today:
            complete = Window(start, today.subtract(days=1))
            self._loaded[key] = merged([*self._loaded.get(key, ()), complete])

    def failed(self, task: Task, grain: Grain, today: Date) -> None:
        """Note that a window of an aggregate has failed; other kinds are asked for other days in each run."""
        if task.window and task.endpoint.kind is Kind.AGGREGATE:
            self.failing.failed(_key(task, grain), task.window, today)

    def has_failed(self, task: Task, grain: Grain) -> bool:
        """Whether a task's window failed when it was asked for last."""
        return task.window is not None and self.failing.has(_key(task, grain), task.window)

    def waits(self, task: Task, grain: Grain, today: Date) -> Date | None:
        """Day from which on a task is asked for again, after it has failed in several runs; None if that is now."""
        return self.failing.waits(_key(task, grain), task.window, today) if task.window else None

    def note_read(self, task: Task, grain: Grain, today: Date, *, proved: bool = False) -> None:
        """Note that a task was read today, or that its range was compared."""
        self.read_today.add(_key_of_day(task, grain, proved=proved), task.window, today)

    def was_read(self, task: Task, grain: Grain, today: Date, *, proved: bool = False) -> bool:
        """Whether a task was read today already, or its range compared."""
        return self.read_today.has(_key_of_day(task, grain, proved=proved), task.window, today)

    def open_check(self, task: Task, grain: Grain, now: datetime) -> None:
        """Note that a variant is going to be proved; what has changed elsewhere from then on tells where to look."""
        self.open_checks.setdefault(_key(task, grain), now)

    def opened(self, task: Task, grain: Grain) -> datetime | None:
        """Return since when a variant is going to be proved; None if it is not, or was."""
        return self.open_checks.get(_key(task, grain))

    def close_check(self, task: Task, grain: Grain) -> None:
        """Note that a variant was proved."""
        self.open_checks.pop(_key(task, grain), None)

    def suspect(self, task: Task, grain: Grain) -> Suspect:
        """Where a search of a task's variant goes on that an allowance has broken off."""
        return self.suspects.get(_key(task, grain), Suspect())

    def note_suspect(self, task: Task, grain: Grain, suspect: Suspect) -> None:
        """Note where a search of a task's variant goes on."""
        self.suspects[_key(task, grain)] = suspect

    def note_changed(self, task: Task, days: Iterable[date], grain: Grain) -> None:
        """Note that days of a task's variant have changed: what was read of them elsewhere may be older than that."""
        changed, own = list(days), _key(task, grain)
        self.suspects = {key: one if key == own else one.moved(changed) for key, one in self.suspects.items()}

    def note_moved(self, task: Task, grain: Grain) -> None:
        """Note that a window that nothing proves has changed elsewhere."""
        if task.window:
            self.learn(task, grain, self.behaviour(task, grain).with_moved(task.window))

    def has_moved(self, task: Task, grain: Grain) -> bool:
        """Whether a window has changed elsewhere since it was read."""
        return task.window is not None and self.behaviour(task, grain).has_moved(task.window)

    def leave_out(self, endpoint: Endpoint) -> None:
        """Note that what is loaded of an endpoint lacks the columns that are left out now."""
        own = {key for key in (*self._loaded, *self._behaviours) if key.split("|")[0] == endpoint.name}
        for key in own if endpoint.left_out else ():
            known = self._behaviours.get(key, ServerBehaviour())
            self._behaviours[key] = replace(known, left_out=known.left_out.union(endpoint.left_out))

    def drop(self, endpoint: str) -> None:
        """Note that nothing of an endpoint is loaded any more."""
        self._loaded = {key: windows for key, windows in self._loaded.items() if key.split("|")[0] != endpoint}
        self.suspects = {key: one for key, one in self.suspects.items() if key.split("|")[0] != endpoint}

    def variants(self, endpoint: str) -> set[str]:
        """Variants of a series or of entities of which something is loaded."""
        return {key.partition("|")[2] for key in self._loaded if key.split("|")[0] == endpoint}

    def covers(self, variants: Iterable[str]) -> bool:
        """Whether something is loaded of any of some variants, each as `endpoint|value`."""
        loaded = {(key.split("|")[0], key.rpartition("|")[2]) for key in self._loaded}
        return any(tuple(one.split("|", 1)) in loaded for one in variants)

    def endpoints(self) -> set[str]:
        """Names of the endpoints of which something is loaded."""
        return {key.split("|")[0] for key in self._loaded}

    def behaviour(self, task: Task, grain: Grain) -> ServerBehaviour:
        """What checks have learned about a task's variant."""
        return self._behaviours.get(_key(task, grain), ServerBehaviour())

    def learn(self, task: Task, grain: Grain, behaviour: ServerBehaviour) -> None:
        """Keep what a check has learned."""
        self._behaviours[_key(task, grain)] = behaviour

    def loaded(self, task: Task, grain: Grain) -> list[Window]:
        """Days of a task's window that were loaded, as ranges, oldest first."""
        ranges = self._loaded.get(_key(task, grain), [])
        shared = (overlap(task.window, one) for one in ranges) if task.window else ()
        return [one for one in shared if one]

    def missing(self, task: Task, grain: Grain) -> list[Window]:
        """Days of a task's window that were not loaded, as ranges, newest first."""
        return without(task.window, self._loaded.get(_key(task, grain), [])) if task.window else []


def _key_of_day(task: Task, grain: Grain, *, proved: bool) -> str:
    return f"{_key(task, grain)}{'|proved' if proved else ''}"


def _key(task: Task, grain: Grain) -> str:
    parts = [
        task.endpoint.name,
        *([] if task.endpoint.range_independent else [grain.value]),
        *(value for _, value in task.variant),
    ]
    return "|".join(parts)
