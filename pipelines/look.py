"""What a sync would do now, and what earlier ones have done; the API is not asked and nothing is loaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pendulum

from pipelines.atribu import Request, check_request, days_to_load, prepare
from pipelines.sync.estimate import Line, LoadedIds, estimate
from pipelines.sync.onlooker import Onlooker
from pipelines.sync.plan import Policy
from pipelines.sync.status import History, Status
from pipelines.sync.warehouse import Warehouse
from sources.atribu.endpoints import ENDPOINTS
from sources.atribu.options import Options
from sources.atribu.source import NAME
from sources.rest.coverage import Coverage
from sources.rest.windows import Window

KEYLESS: Final = {"api_key": "atb_live_none"}
"""Options of a command that has no use for a key."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a sync would do now.

    Attributes:
        days: days that it is about.
        policy: how it goes about the past.
        lines: what it asks for, per variant of a resource.
        pending: a run has read what it has not loaded yet, so that less may be asked for.
    """

    days: Window
    policy: Policy
    lines: Sequence[Line]
    pending: bool


def preview(options: Options, request: Request) -> Preview:
    """Plan a sync and add up what it costs.

    Raises:
        ConfigurationError: something has to be changed before a sync can work.
        DestinationBusyError: another process holds the destination.
    """
    check_request(options, request)
    with Onlooker(NAME, request.destination, request.dataset, wait=options.wait_for_destination) as destination:
        prepared = prepare(options, request, destination)
        policy, pipeline = prepared.policy, destination.pipeline
        tables = Warehouse(pipeline, policy.grain).tables()
        given = {"compare_ads": options.compare_ads}
        ids = LoadedIds(pipeline, tables, prepared.coverage, policy, endpoints=ENDPOINTS, options=given)
        return Preview(
            days=days_to_load(options, request, policy.today),
            policy=policy,
            lines=estimate(prepared.plan.tasks, ids.count),
            pending=destination.pending,
        )


def status(options: Options, request: Request) -> Status:
    """Read how fresh the tables are and how the last runs went.

    Raises:
        ConfigurationError: the destination cannot work, or a later version of this program has loaded it.
        DestinationBusyError: another process holds the destination.
    """
    with Onlooker(NAME, request.destination, request.dataset, wait=options.wait_for_destination) as destination:
        destination.open()
        pipeline = destination.pipeline
        coverage = Coverage.from_state(pipeline.state.get("sources", {}).get(NAME, {}))
        tables = Warehouse(pipeline, options.grain).tables()
        for name in coverage.endpoints() - tables:
            coverage.forget(name)
        history = History(pipeline, tables, coverage, ENDPOINTS)
        return Status(
            profile_id=coverage.tenant,
            units_today=history.units_since(pendulum.today("UTC")),
            pending=destination.pending,
            resources=tuple(history.freshness()),
            runs=tuple(history.runs()),
        )
