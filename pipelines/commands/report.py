"""`elt report`: what is loaded, as an account manager asks for it; asks nothing of the API, writes no row."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import pendulum
from pendulum import Date
from sqlglot import exp

from pipelines.commands.status import status
from pipelines.destinations.errors import destination_errors
from pipelines.planning.ledger import LAYOUT
from pipelines.running.config import RunConfig
from pipelines.sql.conditions import between, one_of
from pipelines.sql.profiles import COLUMN, of_profile
from pipelines.sql.questions import LOADED, QUESTIONS, Question
from pipelines.sql.views import VIEWS
from pipelines.storing.dataset import Dataset, dataset_to_read
from pipelines.storing.marts import Marts, Row
from pipelines.storing.models import models_of
from pipelines.storing.status import Status
from sources.rest.errors import ConfigurationError
from sources.rest.windows import Grain, Window

WEEKS: Final = 13
"""Weeks that the report is about unless told otherwise: those that end with the newest loaded day, begun ones too."""

_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Report:
    """What is loaded of a profile.

    Attributes:
        days: what the figures are about.
        made_at: when they were asked for.
        seen: moment since which restated values are told; None for since they were first loaded.
        answers: rows by name of the question.
        lacking: questions that cannot be answered, and the tables that are not loaded.
        status: how fresh the tables are.
        model: attribution model that credits revenue; empty where there is none.
        moving: days before today whose figures may still change.
    """

    days: Window
    made_at: datetime
    seen: datetime | None
    answers: Mapping[str, Sequence[Row]]
    lacking: Mapping[str, frozenset[str]]
    status: Status
    model: str
    moving: int

    @property
    def middle(self) -> Date:
        """First day of the second half."""
        return middle_of(self.days)


def middle_of(days: Window) -> Date:
    """First day of the second half of some days."""
    return days.start.add(days=days.days // 2)


def report(config: RunConfig, *, seen: datetime | None = None) -> Report:
    """Ask the models what the report shows.

    Args:
        config: whose; the request says which days.
        seen: moment of the last report; None where there is none.

    Raises:
        ConfigurationError: nothing is loaded, not by day, by an earlier version, or the days are none.
        DestinationBusyError: another process holds the destination.
    """
    if config.policy.grain is not Grain.DAY:
        raise ConfigurationError(f"the models have a row per day, and option grain is {config.policy.grain}")
    name, target = config.source.name, config.to_be_read(config.target)
    places = {**target.places, VIEWS: ""}
    chosen = next(iter(config.options.values.get("model", ())), None)
    made_at = pendulum.now("UTC")
    with (
        dataset_to_read(target, config.policy.grain, config.catalogue) as dataset,
        destination_errors(target.destination),
    ):
        marts = Marts(dataset.pipeline, places, models_of(name, chosen))
        first = QUESTIONS[name][0]
        # of a day that is not over the ledger says nothing
        if not marts.has(first.mart) or (first.owner != COLUMN and not dataset.ledger.endpoints()):
            raise ConfigurationError(
                f"nothing is loaded into the dataset {target.dataset_name}; run elt sync {name} first"
            )
        if dataset.ledger.layout < LAYOUT:
            raise ConfigurationError(
                f"an earlier version of this program has loaded the dataset {target.dataset_name}; run elt sync"
                f" {name} once, and this again"
            )
        days = _days(config, marts, first, dataset)
        given = {"middle": middle_of(days), "seen": seen or _EVER}
        answers = {
            one.name: marts.ask(one.query, one.mart, _where(config, one, days, dataset), given)
            for one in QUESTIONS[name]
            if marts.has(one.mart)
        }
    return Report(
        days=days,
        made_at=made_at,
        seen=seen,
        answers=answers,
        lacking={one.name: marts.lacking[one.mart] for one in QUESTIONS[name] if one.mart in marts.lacking},
        status=status(config),
        model=chosen or "",
        moving=config.policy.horizon_days,
    )


def _days(config: RunConfig, marts: Marts, first: Question, dataset: Dataset) -> Window:
    asked = config.request
    (loaded,) = marts.ask(LOADED, first.mart, [_owner(config, first, dataset)], {})
    if loaded["last"] is None:
        raise ConfigurationError(f"no day is loaded yet; run elt sync {config.source.name} first")
    begin, end = (Date(day.year, day.month, day.day) for day in (loaded["first"], loaded["last"]))
    last = asked.until or max(end, asked.since or end)
    start = asked.since or max(begin, last.subtract(days=last.weekday(), weeks=WEEKS - 1))
    if start > last:
        raise ConfigurationError(f"the first day, {start}, lies after the last, {last}")
    return Window(start, last)


def _owner(config: RunConfig, question: Question, dataset: Dataset) -> exp.Expr:
    if question.owner == COLUMN:
        return of_profile(dataset.warehouse.profile, and_nobodys=not config.to_be_read(config.target).ledger_id)
    return one_of(question.owner, sorted({*_asked_for(question.owner, config, dataset)}))


def _asked_for(column: str, config: RunConfig, dataset: Dataset) -> Iterator[str]:
    """Values of a parameter that something is loaded of."""
    for row in config.catalogue.values():
        names = [one.name for one in row.variant_columns]
        if column in names:
            place = names.index(column) - len(names)  # what is before the values is no part of them
            yield from {one.split("|")[place] for one in dataset.ledger.variants(row.name)}


def _where(config: RunConfig, question: Question, days: Window, dataset: Dataset) -> list[exp.Expr]:
    start = days.start.start_of("month") if question.monthly else days.start
    return [_owner(config, question, dataset), between(question.day, start, days.end)]
