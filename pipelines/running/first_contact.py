"""What this server takes of the values that not every server takes: asked once, remembered in the ledger."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.planning.ledger import Ledger
from pipelines.running.config import RunConfig
from sources.rest.calling.budget import BudgetClosedError
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.catalogue.relations import Doubt
from sources.rest.errors import (
    ApiError,
    IndistinctRowsError,
    NotFoundError,
    RequestRejectedError,
    UnauthorizedError,
)
from sources.rest.reading.answers import Failure
from sources.rest.reading.reader import Reader
from sources.rest.reading.tasks import Task, VariantValues
from sources.rest.windows import MAX_DAYS, Window


@dataclass(frozen=True)
class Question:
    """Whether the server takes a value of a parameter, as a task that shows it."""

    param: str
    value: str
    task: Task


@dataclass
class FirstContact:
    """What was found out.

    Attributes:
        taken: parameter -> values that the server takes.
        refused: parameter -> values that it does not take, each with the error that says so.
    """

    taken: dict[str, list[str]] = field(default_factory=dict)
    refused: dict[str, dict[str, ApiError]] = field(default_factory=dict)


def open_questions(
    config: RunConfig, endpoints: Sequence[Endpoint], values: VariantValues, ledger: Ledger
) -> Iterator[Question]:
    """What nobody has asked this server yet.

    Args:
        config: what is going to be read, and which values are sure.
        endpoints: those of it that go to one dataset.
        values: of the parameters, as configured.
        ledger: knows what was asked before.
    """
    sure = {**values, **{param: doubt.sure for param, doubt in config.doubtful.items()}}
    days = Window(max(config.days.start, config.days.end.subtract(days=MAX_DAYS - 1)), config.days.end)
    parents = [config.catalogue[row.for_each.endpoint] for row in endpoints if row.for_each and row.for_each.endpoint]
    for param, doubt in config.doubtful.items():
        asked = next((row for row in (*endpoints, *parents) if param in _params(row) and row.for_each is None), None)
        if asked is None:
            continue
        for value in _needed(param, endpoints, values):
            if value not in (*doubt.sure, *ledger.taken.get(param, ()), *ledger.refused.get(param, ())):
                variant = tuple((name, value if name == param else sure[name][0]) for name in _params(asked))
                yield Question(param, value, Task(asked, days if asked.dated else None, variant))


def _needed(param: str, endpoints: Sequence[Endpoint], values: VariantValues) -> Iterator[str]:
    """Values of a parameter with which endpoints are asked, or those that hold the ids that they are asked for."""
    read = values[param] if any(param in _params(row) for row in endpoints) else ()
    above = (row.for_each.where[param] for row in endpoints if row.for_each and param in row.for_each.where)
    yield from dict.fromkeys((*read, *above))


def ask(reader: Reader, questions: Sequence[Question]) -> FirstContact:
    """Ask the server; what neither is answered with rows nor refused stays open.

    Raises:
        UnauthorizedError: the key is not accepted at all.
        ApiError: the API asks to wait longer than a run waits.
    """
    found = FirstContact()
    for one in questions:
        try:
            answer = reader.read(one.task)
        except (RequestRejectedError, IndistinctRowsError) as error:
            if not isinstance(error, NotFoundError):
                found.refused.setdefault(one.param, {})[one.value] = error
        except UnauthorizedError:
            raise
        except BudgetClosedError:
            break
        except ApiError as error:  # says nothing of the value; whoever reads the rows meets it too
            if error.ends_run:
                raise
        else:
            # of rows that there are none of, nobody knows what tells them apart
            if answer.rows or not one.task.endpoint.levels or one.param != one.task.endpoint.levels.param:
                found.taken.setdefault(one.param, []).append(one.value)
    return found


def remember(found: FirstContact, ledger: Ledger, needed: Mapping[str, Collection[str]]) -> None:
    """Keep in the ledger what the server takes; what is not needed any more is forgotten, and asked again once it is.

    Args:
        found: what was found out now.
        ledger: keeps it.
        needed: parameter -> values that are configured, or that the run needs.
    """
    for param, values in needed.items():
        refused = {*ledger.refused.get(param, ()), *found.refused.get(param, ())}
        ledger.refused[param] = tuple(value for value in dict.fromkeys(values) if value in refused)
    for param, taken in found.taken.items():
        ledger.taken[param] = tuple(dict.fromkeys([*ledger.taken.get(param, ()), *taken]))


def needed(config: RunConfig, endpoints: Sequence[Endpoint], values: VariantValues) -> dict[str, tuple[str, ...]]:
    """Values of each doubtful parameter that are configured or needed, if the run uses the parameter."""
    found = {param: tuple(_needed(param, endpoints, values)) for param in config.doubtful}
    return {param: (*values[param], *used) for param, used in found.items() if used}


def usable(
    endpoints: Sequence[Endpoint], values: VariantValues, ledger: Ledger
) -> tuple[list[Endpoint], VariantValues]:
    """Endpoints and values of parameters without what the server does not take."""
    refused = {(param, value) for param, known in ledger.refused.items() for value in known}
    chosen = [row for row in endpoints if not (row.for_each and refused & {*row.for_each.where.items()})]
    return chosen, {
        param: tuple(value for value in known if (param, value) not in refused) for param, known in values.items()
    }


def refusals(found: FirstContact, questions: Sequence[Question]) -> list[Failure]:
    """What the server has refused now: the run that finds out says so by its exit code.

    That rows cannot be told apart is no failure: the server has no more to give.
    """
    return [
        Failure(one.task, error)
        for one in questions
        for error in [found.refused.get(one.param, {}).get(one.value)]
        if error and not isinstance(error, IndistinctRowsError)
    ]


def notes_of(ledger: Ledger, doubtful: Mapping[str, Doubt], said: Mapping[str, Collection[str]]) -> list[str]:
    """What is left out, in sentences.

    Args:
        ledger: knows it.
        doubtful: parameters of which a server may not take each value.
        said: parameter -> values of which it was said before.
    """
    return [
        f"{param} {', '.join(values)} left out: {doubtful[param].refused}; --full asks again, and so does a sync after"
        " one for which it was not configured"
        for param, values in sorted(ledger.refused.items())
        if param in doubtful and {*values} - {*said.get(param, ())}
    ]


def _params(endpoint: Endpoint) -> tuple[str, ...]:
    return tuple(column.name for column in endpoint.variant_columns)
