"""`elt copy`: take what is loaded to another destination, ledger included; asks nothing of the API."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from sqlglot import exp

from pipelines.destinations.destination import Destination
from pipelines.destinations.lease_table import Known
from pipelines.destinations.ledgers import noted_of
from pipelines.destinations.target import Target
from pipelines.planning.ledger import STATE_KEY
from pipelines.running.config import RunConfig
from pipelines.sql.conditions import one_of
from pipelines.storing.commit import Committer
from pipelines.storing.copying import Conditions, holds_rows, slices
from pipelines.storing.dataset import Dataset, dataset_to_read, open_dataset
from pipelines.storing.forgotten_people import copy_list, forgotten_people
from sources.rest.errors import ConfigurationError


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """A dataset, and where it goes."""

    name: str
    source: Dataset
    target: Dataset
    destination: Destination
    conditions: Conditions

    @property
    def is_there(self) -> bool:
        """The target says of the same windows that they are loaded: it was copied before."""
        return self.source.ledger.to_state() == self.target.ledger.to_state()


def copy(config: RunConfig, to: str) -> Mapping[str, int]:
    """Copy the rows of a profile, its ledger, history and list of forgotten people; return rows by dataset and table.

    A copy that was cut off can be begun again: rows replace those that are there, and until the ledger follows as the
    last, they count as not loaded.

    Args:
        config: whose rows, and the destination that holds them.
        to: the destination that they go to, a name in `destinations.toml`.

    Raises:
        ConfigurationError: nothing is loaded, or the target holds rows of the profile already.
        DestinationBusyError: another process holds one of the destinations.
    """
    if config.request.destination == to:
        raise ConfigurationError(f"--from and --to both name {to}; there is nothing to copy")
    there = replace(config, request=replace(config.request, destination=to))
    loaded = list(_loaded(config))
    if not loaded:
        raise ConfigurationError(
            f"destination {config.request.destination!r} holds nothing of {config.profile} in the dataset"
            f" {config.target.dataset_name}, as far as its name and key tell"
        )
    with ExitStack() as stack:
        pairs = [_opened(stack, config, there, found) for found in loaded]
        # one of two may have been copied when a copy was killed
        left = [pair for pair in pairs if not (_is_loaded(pair, config) and pair.is_there)]
        for pair in left or pairs:
            if _is_loaded(pair, config):
                raise ConfigurationError(
                    f"the dataset {pair.name} of destination {to!r} holds rows of {config.profile} already; nothing was"
                    f" copied: go on there with elt sync --destination {to}, or copy to another destination"
                )
        return {f"{pair.name}.{name}": count for pair in left for name, count in _copied(pair, config).items()}


def _loaded(config: RunConfig) -> Iterator[Target]:
    """Where something of the profile is loaded: what everybody may see, and personal data."""
    for target in (config.target, config.target.for_personal_data()):
        found = config.loaded_at(target)
        if found:
            with dataset_to_read(found, config.policy.grain, config.catalogue) as dataset:
                if dataset.pipeline.schema_names:
                    yield found


def _opened(stack: ExitStack, config: RunConfig, there: RunConfig, found: Target) -> _Pair:
    """Lock and open a dataset and its counterpart."""
    grain, catalogue = config.policy.grain, config.catalogue
    noted = noted_of(found) or Known()
    source_at = Destination(found)
    stack.enter_context(source_at.lock())
    source = open_dataset(source_at, grain, catalogue)
    source.warehouse.release()  # DuckDB opens no file for reading that it has open to write
    stack.callback(source.warehouse.release)
    tenant = source.ledger.tenant or noted.profile_id
    place = there.target.for_personal_data() if found.personal else there.target
    # nobody but the dataset is asked whose key it is; where no answer has ever told it, nothing tells it apart
    target = there.loaded_at(place, lambda: tenant or "")
    if target is None or (target.shared and not tenant):
        raise ConfigurationError(
            f"no answer has told yet whose rows the dataset {found.dataset_name} holds; sync it once before"
        )
    destination = Destination(target)
    stack.enter_context(destination.lock())
    opened = open_dataset(destination, grain, catalogue)
    opened.warehouse.release()
    stack.callback(opened.warehouse.release)
    opened.ledger.tenant = opened.ledger.tenant or tenant
    destination.known = lambda: replace(noted, ledger_id=target.ledger_id, profile_id=tenant, name=config.profile.name)
    for dataset in (source, opened):  # the other pair of a file is looked at for reading, which no writer lets in
        dataset.warehouse.release()
    return _Pair(
        name=target.dataset_name,
        source=source,
        target=opened,
        destination=destination,
        conditions=_untold(config, source) if found.shared or target.shared else {},
    )


def _untold(config: RunConfig, source: Dataset) -> Conditions:
    """Rows that name no profile are told apart by what was asked for, which the ledger knows.

    Raises:
        ConfigurationError: nothing tells which rows of a table are the profile's.
    """
    untold = [row for row in config.catalogue.values() if row.tenant is None]
    known: dict[str, set[str]] = defaultdict(set)
    for row in untold:
        names = [column.name for column in row.variant_columns]
        for variant in source.ledger.variants(row.name) if names else ():
            for name, value in zip(names, variant.split("|")[-len(names) :], strict=True):
                known[name].add(value)
    found: dict[str, Sequence[exp.Expr]] = {}
    for row in untold:
        names = [column.name for column in row.variant_columns]
        if not (names and all(known[name] for name in names)) and any(map(source.warehouse.has, row.tables)):
            raise ConfigurationError(
                f"nothing tells which rows of {row.name} are those of {config.profile}: copy a dataset that holds no"
                " other profile"
            )
        own = [one_of(name, sorted(known[name])) for name in names]
        found |= dict.fromkeys(row.tables, own)
    return found


def _is_loaded(pair: _Pair, config: RunConfig) -> bool:
    """Whether the target holds rows that its ledger speaks of; others are of a copy that was cut off."""
    state = pair.target.pipeline.state.get("sources", {}).get(pair.target.pipeline.pipeline_name, {})
    tables = {table for row in config.catalogue.values() for table in row.tables}
    return STATE_KEY in state and holds_rows(pair.target, tables, pair.conditions)


def _copied(pair: _Pair, config: RunConfig) -> Mapping[str, int]:
    """Copy a dataset; return rows by table."""
    source, target = pair.source, replace(pair.target, ledger=pair.source.ledger)
    if pair.destination.personal:  # first the list, so that nobody comes back
        copy_list(source.warehouse, target.warehouse)
        target = replace(target, forgotten=forgotten_people(target.warehouse, source.ledger.kept_out))
    target.warehouse.release()
    committer = Committer(target, pair.destination.load, grain=config.policy.grain, today=config.policy.today)
    copied: Counter[str] = Counter()
    for one in slices(source, target, pair.conditions):
        target.warehouse.release()
        committer.load(one.tables)
        copied += one.rows
        for dataset in (source, target):
            dataset.renew()
    committer.commit([], None)
    return copied
