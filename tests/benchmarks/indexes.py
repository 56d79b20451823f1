"""What an index makes of a PostgreSQL table of a million rows: milliseconds of questions, and of a merge."""

import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import psycopg2
from pendulum import Date
from sqlglot import exp

from pipelines.sql.conditions import of_window
from pipelines.sql.indexes import create_index
from pipelines.sql.profiles import of_profile, restricted
from pipelines.sql.reading import rows, sums, types_of
from pipelines.sql.rendering import Names, render
from pipelines.sql.statement import Statement
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.reading.tasks import Task
from sources.rest.windows import Grain, Window
from tests.postgres import postgres_server

ROWS: Final = 1_000_000
CHANNELS: Final = ENDPOINTS["channels"]
NAMES: Final = Names("postgres", str, lambda table: ["atribu", table])
MADE: Final = f"""
    CREATE SCHEMA atribu; CREATE SCHEMA staging;
    CREATE TABLE atribu.channels AS SELECT 'profile ' || i % 40 AS profile_id,
        DATE '2025-01-01' + (i / 2000)::int AS date, 'day' AS grain,
        'value ' || i % 25 AS value, 'last_touch' AS model, i::double precision AS revenue,
        1::double precision AS conversions, false AS _deleted
    FROM generate_series(0, {ROWS - 1}) AS i;
    CREATE TABLE staging.channels AS SELECT * FROM atribu.channels
        WHERE profile_id = 'profile 3' AND date = '2026-03-01';
    ANALYZE;
"""  # noqa: S608 - a number of ours
MERGE: Final = """
    DELETE FROM atribu.channels AS d WHERE EXISTS (SELECT 1 FROM staging.channels AS s
        WHERE d.profile_id = s.profile_id AND d.date = s.date AND d.grain = s.grain)
"""
"""As dlt writes it."""


def statements() -> dict[str, tuple[str, list[Any]]]:
    """What is explained, by name."""
    day = Window(Date(2026, 3, 1), Date(2026, 3, 1))
    where = of_window(Task(CHANNELS, day, (("model", "last_touch"),)), Grain.DAY)
    by = types_of(column for column in CHANNELS.columns if column.key and column.name == "value")
    asked = {
        "sums of a day": sums("channels", by, ["revenue"], where),
        "rows of a day": rows("channels", by, where),
    }
    return {**{name: _of_one(one) for name, one in asked.items()}, "merge of a day": (MERGE, [])}


def _of_one(statement: Statement) -> tuple[str, list[Any]]:
    mine: exp.Expr = of_profile("profile 3", and_nobodys=False)
    return render(restricted(statement, mine, lambda _: True), NAMES)


def main() -> None:
    """Print milliseconds and the plan of each, before and after."""
    with (
        tempfile.TemporaryDirectory(dir="/tmp") as folder,  # the path of a socket has to be short
        postgres_server(Path(folder) / "pg") as (address, _),
        closing(psycopg2.connect(address)) as connection,
    ):
        cursor = connection.cursor()
        cursor.execute(MADE)
        connection.commit()
        explain(connection, "without")
        cursor.execute(render(create_index("channels", CHANNELS.merge_key), NAMES)[0])
        cursor.execute("ANALYZE")
        connection.commit()
        explain(connection, "with")


def explain(connection: Any, state: str) -> None:
    """Print how long each statement takes; what it changes is undone."""
    cursor = connection.cursor()
    for name, (text, values) in statements().items():
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {text}", values)
        ((found,),) = cursor.fetchall()
        connection.rollback()
        print(f"{state:8}{name:16}{found[0]['Execution Time']:10.2f} ms  {_scan(found[0]['Plan'])}")


def _scan(plan: dict[str, Any]) -> str:
    """How the table is read."""
    if plan.get("Relation Name") == "channels" and plan.get("Alias") != "s" and "Scan" in plan["Node Type"]:
        return str(plan["Node Type"])
    return next((found for one in plan.get("Plans", ()) if (found := _scan(one))), "")


if __name__ == "__main__":
    main()
