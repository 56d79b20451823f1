"""What this server takes of the values that not every server takes: asked once, remembered in the ledger."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.planning.ledger import Ledger
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
    doubtful: Mapping[str, Doubt],
    endpoints: Sequence[Endpoint],
    values: VariantValues,
    window: Window,
    ledger: Ledger,
) -> Iterator[Question]:
    """What nobody has asked this server yet.

    Args:
        doubtful: parameter -> its values that are sure.
        endpoints: what is going to be read.
        values: of the parameters, as configured.
        window: days that are going to be read.
        ledger: knows what was asked before.
    """
    sure = {**values, **{param: doubt.sure for param, doubt in doubtful.items()}}
    days = Window(max(window.start, window.end.subtract(days=MAX_DAYS - 1)), window.end)
    for param in doubtful:
        asked = next((row for row in endpoints if param in _params(row) and row.for_each is None), None)
        if asked is None:
            continue
        for value in values[param]:
            if value not in (*doubtful[param].sure, *ledger.taken.get(param, ()), *ledger.refused.get(param, ())):
                variant = tuple((name, value if name == param else sure[name][0]) for name in _params(asked))
                yield Question(param, value, Task(asked, days if asked.dated else None, variant))


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


def remember(found: FirstContact, ledger: Ledger, values: VariantValues) -> None:
    """Keep in the ledger what the server takes; what is not configured any more is forgotten, and asked again then."""
    for param in {*ledger.refused, *found.refused}:
        refused = {*ledger.refused.get(param, ()), *found.refused.get(param, ())}
        ledger.refused[param] = tuple(value for value in values.get(param, ()) if value in refused)
    for param, taken in found.taken.items():
        ledger.taken[param] = tuple(dict.fromkeys([*ledger.taken.get(param, ()), *taken]))


def left_out(values: VariantValues, ledger: Ledger) -> VariantValues:
    """Values of the parameters without those that the server does not take."""
    return {
        param: tuple(value for value in known if value not in ledger.refused.get(param, ()))
        for param, known in values.items()
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


def notes_of(ledger: Ledger, doubtful: Mapping[str, Doubt]) -> list[str]:
    """What is left out, in sentences."""
    return [
        f"{param} {', '.join(values)} left out: {doubtful[param].refused}; --full asks again, and so does a sync after"
        " one for which it was not configured"
        for param, values in sorted(ledger.refused.items())
        if values and param in doubtful
    ]


def _params(endpoint: Endpoint) -> tuple[str, ...]:
    return tuple(column.name for column in endpoint.variant_columns)
