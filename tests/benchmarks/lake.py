"""Lakes beside a DuckDB file, cell by cell: `make lake`.

Thirty days with people are loaded into a DuckDB file, into Delta and into Iceberg tables, in a folder and on an S3
server, and on later days again, while the past changes. Polars reads the lakes, and Daft does; each table of the DuckDB
file is compared with the sandbox's truth, and each of the lakes with it.
"""

import logging
import tempfile
from contextlib import chdir
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import daft
from pyiceberg.table import StaticTable

from sandbox.atribu import Size
from tests.integration.truth import differing_tables
from tests.lakes import FORMATS, TO_THE_LAKE, Lake, comparable, duckdb_tables, iceberg_options, in_bucket, s3_server
from tests.privacy.people import GOALS
from tests.privacy.people import differing as wrong_people
from tests.processes import ABOUT_RUNS, Machine, Tables, ended, served

FIRST: Final = date(2026, 2, 8)
LOADED: Final = FIRST + timedelta(30)
LATER: Final = (1, 4)
"""Days after the first load on which everything is synced again."""
SIZE: Final = Size(visits_per_day=8, conversions_per_day=2, campaigns=2, ad_sets=1, ads=2, pages=8, keywords=5)
PACE: Final[dict[str, Any]] = {"limit": 100_000, "period": 60.0}
DAYS: Final = ("timeseries", "channels", "campaigns", "overview", "keywords", "revenue_cash", "conversions_timeseries")
RESOURCES: Final = ("--resources", ",".join([*DAYS, "goals", "customers", "visitors", "journeys"]))
MOST_SECONDS: Final = 1200
OPTIONS: Final = {
    "START_DATE": FIRST,
    "HORIZON_DAYS": 40,
    "RESTATEMENT": "exact",
    "INCLUDE_PII": "true",
    "PII_POLICY": "keep",
    "GOALS": ",".join(GOALS),
}


def main() -> None:
    """Print a line per lake and engine."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it tells every request
    with (
        tempfile.TemporaryDirectory(prefix="elt-lakes-") as folder,
        served(first_day=date(2025, 11, 1), size=SIZE) as (sandbox, url),
        s3_server() as options,
    ):
        root = Path(folder)
        lakes = {f"{kind} in a folder": Lake(kind, str(root / kind)) for kind in FORMATS}
        lakes |= {f"{kind} on S3": in_bucket(kind, options, kind) for kind in FORMATS}
        machines = {
            name: lake.machine(root / name.replace(" ", "-"), url, options=OPTIONS, **PACE)
            for name, lake in lakes.items()
        }
        (root / "file").mkdir()
        file = Machine(root / "file", url, options=OPTIONS, **PACE)
        for offset in (0, *LATER):
            sandbox.settings.today = today = LOADED + timedelta(offset)
            arguments = ("--today", str(today), *RESOURCES)
            at_work = [file.start(*arguments), *(one.start(*arguments, *TO_THE_LAKE) for one in machines.values())]
            for end in (ended(one, timeout=MOST_SECONDS) for one in at_work):
                assert end.code == 0, end
            print(f"synced on {today}", flush=True)
        with chdir(file.folder):
            wrong: list[Any] = differing_tables(sandbox, FIRST, today, DAYS)
            wrong += wrong_people(sandbox, FIRST)
        expected = duckdb_tables(file)
        print(f"tables of the DuckDB file that differ from the truth: {wrong}")
        for name, lake in lakes.items():
            told(f"{name}, read by Polars", lake.tables(), expected)
            told(f"{name}, read by Daft", by_daft(lake), expected)
        for name, machine in machines.items():
            for command in (
                ("verify", "--today", str(today)),
                ("status",),
                ("plan", "--today", str(today)),
                ("check",),
            ):
                end = machine.run_here(command[0], "atribu", *TO_THE_LAKE, *command[1:])
                print(f"{name}: elt {command[0]} ends with {end.code}", flush=True)
        ((who, email),) = file.query(
            "SELECT customer_profile_id, email FROM atribu_pii.customers WHERE email <> '' LIMIT 1"
        )
        forget = ("forget", "atribu", "--customer-id", who, "--yes")
        assert file.run_here(*forget).code == 0
        for name, machine in machines.items():
            before = lakes[name].traces(who, email)
            end = machine.run_here(*forget, *TO_THE_LAKE)
            after = lakes[name].traces(who, email)
            print(
                f"{name}: elt forget ends with {end.code}, traces in {len(before)} files and tables, then {len(after)}"
            )
            told(f"{name}, without whom was forgotten", lakes[name].tables(), duckdb_tables(file))


def told(what: str, found: Tables, expected: Tables) -> None:
    """Print how many rows differ."""
    wrong = {name: rows for name in {*found, *expected} if (rows := differing(found, expected, name))}
    count = sum(map(len, expected.values()))
    print(f"{what}: {len(expected)} tables, {count} rows, {sum(wrong.values())} differ {wrong or ''}", flush=True)


def differing(found: Tables, expected: Tables, name: str) -> int:
    """Rows of a table that only one of two has."""
    ours, theirs = found.get(name, []), expected.get(name, [])
    return len(set(ours) ^ set(theirs)) + abs(len(ours) - len(theirs))


def by_daft(lake: Lake) -> Tables:
    """Read a lake with Daft."""
    s3 = daft.io.S3Config(
        endpoint_url=lake.options.get("endpoint_url"),
        key_id=lake.options.get("aws_access_key_id"),
        access_key=lake.options.get("aws_secret_access_key"),
        region_name=lake.options.get("region_name"),
        use_ssl=False,
    )
    config = daft.io.IOConfig(s3=s3) if lake.options else None
    found = {}
    for dataset in ("atribu", "atribu_pii"):
        for table in lake.names(dataset):
            if table in ABOUT_RUNS:
                continue
            if lake.format == "delta":
                read = daft.read_deltalake(f"{lake.address}/{dataset}/{table}", io_config=config)
            else:
                place = StaticTable.from_metadata(lake.metadata(dataset, table), iceberg_options(lake.options))
                read = daft.read_iceberg(place, io_config=config)
            found[f"{dataset}.{table}"] = comparable(read.to_arrow().to_pylist())
    return found


if __name__ == "__main__":
    main()
