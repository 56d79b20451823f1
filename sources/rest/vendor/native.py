"""Resources that read when dlt extracts them, driven by dlt's own increment: the source without the sync engine."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import dlt
import pendulum
from dlt.common import logger
from dlt.extract import DltResource
from dlt.extract.incremental import Incremental
from dlt.extract.items import DataItemWithMeta
from pendulum import Date

from sources.rest.calling.budget import BudgetClosedError
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.errors import ConfigurationError, IndistinctRowsError
from sources.rest.reading.answers import Answer, Failure, Result, Skipped
from sources.rest.reading.evolved_columns import NO_EVOLVED_COLUMNS
from sources.rest.reading.reader import Reader
from sources.rest.reading.tasks import Task, VariantValues
from sources.rest.vendor.delivery import Batch, Delivery
from sources.rest.vendor.earlier_types import refuse_narrow_columns
from sources.rest.vendor.loaded_days import LoadedDays, day_of
from sources.rest.vendor.resources import described, evolved_columns, row_hints, table_hints, unlisted
from sources.rest.windows import Grain, Window, align

SECONDS_A_DAY: Final = 86_400


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How the resources of a source read.

    Attributes:
        reader: the way to the API, which all share.
        values: asks for the values of the parameters that multiply calls.
        grain: length of the windows of aggregate rows.
        first_day: first day to load, unless the increment names another.
        today: last day to load.
        lag_days: days before the last loaded one that are read again, because attribution restates the past.
        in_flight: calls at once.
        arrow: hand out Arrow tables, not rows.
    """

    reader: Reader
    values: Callable[[], VariantValues]
    grain: Grain
    first_day: Date
    today: Date
    lag_days: int
    in_flight: int
    arrow: bool


def reading_resource(endpoint: Endpoint, reading: Reading) -> DltResource:
    """Make a resource that reads when it is extracted, as dlt users know it.

    Dated endpoints carry a native `dlt.sources.incremental`, which says what is wanted: everything from `initial_value`
    to today, or from `initial_value` to `end_value` without a look at the state. What of it is loaded, the state tells
    per profile and variant; the last `lag` of every loaded range are read again.

    Raises:
        ApiError: while reading; nothing of the run is loaded then, as dlt has it.
        ConfigurationError: while reading; the increment is one by which the API cannot be asked.
    """
    start = align(Window(reading.first_day, reading.today), reading.grain, reading.today).start
    cursor = _native_cursor(endpoint, start, reading.lag_days)

    def dated(date: Any = cursor) -> Iterator[Any]:
        days = _wanted(endpoint, date, reading)
        # what is asked for is what is wanted: whole windows and days of the profile, not what dlt would leave of them
        date.advance(None)
        if days is None:
            return
        loaded = LoadedDays(
            date.get_state(),
            endpoint,
            reading.values(),
            grain=reading.grain,
            wanted=days,
            lag_days=0 if date.end_value is not None else _lag_days(date),
        )

        def note(answer: Answer) -> None:
            loaded.add(answer.tenant or "", answer.task)
            _advance(date, answer.task)

        tenant = None if endpoint.tenant else ""
        # the first answer tells whose key it is, and with that what else is missing
        while tasks := loaded.tasks(reading.reader.tenant or tenant, reading.today):
            for task in tasks:
                loaded.begin(task)
            yield from _batches(endpoint, reading, tasks, note)

    def undated() -> Iterator[Any]:
        tasks = [Task(endpoint, None, variant) for variant in endpoint.variants(reading.values())]
        yield from _batches(endpoint, reading, tasks, lambda _: None)

    function = dated if endpoint.dated else undated
    hints = (table_hints if reading.arrow else row_hints)(endpoint, endpoint.name)
    resource = dlt.resource(function, name=endpoint.name, **hints)
    resource.add_step(Delivery(endpoint))
    return described(resource, endpoint.description)


