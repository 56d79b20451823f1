"""Which days of a resource are loaded, per profile and variant: the memory of dlt's cursor, by ranges of days."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from dlt.common import logger
from pendulum import Date

from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.reading.tasks import Task, VariantValues, windows_of
from sources.rest.windows import Grain, Window, merged, overlap, without

STATE_KEY: Final = "loaded"
"""Where the ranges lie in the state of dlt's cursor, so that whatever resets the cursor resets them too."""

ANY: Final = "*"
"""Profile, and variant, of days that a version without profiles has loaded."""

Variant = tuple[tuple[str, str], ...]


def day_of(value: Any) -> Date:
    """Return the day of a cursor value, which dlt keeps as a date, a time or text."""
    return Date.fromisoformat(str(value)[:10])


class LoadedDays:
    """Loaded days of one resource; a day is noted once its rows have been handed to dlt.

    Args:
        state: what dlt keeps of the cursor; changed in place.
        endpoint: what is read.
        values: values of the parameters that multiply calls.
        grain: length of the windows of aggregate rows.
        wanted: days that are to be loaded in the end.
        lag_days: how many of the last days of each loaded range are read again, because they may have changed.
    """

    def __init__(
        self,
        state: dict[str, Any],
        endpoint: Endpoint,
        values: VariantValues,
        *,
        grain: Grain,
        wanted: Window,
        lag_days: int,
    ) -> None:
        self._endpoint = endpoint
        self._grain = grain
        self._wanted = wanted
        self._lag_days = lag_days
        self._variants: Sequence[Variant] = endpoint.variants(values)
        self._loaded: dict[str, dict[str, list[list[str]]]] = state.setdefault(STATE_KEY, _before_profiles(state))
        self._done: dict[Variant, list[Window]] = {}

    def tasks(self, profile: str | None, today: Date) -> list[Task]:
        """What is still to be read in this run; where the profile is not known yet, only what every profile lacks."""
        if profile is not None:
            self._take_over(profile)
            return self._tasks(profile, today)
        return min((self._tasks(one, today) for one in [*self._loaded] or [ANY]), key=_days)

    def begin(self, task: Task) -> None:
        """Note that a task is read in this run."""
        if task.window:
            self._done.setdefault(task.variant, []).append(task.window)

    def add(self, profile: str, task: Task) -> None:
        """Note that the rows of a task are with dlt."""
        if task.window:
            self._take_over(profile)
            ranges = self._loaded.setdefault(profile, {})
            found = merged([*self._ranges(profile, task.variant), task.window])
            ranges[self._key(task.variant)] = [[str(one.start), str(one.end)] for one in found]

    def _tasks(self, profile: str, today: Date) -> list[Task]:
        tasks = [
            Task(self._endpoint, window, variant)
            for variant in self._variants
            for days in self._due(profile, variant)
            for window in windows_of(self._endpoint, days, self._grain, today)
        ]
        return list(dict.fromkeys(tasks))

    def _due(self, profile: str, variant: Variant) -> list[Window]:
        """Days that are missing, newest first, then those that may have changed; together where one call takes both."""
        loaded = merged(self._ranges(profile, variant))
        missing = without(self._wanted, loaded)
        changing = [
            shared
            for one in reversed(loaded)
            if (shared := overlap(self._wanted, Window(max(one.start, self._first_changing(one)), one.end)))
        ]
        due = [*missing, *changing]
        if self._endpoint.range_independent:
            due = merged(due)[::-1]
        done = merged(self._done.get(variant, ()))
        return [left for one in due for left in without(one, done)]

    def _first_changing(self, window: Window) -> Date:
        return window.end.subtract(days=self._lag_days)

    def _ranges(self, profile: str, variant: Variant) -> list[Window]:
        known = self._loaded.get(profile, {})
        ranges = known.get(self._key(variant), known.get(ANY, []))
        return [Window(Date.fromisoformat(first), Date.fromisoformat(last)) for first, last in ranges]

    def _key(self, variant: Variant) -> str:
        grain = [self._grain.value] if self._endpoint.kind is Kind.AGGREGATE else []
        return "|".join([*grain, *(value for _, value in variant)])

    def _take_over(self, profile: str) -> None:
        """Give the first profile that is seen what a version without profiles has loaded."""
        if profile in self._loaded or ANY not in self._loaded:
            return
        ranges = self._loaded.pop(ANY)[ANY]
        self._loaded[profile] = {self._key(variant): ranges for variant in self._variants}
        logger.warning(
            f"{self._endpoint.name}: {ranges[0][0]}..{ranges[0][1]} were loaded by a version that noted no profile, and"
            f" count as those of {profile or 'this source'}; if this pipeline has loaded another one too, load all"
            " again with pipeline.run(..., refresh='drop_data')"
        )


def _before_profiles(state: Mapping[str, Any]) -> dict[str, dict[str, list[list[str]]]]:
    """Return the days that a version without profiles has loaded: from its first initial value to its cursor."""
    if state["initial_value"] is None:
        return {}
    first, last = day_of(state["initial_value"]), day_of(state["last_value"])
    return {ANY: {ANY: [[str(first), str(last)]]}} if first < last else {}


def _days(tasks: Iterable[Task]) -> int:
    return sum(task.window.days for task in tasks if task.window)
