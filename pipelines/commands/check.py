"""`elt check`: whether the key works, what it may spend, and whether the destination takes rows; loads nothing."""

from dataclasses import dataclass

from pipelines.destinations.read_only import ReadOnlyDestination
from pipelines.destinations.scratch import try_writing
from pipelines.people.scope_probes import missing_scopes, probe, probes_of, scopes_of
from pipelines.planning.ledger import Ledger
from pipelines.running.config import RunConfig
from pipelines.running.first_contact import ask, open_questions
from pipelines.running.prepare import split_by_privacy
from sources.rest.errors import ConfigurationError, MissingScopeError, UnknownHostError
from sources.rest.reading.reader import Reader
from sources.rest.reading.tasks import VariantValues


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What the key may do, and which resources need it; `granted` is None where the API does not tell."""

    name: str
    granted: bool | None
    resources: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Value:
    """Whether the server takes a value of a parameter; None where its answer does not tell."""

    param: str
    name: str
    taken: bool | None
    refused: str


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What `check` has found out.

    Attributes:
        profile_id: the profile of the key; None where the API does not tell.
        limit_seen: units per period that the server names; None where it names none.
        asked: the resources that were asked for it, in the variants that were.
        scopes: what the key may do; none, where the vendor names no scopes.
        values: what not every server takes, and whether this one does.
        personal: whether scopes for personal data were asked about.
        second_key: `api_key` was refused, `next_api_key` works.
        written: whether a row was written to the destination, and removed again.
        units: units that this has cost.
    """

    profile_id: str | None
    limit_seen: int | None
    asked: tuple[str, ...]
    scopes: list[Scope]
    values: list[Value]
    personal: bool
    second_key: bool
    written: bool
    units: int


def check(config: RunConfig, *, write: bool = True) -> Checked:
    """Ask the destination whether it takes rows, and the API what the key may read; load nothing.

    Args:
        config: what a sync would do.
        write: write a row to the destination and remove it.

    Raises:
        ApiError: the key is not accepted, or none of the resources can be asked for.
        ConfigurationError: something has to be changed.
        DestinationBusyError: the destination does not answer.
    """
    chosen = config.endpoints
    for rows in split_by_privacy(chosen):  # before a unit is spent
        target = config.target.for_personal_data() if rows[0].pii else config.target
        # a sync may be at work: its folder and what it still has to load are left alone
        with ReadOnlyDestination(target) as destination:
            destination.open()
        if write:
            try_writing(target)
    reader = config.open_reader()
    wanted = scopes_of(chosen) or {"": sorted(chosen, key=lambda row: row.units)[:1]}
    questions = probes_of(wanted, _values(config, reader), config.policy.today)
    try:
        answers = probe(reader, questions, strict=True)
    except UnknownHostError as error:  # somebody is looking: a misspelt name would be away for ever
        raise ConfigurationError(str(error)) from None
    missing = missing_scopes(answers)
    if missing.keys() == wanted.keys():
        raise next(iter(missing.values()))
    taken = _taken(config, reader)
    return Checked(
        profile_id=reader.tenant,
        limit_seen=reader.session.limit_seen,
        asked=tuple(
            f"{task.endpoint.name} {task.variant_text}".strip()
            for scope, tasks in questions.items()
            for task in tasks
            if answers[scope] is None
        ),
        scopes=[
            Scope(
                name=name,
                granted=True if answers[name] is None else False if name in missing else None,
                resources=tuple(row.name for row in rows),
            )
            for name, rows in wanted.items()
            if name
        ],
        values=taken,
        personal=any(row.pii for row in chosen),
        second_key=bool(reader.session.keys.current),
        written=write,
        units=reader.session.budget.spent,
    )


def _taken(config: RunConfig, reader: Reader) -> list[Value]:
    """Ask with a call each for what not every server takes."""
    questions = list(open_questions(config, config.endpoints, config.policy.values, Ledger()))
    found = ask(reader, questions)
    return [
        Value(
            param=one.param,
            name=one.value,
            taken=True
            if one.value in found.taken.get(one.param, ())
            else False
            if one.value in found.refused.get(one.param, ())
            else None,
            refused=config.doubtful[one.param].refused,
        )
        for one in questions
    ]


def _values(config: RunConfig, reader: Reader) -> VariantValues:
    """Values of the parameters that multiply calls; the API may not tell those that nobody has configured."""
    try:
        return config.discovered_values(config.endpoints, reader)
    except MissingScopeError:
        return config.policy.values