def _batches(
    endpoint: Endpoint, reading: Reading, tasks: list[Task], note: Callable[[Answer], None]
) -> Iterator[DataItemWithMeta]:
    """Read tasks, and hand out each answer as one item."""
    reader = reading.reader
    refuse_narrow_columns(endpoint)
    # of rows, dlt itself makes the column for a value that an existing one cannot hold
    reader.evolved = evolved_columns(dlt.current.source_schema()) if reading.arrow else NO_EVOLVED_COLUMNS
    listed: set[tuple[Any, ...]] = set()
    for read in _answers(reader, tasks, reading.in_flight):
        answer = read
        for table, field in sorted(answer.unknown):
            logger.warning(f"{table}: the API sends the unknown field {field}; it becomes a column")
        for table, field in sorted(answer.fractions):
            logger.warning(f"{table}: {field} holds fractions where whole numbers belong; they are loaded as they are")
        if answer.truncated:
            logger.warning(f"{answer.task}: the list is capped, rows may be missing")
        if endpoint.kind is Kind.ENTITY:
            answer = unlisted(endpoint, answer, listed)
        batch = Batch(answer, arrow=reading.arrow, on_arrival=lambda answer=answer: note(answer))  # type: ignore[misc] # bound in a loop
        rows = batch.rows()
        yield DataItemWithMeta(batch, rows)
        if not batch.arrived:  # a filter has taken every row: the window is replaced by nothing
            yield DataItemWithMeta(batch, rows.slice(0, 0) if reading.arrow else [])


def _answers(reader: Reader, tasks: list[Task], in_flight: int) -> Iterator[Answer]:
    """Read tasks; a variant whose rows cannot be told apart is left out of this run, with a warning."""
    left_out: set[tuple[tuple[str, str], ...]] = set()
    for result in reader.read_all(tasks, skip=lambda task: task.variant in left_out, in_flight=in_flight):
        if isinstance(result, Failure) and isinstance(result.error, IndistinctRowsError):
            if result.task.variant not in left_out:
                logger.warning(f"{result.task}: {result.error}; left out, see the option levels")
            left_out.add(result.task.variant)
        elif not (isinstance(result, Skipped) and result.task.variant in left_out):
            yield _answer(result)


def _answer(result: Result) -> Answer:
    if isinstance(result, Failure):
        raise result.error
    if isinstance(result, Skipped):
        raise BudgetClosedError
    return result


def _native_cursor(endpoint: Endpoint, start: Date, lag_days: int) -> Any:
    """Return the increment on the day of a row, or on the time of an entity's row; dlt counts its lag in seconds."""
    if not endpoint.time_column:
        return dlt.sources.incremental(endpoint.day_column, initial_value=start, lag=lag_days, primary_key=())
    midnight = pendulum.datetime(start.year, start.month, start.day)
    return dlt.sources.incremental(
        endpoint.time_column,
        initial_value=midnight,
        lag=lag_days * SECONDS_A_DAY,
        primary_key=(),
        on_cursor_value_missing="include",
    )


def _wanted(endpoint: Endpoint, cursor: Incremental[Any], reading: Reading) -> Window | None:
    """Days that an increment asks for, which the user or a scheduler may have set; None where there are none.

    Raises:
        ConfigurationError: the API cannot be asked by this increment.
    """
    path = endpoint.time_column or endpoint.day_column
    if cursor.cursor_path != path or cursor.last_value_func is not max:
        raise ConfigurationError(
            f"{endpoint.name} can only be read by dlt.sources.incremental({path!r}), from its lowest value to its"
            " highest; use add_filter for anything else"
        )
    first = reading.first_day if cursor.initial_value is None else day_of(cursor.initial_value)
    if cursor.range_start == "open":
        first = first.add(days=1)
    last = reading.today
    if cursor.end_value is not None:
        last = day_of(cursor.end_value)
        if cursor.range_end == "open" and _is_midnight(cursor.end_value):
            last = last.subtract(days=1)
    return Window(first, last) if first <= last else None


def _is_midnight(value: Any) -> bool:
    """Whether a cursor value, as a date, a time or text, is the first moment of its day."""
    return not any(digit in "123456789" for digit in str(value)[10:19])


def _lag_days(cursor: Incremental[Any]) -> int:
    """Return the lag in days; dlt counts it in seconds where the initial value is a time."""
    in_seconds = isinstance(cursor.initial_value, datetime) or len(str(cursor.initial_value)) > len("2026-01-01")
    return math.ceil((cursor.lag or 0) / (SECONDS_A_DAY if in_seconds else 1))


def _advance(cursor: Incremental[Any], task: Task) -> None:
    """Let dlt's own cursor, which knows no profile, stand on the last loaded day of any of them."""
    state = cursor.get_state()
    last = task.window.end if task.window else None
    if last is None or (state["last_value"] is not None and last <= day_of(state["last_value"])):
        return
    value: Any = last
    if isinstance(cursor.initial_value, datetime):
        value = pendulum.datetime(last.year, last.month, last.day, tz=cursor.initial_value.tzinfo or "UTC")
    elif not isinstance(cursor.initial_value, date | None):
        value = str(last)
    cursor.advance(value)
