"""The Atatus catalogue: one row per read endpoint that the vendor documents.

Facts come from https://docs.atatus.com/docs/api/transactions-api.html; what it leaves open is listed under "Unverified"
in this folder's README.
"""

from collections.abc import Mapping
from typing import Final

from sources.atatus.errors import STATUSES
from sources.rest.catalogue.api import Api, DateRange
from sources.rest.catalogue.columns import Column, Measure, bigint, boolean, double, text
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.catalogue.relations import ForEach, Totals

ATATUS: Final = Api(
    name="atatus",
    date_range=DateRange(
        start="timeStart",
        end="timeEnd",
        format="%Y-%m-%d+%H:%M",
        end_exclusive=True,
        literal="+:",  # timeStart=2020-03-01+00:00, as the page has it
    ),
    message_fields=("Message", "message"),
    statuses=STATUSES,
    no_content=True,
    not_additive_advice=(
        "where no count does, look at the option window_end: the vendor does not say whether a range holds its end"
    ),
)

_DOCS: Final = "https://docs.atatus.com/docs/api/transactions-api.html"
_READ: Final = "Read"

PROJECT: Final = text("project_id", "Project, as configured.")
PROJECT_NAME: Final = text("project_name", "Name of the project, as the option projects has it.", path=PROJECT.name)


def _count(name: str, path: str, description: str) -> Column:
    return bigint(name, description, path=path, additive=Measure.TRAFFIC)


def _time(name: str, path: str, what: str) -> Column:
    return double(name, f"Average time of {what}; the vendor names no unit. Does not add up over days.", path=path)


_FIGURES: Final = (
    _count("success_count", "successCount", "Runs that succeeded."),
    _count("failure_count", "failureCount", "Runs that failed."),
    _count("total_count", "totalCount", "All runs."),
    _time("success_time", "successTime", "runs that succeeded"),
    _time("failure_time", "failureTime", "runs that failed"),
)

_ROWS: Final = (
    Endpoint(
        name="transactions",
        path="/projects/{project_id}/transactions",
        kind=Kind.AGGREGATE,
        scope=_READ,
        description="Figures of each custom transaction.",
        docs_url=_DOCS,
        columns=(
            text("id", "Id of the transaction.", key=True),
            text("name", "Name of the transaction."),
            *_FIGURES,
            double(
                "throughput_percentage",
                "Share of the project's runs in the window, in percent. Does not add up over days.",
                path="throughputPercentage",
            ),
            boolean(
                "under_one_percent",
                "Whether that share is under one percent; the vendor does not say so.",
                path="underOnePercent",
            ),
        ),
        totals=(
            Totals(
                name="transaction_stats",
                path="stats",
                description="Figures over all custom transactions of a project.",
                columns=_FIGURES,
            ),
        ),
        nullable=True,
        variant_columns=(PROJECT,),
    ),
    Endpoint(
        name="transaction_details",
        path="/projects/{project_id}/transactions/{transaction_id}",
        kind=Kind.AGGREGATE,
        scope=_READ,
        description="What the API answers for a single custom transaction; the fields are not documented.",
        docs_url=_DOCS,
        columns=(text("transaction_id", "Id of the transaction that was asked for.", key=True),),
        single=None,
        bare=True,
        unique=False,
        variant_columns=(PROJECT,),
        for_each=ForEach(
            params=("transaction_id",), endpoint="transactions", column="id", shared=(PROJECT.name,), include_ids=True
        ),
        default=False,
    ),
)

ENDPOINTS: Final[Mapping[str, Endpoint]] = {row.name: row for row in _ROWS}
"""Every read endpoint that the vendor documents, by resource name."""
