"""What a key is allowed to do, asked with the cheapest call per scope; personal endpoints are asked about nobody."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pendulum import Date

from pipelines.planning.policy import Policy
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.errors import ApiError, MissingScopeError, UnauthorizedError
from sources.rest.reading.reader import Reader
from sources.rest.reading.tasks import Task, VariantValues
from sources.rest.windows import Window

NOBODYS_DAY: Final = Date(2000, 1, 1)
"""A day without any data: asking for it shows whether the key may ask, and brings no rows."""

NOBODY: Final = "00000000-0000-0000-0000-000000000000"
"""An id that nobody has; foreign ids give empty answers."""


def scopes_of(endpoints: Iterable[Endpoint]) -> dict[str, list[Endpoint]]:
    """Return endpoints by the scope that they need, cheapest first, without those that need no documented scope."""
    found: dict[str, list[Endpoint]] = {}
    for endpoint in endpoints:
        if endpoint.scope:
            found.setdefault(endpoint.scope, []).append(endpoint)
    return {scope: sorted(rows, key=_price) for scope, rows in found.items()}


def probes_of(wanted: Mapping[str, Sequence[Endpoint]], values: VariantValues, today: Date) -> dict[str, list[Task]]:
    """Return the tasks that show whether a scope is granted: one variant, or all where each has a path of its own."""
    found = {}
    for scope, (endpoint, *_) in wanted.items():
        known = {column.name: values.get(column.name) or (NOBODY,) for column in endpoint.variant_columns}
        day = NOBODYS_DAY if endpoint.pii else today
        window = Window(day, day) if endpoint.dated else None
        variants = endpoint.variants(known)[: None if endpoint.path_params else 1]
        found[scope] = [Task(endpoint, window, one, parent=NOBODY) for one in variants]
    return found


def probe(
    reader: Reader, questions: Mapping[str, Iterable[Task]], *, strict: bool = False
) -> dict[str, ApiError | None]:
    """Ask about scopes; return per scope None if it is granted, `MissingScopeError`, or an error that does not tell.

    Args:
        reader: the way to the API.
        questions: scope -> what to ask.
        strict: an error that says nothing about a scope is raised, unless the API was asked with a value that nobody
            knows: it may refuse that.

    Raises:
        UnauthorizedError: the key is not accepted at all.
        ApiError: the API does not answer and that matters, or it asks to wait longer than a run waits.
    """
    found: dict[str, ApiError | None] = {}
    for scope, tasks in questions.items():
        found[scope] = None
        try:
            for task in tasks:
                reader.read(task)
        except UnauthorizedError:
            raise
        except ApiError as error:
            error.add_note(str(task))
            if error.ends_run:
                raise
            if strict and not isinstance(error, MissingScopeError) and not _made_up(task):
                raise
            found[scope] = error
    return found


def profile_of_key(reader: Reader, endpoints: Sequence[Endpoint], policy: Policy) -> str:
    """Ask the API whose key it is, with as few units as that takes.

    Raises:
        ApiError: it does not tell; the key is refused, say, or lacks every scope that is needed.
    """
    told = [row for row in endpoints if row.tenant]
    refusals = []
    for scope, questions in probes_of(scopes_of(told), policy.values, policy.today).items():
        if reader.tenant is not None:
            break
        found = probe(reader, {scope: questions[:1]})
        refusals += [error for error in found.values() if error]
    if reader.tenant is None:
        raise next((one for one in refusals if isinstance(one, MissingScopeError)), refusals[0])
    return reader.tenant


def missing_scopes(answers: Mapping[str, ApiError | None]) -> dict[str, ApiError]:
    """Return the scopes that the key does not have."""
    return {scope: error for scope, error in answers.items() if isinstance(error, MissingScopeError)}


def _made_up(task: Task) -> bool:
    """Whether a parameter has a value that stands for one that nobody has told."""
    return NOBODY in dict(task.variant).values()


def _price(endpoint: Endpoint) -> tuple[int, bool, bool]:
    return endpoint.units, endpoint.for_each is not None, not endpoint.range_independent
