"""The datasets of a run: found out where they are, locked, opened, and their tables made."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from pipelines.destinations.destination import Destination
from pipelines.destinations.errors import destination_errors
from pipelines.destinations.lease_table import Known
from pipelines.destinations.target import Target
from pipelines.destinations.waiting import DestinationBusyError
from pipelines.people.scope_probes import profile_of_key
from pipelines.running.config import RunConfig
from pipelines.running.journal import Journal
from pipelines.running.recording import recorded
from pipelines.running.together import Together
from pipelines.storing.commit import Committer
from pipelines.storing.dataset import Dataset, open_dataset
from pipelines.storing.describing import complete
from sources.rest.calling.budget import BudgetClosedError
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.errors import ConfigurationError
from sources.rest.reading.reader import Reader


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A dataset that is loaded into, and what does that.

    Attributes:
        destination: holds it; its lock is held.
        dataset: what is loaded.
        committer: loads into it.
        journal: writes the history of the run.
    """

    destination: Destination
    dataset: Dataset
    committer: Committer
    journal: Journal


def open_all(
    stack: ExitStack,
    config: RunConfig,
    groups: Sequence[Sequence[Endpoint]],
    reader: Reader,
    together: Together,
    *,
    command: str,
) -> list[Opened]:
    """Lock and open the dataset of each group of endpoints, and note in it that a run has begun.

    Raises:
        ApiError: the API does not tell whose key it is, and nobody else does.
        ConfigurationError: something has to be changed before this can work.
        DestinationBusyError: another process holds the destination.
    """
    destinations = [Destination(one) for one in targets(config, groups, reader, together)]
    for destination in destinations:  # all of them before one is opened, which waits for its lease
        stack.enter_context(destination.lock())
    return [
        _opened(stack, config, destination, rows, reader, command=command)
        for destination, rows in zip(destinations, groups, strict=True)
    ]


def _opened(
    stack: ExitStack,
    config: RunConfig,
    destination: Destination,
    rows: Sequence[Endpoint],
    reader: Reader,
    *,
    command: str,
) -> Opened:
    policy = config.policy
    dataset = open_dataset(destination, policy.grain, reader.endpoints)
    destination.release = dataset.warehouse.release
    destination.known = partial(_known, config, reader, dataset, destination.target)
    committer = Committer(
        dataset,
        destination.load,
        destination.write if destination.takes_statements else None,
        grain=policy.grain,
        today=policy.today,
        asked_as=policy.asked_as,
    )
    journal = Journal(reader.session, lambda: reader.tenant or dataset.ledger.tenant, command)
    stack.enter_context(recorded(journal, committer, dataset.warehouse))
    with destination_errors(destination.name, personal=destination.personal):
        extra = () if destination.personal else config.extra_resources("")
        complete(dataset, rows, extra, personal=destination.personal)
    return Opened(destination=destination, dataset=dataset, committer=committer, journal=journal)


def split_by_privacy(endpoints: Sequence[Endpoint]) -> list[list[Endpoint]]:
    """Return endpoints that everybody may see, and personal ones: each group has a dataset of its own."""
    groups = [[row for row in endpoints if not row.pii], [row for row in endpoints if row.pii]]
    return [group for group in groups if group]


def targets(
    config: RunConfig, groups: Iterable[Sequence[Endpoint]], reader: Reader, together: Together
) -> Iterator[Target]:
    """Find out where each group of endpoints goes, and that no other profile of this command has the same ledger.

    Raises:
        ApiError: the API does not tell whose key it is, and nobody else does.
        ConfigurationError: another profile has the ledger, or rows of two profiles could not be told apart there.
        DestinationBusyError: another process holds the destination.
    """
    for rows in groups:
        target = config.target.for_personal_data() if rows[0].pii else config.target
        try:
            found = config.loaded_at(target, partial(profile_of_key, reader, config.endpoints, config.policy))
        except BudgetClosedError:  # nothing else has closed it yet
            raise DestinationBusyError("nobody has told yet whose key it is") from None
        if found is None:
            raise RuntimeError("a profile that the API has told has a ledger")
        unkeyed = [row.name for row in rows if not row.merge_key]
        if found.shared and unkeyed:
            raise ConfigurationError(
                f"rows of {', '.join(unkeyed)} name neither a profile nor what was asked for, so that two profiles"
                " would replace each other's: give each a dataset of its own (option dataset), or leave them out"
            )
        together.claim(found, config.profile.name)
        yield found


def _known(config: RunConfig, reader: Reader, dataset: Dataset, target: Target) -> Known | None:
    """What the destination is to remember of the profile: what an answer has told of the key that was used."""
    own = dataset.ledger.tenant
    if reader.tenant not in (None, own) or (own is None and not reader.accepted):
        return None
    key = reader.session.keys.fingerprint if reader.accepted else ""
    return Known(ledger_id=target.ledger_id, profile_id=own, name=config.profile.name, key=key)
