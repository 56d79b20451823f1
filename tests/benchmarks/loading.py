"""From response bytes to a merged DuckDB table: ours, or dlt's default path on the same bodies."""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import dlt
import orjson
from pendulum import Date

from pipelines.destinations.duckdb_file import DuckDbFile
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.reading.answers import Answer
from sources.rest.reading.tables import build
from sources.rest.reading.tasks import Task
from sources.rest.vendor.resources import loaded_tables, table_hints
from sources.rest.windows import Window

ROWS: Final = 200_000
ROWS_PER_BODY: Final = 500
ENDPOINT: Final = ENDPOINTS["pages"]
PROFILE: Final = "5a0d0c8e-7a1b-4c58-9a52-3f1f0b6f2d11"


def bodies() -> list[tuple[Date, bytes]]:
    """Answers of `pages`, one a day, as bytes."""
    return [
        (Date(2024, 1, 1).add(days=day), orjson.dumps({"data": [_row(day, place) for place in range(ROWS_PER_BODY)]}))
        for day in range(ROWS // ROWS_PER_BODY)
    ]


def load_arrow(pipeline: dlt.Pipeline, answers: list[tuple[Date, bytes]]) -> None:
    """Read bodies into typed tables and merge them, as a sync does with one slice."""
    read = []
    for day, body in answers:
        rows = orjson.loads(body)["data"]
        tables = build(ENDPOINT, rows, {"profile_id": PROFILE, "date": day, "grain": "day"}, ())
        read.append(Answer(Task(ENDPOINT, Window(day, day)), tables, len(rows), False, frozenset(), None))
    pipeline.run(loaded_tables(ENDPOINT, read))


def load_plain(pipeline: dlt.Pipeline, answers: list[tuple[Date, bytes]]) -> None:
    """Give dlt dictionaries, as most sources do, with the same merge key."""

    def rows() -> Iterator[list[dict[str, Any]]]:
        for day, body in answers:
            yield [{"profile_id": PROFILE, "date": day, "grain": "day", **row} for row in orjson.loads(body)["data"]]

    hints = table_hints(ENDPOINT, ENDPOINT.name)
    hints.pop("columns")
    pipeline.run(dlt.resource(rows, name=ENDPOINT.name, **hints))


def main(loader: str) -> None:
    """Measure one loader and print seconds and peak memory as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        answers = bodies()
        pipeline = dlt.pipeline(
            "bench",
            destination=DuckDbFile(Path(folder, "bench.duckdb")),
            dataset_name="atribu",
            pipelines_dir=str(Path(folder, "pipelines")),
        )
        started = time.perf_counter()
        {"arrow": load_arrow, "plain": load_plain}[loader](pipeline, answers)
        seconds = time.perf_counter() - started
        with pipeline.sql_client() as client:
            table = client.make_qualified_table_name(ENDPOINT.name)
            counted = client.execute_sql(f"SELECT count(*) FROM {table}")  # noqa: S608 - our own name
    if counted != [(ROWS,)]:
        raise RuntimeError(f"{counted} rows are in the table, not {ROWS}")
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb}))


def _row(day: int, place: int) -> dict[str, Any]:
    number = day * ROWS_PER_BODY + place
    return {
        "value": f"/articles/{place}/of-the-day",
        "visitors": number % 997,
        "visits": number % 1201,
        "pageviews": number % 4999,
        "bounce_rate": (number % 1000) / 10,
        "conversions": number % 53,
        "conversion_rate": (number % 300) / 100,
        "revenue": (number % 100_000) / 100,
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
