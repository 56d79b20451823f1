"""How this server reads the moments of a range: asked on first contact, and again after a while."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pendulum import Date

from pipelines.planning.ledger import Ledger
from pipelines.running.config import RunConfig
from sources.rest.calling.budget import BudgetClosedError
from sources.rest.catalogue.api import RangeDoubt
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.errors import ApiError, BadRequestError, ConfigurationError, UnauthorizedError, WrongShapeError
from sources.rest.reading.range_ends import CALLS_MAX, Ends, MinuteCounter, ends_of
from sources.rest.reading.reader import Reader
from sources.rest.reading.tasks import Task, VariantValues
from sources.rest.windows import Window

ASKED_AGAIN_DAYS: Final = 30
"""Days for which it is believed how a server reads ranges."""

TRIES: Final = 4
"""Days of variants that are asked for at most: some have no figures, and some are refused."""


@dataclass(frozen=True, kw_only=True)
class RangeReading:
    """How a server reads ranges.

    Attributes:
        ends: whether the moment of an end belongs to the range; None where no day has told.
        setting: option and value with which the server takes moments, where it refuses them as configured.
    """

    ends: Ends | None = None
    setting: str = ""


def range_questions(endpoints: Iterable[Endpoint], values: VariantValues, today: Date) -> Iterator[Task]:
    """Days of variants that can tell how ranges are read: those before today, which do not move much any more."""
    asked = next((row for row in endpoints if row.kind is Kind.AGGREGATE and row.additive and not row.for_each), None)
    if asked is None or asked.date_range:
        return
    for back in (1, 2, 3):
        day = today.subtract(days=back)
        yield from (Task(asked, Window(day, day), one) for one in asked.variants(values))


def is_open(config: RunConfig, ledger: Ledger, doubt: RangeDoubt | None) -> bool:
    """Whether a sync asks: the answer is unknown, old, or not what is configured, and the allowance is large enough."""
    units = config.limits.max_units
    if doubt is None or (units is not None and units < TRIES * CALLS_MAX):
        return False
    read, asked = ledger.range_ends
    if read == doubt.configured:
        return not (asked and 0 <= (config.policy.today - asked).days < ASKED_AGAIN_DAYS)
    return bool(read) or asked != config.policy.today


def reading_of(reader: Reader, questions: Sequence[Task], doubt: RangeDoubt) -> RangeReading:
    """Ask the server.

    Raises:
        UnauthorizedError: the key is not accepted at all.
        ApiError: the API asks to wait longer than a run waits.
    """
    for task in questions[:TRIES]:
        try:
            ends = _ends(reader, task)
        except UnauthorizedError:
            raise
        except (BudgetClosedError, WrongShapeError):
            break
        except ApiError as error:  # whoever reads the rows meets it too
            if error.ends_run:
                raise
            if isinstance(error, BadRequestError):
                return RangeReading(setting=_taken(reader, task, doubt))
            if error.retryable:
                break
        else:
            if ends:
                return RangeReading(ends=ends)
    return RangeReading()


def _ends(reader: Reader, task: Task) -> Ends | None:
    counter = MinuteCounter(reader.session, task.endpoint, dict(task.variant))
    return ends_of(counter, task.window.start) if task.window else None


def settle_ranges(
    config: RunConfig, reader: Reader, ledger: Ledger, endpoints: Iterable[Endpoint], values: VariantValues
) -> None:
    """Ask how the server reads ranges, if that is not known; the ledger keeps it.

    Raises:
        ApiError: as `reading_of` does.
        ConfigurationError: the server reads ranges in another way than the options say; days would be wrong.
    """
    doubt = reader.session.api.range_doubt
    if doubt is None or not is_open(config, ledger, doubt):
        return
    questions = list(range_questions(endpoints, values, config.policy.today))
    if not questions:
        return
    found = reading_of(reader, questions, doubt)
    ledger.range_ends = (found.ends or "", config.policy.today)
    text = advice(found, doubt)
    if text:
        raise ConfigurationError(f"{text} under [sources.{config.source.name}]; nothing was loaded")


def advice(found: RangeReading, doubt: RangeDoubt) -> str:
    """What to set, in a sentence without its end; empty where the options are right or nobody knows."""
    if found.setting:
        return f"the API refuses times as they are sent now, and takes them otherwise: set {found.setting}"
    if found.ends and found.ends != doubt.configured:
        counts = "counts" if found.ends is Ends.INCLUSIVE else "does not count"
        return (
            f"this server {counts} the minute that the end of a range names, so that days"
            f' {"overlap" if found.ends is Ends.INCLUSIVE else "lack a minute"}: set {doubt.option} = "{found.ends}"'
        )
    return ""


def _taken(reader: Reader, task: Task, doubt: RangeDoubt) -> str:
    """The setting under which the server takes a day that it refuses as it is asked for now; empty if there is none."""
    for setting, dates in doubt.spellings.items():
        try:
            reader.read(replace(task, endpoint=replace(task.endpoint, date_range=dates)))
        except (ApiError, BudgetClosedError):
            continue
        return setting
    return ""
