"""Where personal data could turn up: every cell, every file, every line that is printed."""

import base64
import binascii
import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from sandbox.atribu import Canaries, Size
from sandbox.atribu.state import Sandbox
from sources.rest.catalogue.columns import OWN_COLUMNS
from tests import database

SMALL: Final = Size(visits_per_day=8, conversions_per_day=3, campaigns=1, ad_sets=1, ads=1, pages=3, keywords=3)
GOALS: Final = ("lead_created", "payment_received")
OWN: Final = {column.name for column in OWN_COLUMNS}
SECRET: Final = "a secret of thirty-two characters"
PERSONAL: Final = ("customers", "visitors", "journeys")

OURS: Final = frozenset({"profile_id", "figures_from", "figures_to"})
"""Columns that come from the request."""

Row = dict[str, Any]


def rows_of(table: str, file: str = "local.duckdb", dataset: str = "atribu_pii") -> list[Row]:
    """Every row of a table as dictionaries, without the columns that say nothing of the answer."""
    with database.connect(file, read_only=True) as connection:
        found = connection.sql(f'SELECT * FROM "{Path(file).stem}"."{dataset}"."{table}"')  # noqa: S608 - test's own names
        names = found.columns
        return [
            {name: value for name, value in zip(names, row, strict=True) if name not in OWN} for row in found.fetchall()
        ]


def columns_of(table: str, file: str = "local.duckdb", dataset: str = "atribu_pii") -> set[str]:
    """Names of the columns of a table."""
    with database.connect(file, read_only=True) as connection:
        query = "SELECT column_name FROM information_schema.columns WHERE table_schema = ? AND table_name = ?"
        return {name for (name,) in connection.execute(query, [dataset, table]).fetchall()}


def tables_of(file: str = "local.duckdb", dataset: str = "atribu_pii") -> dict[str, list[tuple[Any, ...]]]:
    """Every table of a dataset with its rows, those of dlt and of whoever writes left out."""
    return {
        table: rows
        for (schema, table), rows in _tables(Path(file))
        if schema == dataset and not table.startswith("_") and table != "run_lease"
    }


def differing(sandbox: Sandbox, first: date, goals: Iterable[str] = GOALS) -> list[str]:
    """Tables that are not what the API lists since a day, cell by cell, lists and journeys included."""
    last = sandbox.settings.today
    customers: list[Row] = [
        {**row, "goal": goal} for goal in goals for row in sandbox.truth_of_customers(goal, first, last)
    ]
    people = sorted({row["customer_profile_id"] for row in customers if row["customer_profile_id"]})
    journeys = [
        {**row, "customer_profile_id": one, "position": place}
        for one in people
        for place, row in enumerate(sandbox.truth_of_journey(one))
    ]
    truth = {"customers": customers, "visitors": sandbox.truth_of_visitors(first, last), "journeys": journeys}
    moments = {"customers": "conversion_time", "visitors": "last_seen_at"}
    keys = {"customers": ("goal", "conversion_id"), "visitors": ("visitor_id",)}
    wrong = []
    for table, listed in truth.items():
        loaded = rows_of(table)
        if table in keys:
            loaded = [row for row in loaded if row[moments[table]].date() >= first]
            channels: dict[Any, list[str]] = {}
            for item in sorted(rows_of(f"{table}__touch_channels"), key=lambda item: item["position"]):
                channels.setdefault(tuple(item[name] for name in keys[table]), []).append(item["value"])
            for row in loaded:
                row["touch_channels"] = channels.get(tuple(row[name] for name in keys[table]), [])
        if comparable(loaded) != comparable(listed):
            wrong.append(table)
    return wrong


def comparable(rows: Iterable[Row]) -> list[str]:
    """Rows in an order of their own, without what the API does not send."""
    return sorted(str({name: _plain(value) for name, value in sorted(row.items()) if name not in OURS}) for row in rows)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def cells_of(file: Path) -> Iterator[str]:
    """Every cell of every table of a DuckDB file as text, and what dlt has packed into its own."""
    for (schema, table), rows in _tables(file):
        yield f"{schema}.{table}"
        for row in rows:
            for value in row:
                yield str(value)
                yield _unpacked(value)
    with database.connect(file, read_only=True) as connection:
        for row in connection.execute("SELECT column_name FROM information_schema.columns").fetchall():
            yield row[0]


def leaks(*places: Path, but: Iterable[Path] = (), said: str = "") -> Mapping[str, list[str]]:
    """Files, and the output, in which canaries are found, with their kinds."""
    found = {"the output": Canaries.found_in(said)}
    left_out = {file.resolve() for file in but}
    for place in places:
        there = place / database.FILE
        if database.is_elsewhere(there) and there.resolve() not in left_out:
            found[str(there)] = sorted({kind for cell in cells_of(there) for kind in Canaries.found_in(cell)})
        for file in place.rglob("*"):
            if file.is_file() and file.resolve() not in left_out:
                kinds = {kind for text in _texts(file) for kind in Canaries.found_in(text)}
                found[str(file)] = sorted(kinds | set(Canaries.found_in(str(file))))
    return {where: kinds for where, kinds in found.items() if kinds}


def _texts(file: Path) -> Iterator[str | bytes]:
    content = file.read_bytes()
    yield content
    if content[:2] == b"\x1f\x8b":
        yield gzip.decompress(content)
    if file.suffix == ".parquet":
        try:
            yield str(pq.read_table(file).to_pylist())
        except pa.ArrowInvalid:  # its process died while it was written
            return
    if file.suffix == ".duckdb":
        yield from cells_of(file)


_TABLES: Final = """
    SELECT table_schema, table_name FROM information_schema.tables
    WHERE table_schema NOT IN ('information_schema', 'pg_catalog')
"""


def _tables(file: Path) -> Iterator[tuple[tuple[str, str], list[tuple[Any, ...]]]]:
    with database.connect(file, read_only=True) as connection:
        names = connection.execute(_TABLES).fetchall()
        for schema, table in names:
            rows = connection.execute(f'SELECT * FROM "{file.stem}"."{schema}"."{table}"').fetchall()  # noqa: S608 - as above
            yield (schema, table), rows


def _unpacked(value: object) -> str:
    try:
        return zlib.decompress(base64.b64decode(value)).decode() if isinstance(value, str) else ""
    except (binascii.Error, ValueError, zlib.error):
        return ""
