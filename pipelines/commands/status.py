"""`elt status`: how fresh the tables are and how the last runs went; asks nothing of the API."""

from collections.abc import Iterable

import pendulum

from pipelines.people.detail_queue import DetailQueue, queue_of
from pipelines.running.config import RunConfig
from pipelines.running.endings import LastEnd, LastEnds
from pipelines.running.first_contact import notes_of
from pipelines.running.health import LOOKED_BACK, MaxAges, stale, trouble
from pipelines.sql.runs import RUNS
from pipelines.storing.dataset import dataset_to_read
from pipelines.storing.history import HISTORY, SYNC, VERIFY
from pipelines.storing.status import DetailProgress, Status, StatusReader
from sources.rest.calling.budget import Rate
from sources.rest.catalogue.endpoints import Endpoint


def status(config: RunConfig, ages: MaxAges | None = None) -> Status:
    """Read how fresh the tables are and how the last runs went.

    Args:
        config: whose tables.
        ages: how old resources may be; None where nobody asks.

    Raises:
        ConfigurationError: the destination cannot work, or a later version of this program has loaded it.
        DestinationBusyError: another process holds the destination.
    """
    found = [_status(config, personal=personal) for personal in (False, True)]
    lines = [line for one in found for line in one.resources]
    return Status(
        profile_id=found[0].profile_id or found[1].profile_id,
        units_today=sum(one.units_today for one in found),
        pending=any(one.pending for one in found),
        resources=tuple(lines),
        runs=tuple(sorted((run for one in found for run in one.runs), key=lambda run: run.started_at, reverse=True)),
        details=tuple(line for one in found for line in one.details),
        facts=tuple(dict.fromkeys(fact for one in found for fact in one.facts)),
        trouble=tuple(dict.fromkeys(text for one in found for text in one.trouble)),
        stale=() if ages is None else tuple(stale(config, lines, ages, pendulum.now("UTC"))),
    )


def _status(config: RunConfig, *, personal: bool) -> Status:
    catalogue = config.catalogue
    target = config.to_be_read(config.target.for_personal_data() if personal else config.target)
    with dataset_to_read(target, config.policy.grain, catalogue) as dataset:
        warehouse, ledger = dataset.warehouse, dataset.ledger
        tables = warehouse.tables({*HISTORY, *ledger.endpoints()})
        reader = StatusReader(warehouse, tables, ledger, catalogue)
        loaded = [row for row in catalogue.values() if row.parents and row.parents.endpoint in tables]
        now = pendulum.now("UTC")
        # no proof is of personal rows, and where none are loaded no run is of them
        commands = (SYNC, VERIFY) if not personal else (SYNC,) if RUNS in tables else ()
        recent = reader.runs(at_work=dataset.at_work, first=now - LOOKED_BACK)
        return Status(
            profile_id=ledger.tenant,
            units_today=reader.units_since(pendulum.today("UTC")),
            pending=dataset.pending,
            resources=tuple(reader.freshness()),
            runs=tuple(reader.runs(at_work=dataset.at_work)),
            facts=(*reader.facts(config.not_additive_advice), *notes_of(ledger, config.doubtful, {})),
            trouble=tuple(
                trouble(
                    recent,
                    config.profile.keys,
                    target.key,
                    now,
                    ends=_ends(config, commands),
                    error_of=reader.error_of,
                )
            ),
            details=tuple(
                _progress(row, queue_of(row, catalogue, warehouse, config.policy.today), config.limits.rate)
                for row in loaded
            ),
        )


def _ends(config: RunConfig, commands: Iterable[str]) -> dict[str, LastEnd]:
    """How the last runs from this machine have ended that did not end well; some before profiles could be read."""
    request, found = config.request, {}
    for command in commands:
        ends, _ = LastEnds(command, config.source.name, request.destination, request.dataset).read()
        if mine := [ends[name] for name in {config.profile.name, ""} if name in ends]:
            found[command] = max(mine, key=lambda one: one.at)
    return found


def _progress(endpoint: Endpoint, queue: DetailQueue, rate: Rate) -> DetailProgress:
    units = endpoint.units * len(queue.tasks)
    return DetailProgress(
        resource=endpoint.name,
        everybody=queue.everybody,
        current=queue.current,
        units=units,
        minutes=rate.minutes(units),
    )
