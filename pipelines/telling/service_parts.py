"""Parts of the report that are about the service itself: transactions and how they end."""

from pipelines.commands.report import Report
from pipelines.telling import charts
from pipelines.telling.amounts import plain, quotient, share
from pipelines.telling.charts import Rows
from pipelines.telling.part import MOST, Chart, Heading, Part, Table, count


def service_weeks(_: Report, rows: Rows) -> Part:
    """Runs and failures by week."""
    told = [
        {
            **row,
            "good": row["runs"] - row["failures"],
            "percent": quotient(100 * (row["runs"] - row["failures"]), row["runs"]),
        }
        for row in rows
    ]
    cells = [
        [str(row["week"]), str(row["days"]), plain(row["runs"]), plain(row["failures"]), plain(row["percent"])]
        for row in told
    ]
    headings = [Heading("Week from"), *map(count, ("Days", "Runs", "Failures", "Succeeded (%)"))]
    return Part(
        "Runs by week",
        "How often transactions ran, and how many of them failed. Weeks begin on Monday.",
        [
            Chart("Runs", charts.by_week(told, {"good": "succeeded", "failures": "failed"}, "runs", stacked=True)),
            Chart("Runs that succeeded, in percent", charts.line_by_week(told, "percent", "percent")),
        ],
        [Table("Each week", headings, cells)],
    )


def transaction_list(_: Report, rows: Rows) -> Part:
    """Runs and failures by transaction."""
    cells = [
        [
            row["project_id"],
            row["transaction"],
            plain(row["runs"]),
            plain(row["failures"]),
            share(row["runs"] - row["failures"], row["runs"]),
        ]
        for row in rows
    ]
    headings = [Heading("Project"), Heading("Transaction"), *map(count, ("Runs", "Failures", "Succeeded"))]
    return Part(
        "Transactions",
        f"Those that failed most come first; the chart shows {min(MOST, len(rows))} of {len(rows)}.",
        [Chart("Failures", charts.bars(rows[:MOST], "transaction", {"failures": "Failures"}, "failures"))],
        [Table("All transactions", headings, cells)],
    )
