"""What the Atatus sandbox knows, in the shape of the tables."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from sandbox.atatus.state import Sandbox
from tests.integration.conftest import rows_of

Rows = list[dict[str, Any]]
STATS = {
    "success_count": "successCount",
    "failure_count": "failureCount",
    "total_count": "totalCount",
    "success_time": "successTime",
    "failure_time": "failureTime",
}
COLUMNS = {
    "id": "id",
    "name": "name",
    "throughput_percentage": "throughputPercentage",
    "under_one_percent": "underOnePercent",
    **STATS,
}


def asks_for_days(query: Mapping[str, str]) -> bool:
    """Whether a call asks for whole days: others find out how the server reads ranges."""
    return query["timeStart"].endswith("00:00") and query["timeEnd"].endswith("00:00")


def days_asked(sandbox: Sandbox) -> int:
    """Calls for whole days so far."""
    return sum(asks_for_days(call.query) for call in sandbox.log)


def days_planned(plan: Mapping[str, Any]) -> int:
    """Units of a plan, as `elt plan --json` prints it, without those that find out how the server reads ranges."""
    return sum(line["units"] for line in plan["resources"] if "first contact" not in line["reasons"])


def days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(offset) for offset in range((last - first).days + 1))


def loaded(table: str) -> Rows:
    """Rows of a table of `local.duckdb`, in an order of their own."""
    return ordered(rows_of(table, "local.duckdb", dataset="atatus"))


def ordered(rows: Rows) -> Rows:
    return sorted(rows, key=lambda row: (row["date"], row["project_id"], row.get("id", "")))


def truth(sandbox: Sandbox, projects: tuple[str, ...], first: date, last: date) -> Rows:
    """Rows of `transactions`."""
    return ordered(
        [
            {
                "project_id": project,
                "date": day,
                "grain": "day",
                **{column: row[field] for column, field in COLUMNS.items()},
            }
            for project in projects
            for day in days(first, last)
            for row in sandbox.rows(project, day)
        ]
    )


def stats_truth(sandbox: Sandbox, projects: tuple[str, ...], first: date, last: date) -> Rows:
    """Rows of `transaction_stats`: one per project and day, also where nothing happened."""
    found: Rows = []
    for project in projects:
        for day in days(first, last):
            body: Any = sandbox.answer(
                f"projects/{project}/transactions", timeStart=f"{day} 00:00", timeEnd=f"{day + timedelta(1)} 00:00"
            )
            figures = {column: body["stats"][field] for column, field in STATS.items()}
            found.append({"project_id": project, "date": day, "grain": "day", **figures})
    return ordered(found)
