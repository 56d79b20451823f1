"""A run that is about to start: locks held, datasets open, plans made, the way to the API open."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from dlt.extract import DltResource
from pendulum import Date

from pipelines.destinations.destination import Destination
from pipelines.people.enforcement import PolicyEnforcement
from pipelines.people.granted_scopes import GrantedScopes
from pipelines.people.personal_tables import PersonalTables
from pipelines.planning.ledger import Ledger
from pipelines.planning.plan import Plan, plan
from pipelines.planning.policy import Policy
from pipelines.running.config import RunConfig
from pipelines.running.first_contact import ask, needed, notes_of, open_questions, refusals, remember, usable
from pipelines.running.opening import open_all, split_by_privacy
from pipelines.running.range_contact import settle_ranges
from pipelines.running.run import Run
from pipelines.running.together import Together
from pipelines.running.work import Watcher, Work
from pipelines.storing.dataset import Dataset
from pipelines.storing.habits import habits_of, seconds_of_a_load
from pipelines.storing.level_names import rename_rows
from pipelines.storing.open_pages import open_pages
from pipelines.storing.row_counts import counted, rows_per_day
from pipelines.storing.warehouse import Warehouse
from sources.rest.calling.budget import BudgetClosedError
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.errors import ApiError, ConfigurationError, UnauthorizedError, UnknownHostError
from sources.rest.privacy.forgotten import Forgotten
from sources.rest.reading.answers import Failure
from sources.rest.reading.reader import Reader
from sources.rest.reading.tasks import Task, VariantValues

Planner = Callable[..., Plan]


@dataclass(frozen=True, kw_only=True)
class DatasetRun:
    """What is loaded into one dataset, holding its lock.

    Attributes:
        run: loads it.
        plan: what is loaded.
        ledger: what is loaded already.
        personal: it is personal data.
        failures: what had to be known before, and the API does not tell.
        refused: what the server was found not to take.
    """

    run: Run
    plan: Plan
    ledger: Ledger
    personal: bool
    failures: list[Failure]
    refused: list[Failure]


@dataclass(frozen=True, kw_only=True)
class PreparedRun:
    """A run that is about to start.

    Attributes:
        parts: one per dataset: what everybody may see, then personal data; first of all where something is to be done
            that was not done today.
        reader: the way to the API.
        together: what it shares with the runs of other profiles.
        scopes: what the key may read of personal data.
        notes: what a user should know of the destination, in sentences.
        extra_resources: makes the tables that do not come from the API.
    """

    parts: list[DatasetRun]
    reader: Reader
    together: Together
    scopes: GrantedScopes
    notes: list[str]
    extra_resources: Callable[[], Iterable[DltResource]]


@contextmanager
def prepared_run(
    command: str, config: RunConfig, planner: Planner, watcher: Watcher | None, together: Together
) -> Iterator[PreparedRun]:
    """Lock, plan, and open the way to the API.

    Args:
        command: what the run is of, such as `sync`; its row says so.
        config: what to do.
        planner: makes the plan.
        watcher: sees the run go on.
        together: what it shares with the runs of other profiles.

    Raises:
        ApiError: the key is refused, or the API does not tell what has to be known before.
        ConfigurationError: something has to be changed before this can work.
        DestinationBusyError: another process holds the destination.
    """
    config.check()
    with ExitStack() as stack:
        groups = split_by_privacy(config.endpoints)
        reader = _reader(config, watcher, together)
        stack.callback(reader.session.close)
        opened = open_all(stack, config, groups, reader, together, command=command)
        policy = config.policy
        work = Work(reader.session.budget, watcher, slice_units=config.limits.slice_units)
        reader.session.budget.allow(*config.limits.allowance)
        scopes = GrantedScopes(reader, [one.dataset.ledger for one in opened], policy.today)
        parts, expected = list[DatasetRun](), 0
        notes = [note for one in opened for note in one.destination.notes]
        series = opened[0].dataset
        for one, rows in zip(opened, groups, strict=True):
            dataset = one.dataset
            chosen: Sequence[Endpoint] = rows
            values, failed, refused = config.policy.values, list[Failure](), list[Failure]()
            if rows[0].pii:
                _enforce_privacy(reader, dataset, one.destination)
                try:
                    chosen, values, failed = _readable(rows, config, reader, scopes)
                except UnknownHostError as error:
                    if any(other.dataset.ledger.endpoints() for other in opened):
                        raise
                    raise ConfigurationError(str(error)) from None  # nothing was ever loaded from it: misspelt
            else:
                said = {} if config.request.full else dict(dataset.ledger.refused)
                chosen, values, refused = _taken(rows, config, reader, dataset)
                notes += notes_of(dataset.ledger, config.doubtful, said)
            made, policy = planned(config, dataset, chosen, values, series=series, planner=planner)
            expected += _usual(made, dataset.warehouse, config.policy.today)
            run = Run(
                dataset,
                one.committer,
                reader,
                journal=one.journal,
                policy=policy,
                limits=config.limits,
                work=work,
            )
            parts.append(
                DatasetRun(
                    run=run, plan=made, ledger=dataset.ledger, personal=rows[0].pii, failures=failed, refused=refused
                )
            )
            if one is not opened[-1]:  # the API may be asked about the next one
                series.warehouse.release()
        tasks = [task for part in parts for task in part.plan.tasks]
        work.plan(
            tasks,
            expected,
            usual_load=seconds_of_a_load(series.warehouse),
            to_come=[row.name for part in parts for row in part.plan.details],
        )
        # where all was read today, it comes last: otherwise a small allowance would never get to people's details
        parts.sort(key=lambda part: part.plan.repeats_today and not part.plan.details)
        for one in opened[1:]:  # of the first one more is asked before the API is
            one.dataset.warehouse.release()
        yield PreparedRun(
            parts=parts,
            reader=reader,
            together=together,
            scopes=scopes,
            notes=list(dict.fromkeys(notes)),
            extra_resources=lambda: config.extra_resources(reader.tenant or ""),
        )


def planned(
    config: RunConfig,
    dataset: Dataset,
    endpoints: Sequence[Endpoint],
    values: VariantValues,
    *,
    series: Dataset,
    planner: Planner = plan,
) -> tuple[Plan, Policy]:
    """Make the plan of a run, and the policy that it was made under; reads the open destination, nothing of the API.

    Args:
        config: what is asked for.
        dataset: what is loaded.
        endpoints: what is to be loaded into it.
        values: of the parameters that multiply calls.
        series: what is loaded that is not personal; it may count what is not loaded yet.
        planner: makes the plan.

    Raises:
        ConfigurationError: something has to be changed before this can work.
        DestinationBusyError: another process holds the destination.
    """
    entities = [row for row in endpoints if row.kind is Kind.ENTITY]
    policy = replace(config.policy, values=values)
    if entities:
        policy = replace(
            policy,
            rows_per_day=rows_per_day(entities, policy, dataset),
            counted=counted(entities, config.days, policy, series, config.catalogue),
            open_pages=open_pages(dataset.warehouse, dataset.warehouse.tables()),
        )
    return planner(endpoints, config.days, policy, dataset.ledger), policy


def _reader(config: RunConfig, watcher: Watcher | None, together: Together) -> Reader:
    """Open the way to the API, and let others see and end what goes on there."""
    reader = config.open_reader()
    together.watch(reader)
    if watcher:
        watcher.opened(reader.session)
    return reader


def _enforce_privacy(reader: Reader, dataset: Dataset, destination: Destination) -> None:
    """Keep the forgotten out, and bring what was loaded under a laxer policy under the present one."""
    reader.privacy.forgotten = dataset.forgotten or Forgotten()
    tables = PersonalTables(dataset.warehouse, reader.privacy.catalogue)
    changed = PolicyEnforcement(tables, reader.privacy).enforce()
    dataset.warehouse.release()
    if changed:
        destination.rewrite()


def _taken(
    rows: Sequence[Endpoint], config: RunConfig, reader: Reader, dataset: Dataset
) -> tuple[Sequence[Endpoint], VariantValues, list[Failure]]:
    """Endpoints and values of their parameters that the server takes, and what it refuses for the first time."""
    values, ledger = config.policy.values, dataset.ledger
    settle_ranges(config, reader, ledger, rows, values)
    if config.request.full:
        ledger.refused = {}
    known = {*ledger.readings}
    reader.levels.known = ledger.readings
    questions = list(open_questions(config, rows, values, ledger))
    found = ask(reader, questions)
    for name in ledger.readings.keys() - known:
        endpoint, level = name.split()
        rename_rows(dataset.warehouse, reader.endpoints[endpoint], level, ledger.readings[name])
    remember(found, ledger, needed(config, rows, values))
    return *usable(rows, values, ledger), refusals(found, questions)


def _readable(
    rows: Sequence[Endpoint], config: RunConfig, reader: Reader, scopes: GrantedScopes
) -> tuple[Sequence[Endpoint], VariantValues, list[Failure]]:
    """Personal endpoints that the key may read, the values of their parameters, and what the API did not tell."""
    chosen, values, failures = rows, config.policy.values, list[Failure]()
    without_discovered = [row for row in rows if not {one.name for one in row.variant_columns} & config.discovers]
    try:
        try:
            # a scope is asked about with values that the API knows: it may refuse others before it looks at the key
            values = config.discovered_values(rows, reader)
        except ApiError as error:
            if error.ends_run:
                raise
            chosen, failures = without_discovered, [Failure(Task(reader.endpoints[error.endpoint]), error)]
        return scopes.readable(chosen, values), values, failures
    except BudgetClosedError:  # nothing will be asked; what would have been is named
        return chosen, {name: known or ("",) for name, known in values.items()}, failures
    except UnauthorizedError as error:
        return without_discovered, values, [Failure(Task(reader.endpoints[error.endpoint]), error)]


def _usual(made: Plan, warehouse: Warehouse, today: Date) -> int:
    """Units that checks which do not add up are expected to need, as earlier syncs went."""
    tasks = (*made.checks, *made.unproved)
    checked = {(task.endpoint.name, task.variant_text): task.endpoint.units for task in tasks}
    habits = habits_of(warehouse, {}, today) if checked else {}
    return sum(units * habits.get(one, 0) for one, units in checked.items())
