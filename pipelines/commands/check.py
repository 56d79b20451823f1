"""`elt check`: whether the key works, what it may spend, and whether the destination can be reached; loads nothing."""

from dataclasses import dataclass

from pipelines.destinations.read_only import ReadOnlyDestination
from pipelines.people.scope_probes import missing_scopes, probe, probes_of, scopes_of
from pipelines.running.config import RunConfig


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What the key may do, and which resources need it."""

    name: str
    granted: bool
    resources: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What `check` has found out.

    Attributes:
        profile_id: the profile of the key; None where the API does not tell.
        limit_seen: units per period that the server names; None where it names none.
        asked: the resources that were asked for it, in the variants that were.
        scopes: what the key may do; none, where the vendor names no scopes.
        personal: whether scopes for personal data were asked about.
        second_key: `api_key` was refused, `next_api_key` works.
        units: units that this has cost.
    """

    profile_id: str | None
    limit_seen: int | None
    asked: tuple[str, ...]
    scopes: list[Scope]
    personal: bool
    second_key: bool
    units: int


def check(config: RunConfig) -> Checked:
    """Ask the API what the key may read, and the destination for a connection; load nothing.

    Raises:
        ApiError: the key is not accepted, or none of the resources can be asked for.
        ConfigurationError: something has to be changed.
        DestinationBusyError: the destination does not answer.
    """
    chosen = config.endpoints
    reader = config.open_reader()
    wanted = scopes_of(chosen) or {"": sorted(chosen, key=lambda row: row.units)[:1]}
    questions = probes_of(wanted, config.policy.values, config.policy.today)
    missing = missing_scopes(probe(reader, questions, strict=True))
    if missing.keys() == wanted.keys():
        raise next(iter(missing.values()))
    # a sync may be at work: its folder and what it still has to load are left alone
    with ReadOnlyDestination(config.target) as destination:
        destination.open()
    return Checked(
        profile_id=reader.tenant,
        limit_seen=reader.session.limit_seen,
        asked=tuple(
            f"{task.endpoint.name} {task.variant_text}".strip()
            for scope, tasks in questions.items()
            for task in tasks
            if scope not in missing
        ),
        scopes=[
            Scope(name=name, granted=name not in missing, resources=tuple(row.name for row in rows))
            for name, rows in wanted.items()
            if name
        ],
        personal=any(row.pii for row in chosen),
        second_key=bool(reader.session.keys.current),
        units=reader.session.budget.spent,
    )
