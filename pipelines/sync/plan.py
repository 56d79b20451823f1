"""What a sync asks for: a pure function of today, configuration and coverage."""

from collections.abc import Iterable, Iterator, Sequence

from pendulum import Date

from sources.rest.catalogue import Endpoint
from sources.rest.coverage import Coverage
from sources.rest.tasks import Task, Values, windows_of
from sources.rest.windows import Grain, Window, merged, overlap, split


def plan(
    endpoints: Iterable[Endpoint],
    asked: Window,
    *,
    today: Date,
    horizon_days: int,
    grain: Grain,
    values: Values,
    coverage: Coverage,
) -> list[Task]:
    """List the tasks of a sync in the order in which they are worth most.

    Args:
        endpoints: what to load.
        asked: days to load.
        today: the day that is still changing.
        horizon_days: days before today whose numbers may still change; they are read again.
        grain: length of the windows of aggregate rows.
        values: values of the query parameters that multiply calls.
        coverage: what was loaded before.

    Returns:
        First what one call answers for a long time (series, snapshots), then aggregates, newest window first.
    """
    horizon = Window(today.subtract(days=horizon_days), today)
    tasks = [
        task
        for endpoint in endpoints
        for variant in endpoint.variants(values)
        for task in _tasks(Task(endpoint, asked, variant), horizon, grain, coverage)
    ]
    # sorting is stable: within a day the catalogue's order stays
    return sorted(tasks, key=lambda task: (not _cheap(task), -task.window.end.toordinal() if task.window else 0))


def slices(tasks: Sequence[Task], units: int) -> Iterator[list[Task]]:
    """Cut a plan into groups that are loaded and committed together, each about `units` units dear."""
    group: list[Task] = []
    for task in tasks:
        if group and cost(group) + cost([task]) > units:
            yield group
            group = []
        group.append(task)
    if group:
        yield group


def cost(tasks: Iterable[Task]) -> int:
    """Units that tasks cost at least; calls for each of several ids are known only when the ids are."""
    return sum(task.endpoint.units for task in tasks)


def _cheap(task: Task) -> bool:
    return task.window is None or task.endpoint.by_day


def _tasks(whole: Task, horizon: Window, grain: Grain, coverage: Coverage) -> Iterator[Task]:
    """Cut the task of a whole range into those windows of it that are missing or may have changed."""
    endpoint, asked, variant = whole.endpoint, whole.window, whole.variant
    if asked is not None and endpoint.by_day:
        again = overlap(asked, horizon)
        days = merged([*coverage.missing(whole, grain), *([again] if again else [])])
        for window in (window for stretch in days for window in split(stretch)):
            yield Task(endpoint, window, variant)
    elif asked is not None:
        for one in windows_of(endpoint, asked, grain, horizon.end):
            task = Task(endpoint, one, variant)
            if one is None or overlap(one, horizon) or coverage.missing(task, grain):
                yield task
