"""Lakes for tests: a folder, or a bucket of an S3 server of the test's own; read by Polars, which no code here uses."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl
from fsspec.implementations.local import LocalFileSystem
from pyiceberg.table import StaticTable

from pipelines.destinations.lake_files import names_in
from tests.processes import ABOUT_RUNS, Machine, Tables

TO_THE_LAKE: Final = ("--destination", "lake")
FORMATS: Final = ("delta", "iceberg")

_OWN: Final = ("_loaded_at", "_dlt_id", "_dlt_load_id", "read_at")
"""Columns that say when and how a row was loaded."""

_BUCKET: Final = "lake"


@dataclass(frozen=True)
class Lake:
    """A place for tables.

    Attributes:
        format: of its tables.
        address: as dlt takes it.
        options: of the S3 server, as Rust's object_store calls them; none for a folder.
    """

    format: str
    address: str
    options: Mapping[str, str] = field(default_factory=dict)

    def machine(self, folder: Path, url: str, **settings: Any) -> Machine:
        """Make an empty machine that loads into it with `TO_THE_LAKE`."""
        folder.mkdir()
        (folder / "destinations.toml").write_text('[destination.lake]\ndestination_type = "filesystem"\n')
        return Machine(folder, url, environment={**self.environment, **settings.pop("environment", {})}, **settings)

    @property
    def environment(self) -> dict[str, str]:
        """What a command has to know of it."""
        where = {"TABLE_FORMAT": self.format, "BUCKET_URL": self.address}
        where |= {f"CREDENTIALS__{name.upper()}": value for name, value in self.options.items() if "http" not in name}
        return {f"DESTINATION__LAKE__{name}": value for name, value in where.items()}

    def names(self, dataset: str) -> list[str]:
        """Tables of a dataset that hold data."""
        inside = "_delta_log" if self.format == "delta" else "metadata"
        files, root = self.files()
        folder = f"{root}/{dataset}"
        return sorted(one for one in names_in(files, folder) if inside in names_in(files, f"{folder}/{one}"))

    def files(self) -> tuple[Any, str]:
        """A file system, and the path of the lake in it."""
        if not self.options:
            return LocalFileSystem(), self.address
        from s3fs import S3FileSystem  # noqa: PLC0415 - only `make lake` has it

        files = S3FileSystem(
            key=self.options["aws_access_key_id"],
            secret=self.options["aws_secret_access_key"],
            endpoint_url=self.options["endpoint_url"],
            use_listings_cache=False,
        )
        return files, self.address.removeprefix("s3://")

    def metadata(self, dataset: str, table: str) -> str:
        """Address of the newest metadata file of an Iceberg table."""
        files, root = self.files()
        names = [one for one in names_in(files, f"{root}/{dataset}/{table}/metadata") if one.endswith(".json")]
        return f"{self.address}/{dataset}/{table}/metadata/{max(names)}"

    def read(self, dataset: str, table: str) -> pl.DataFrame:
        """Read a table with Polars."""
        if self.format == "delta":
            options = dict(self.options) or None
            return pl.scan_delta(f"{self.address}/{dataset}/{table}", storage_options=options).collect()
        found = StaticTable.from_metadata(self.metadata(dataset, table), iceberg_options(self.options))
        return pl.scan_iceberg(found, reader_override="pyiceberg").collect()

    def tables(self) -> Tables:
        """Every row of every table that holds data, without what differs between two runs."""
        return {
            f"{dataset}.{table}": comparable(self.read(dataset, table).to_dicts())
            for dataset in ("atribu", "atribu_pii")
            for table in self.names(dataset)
            if table not in ABOUT_RUNS
        }

    def traces(self, *parts: str) -> list[str]:
        """Files in which something stands, metadata among them, and tables that say it in a cell."""
        files, root = self.files()
        found = [one for one in files.find(root) if any(part.encode() in files.cat_file(one) for part in parts)]
        cells = {
            name: rows for name, rows in self.tables().items() if any(part in row for row in rows for part in parts)
        }
        return [*found, *cells]

    def run_history(self, table: str) -> list[dict[str, Any]]:
        """Rows of one of the tables of every run."""
        return self.read("atribu", table).to_dicts()


def iceberg_options(options: Mapping[str, str]) -> dict[str, str]:
    """The same options as pyiceberg calls them."""
    names = {
        "endpoint_url": "s3.endpoint",
        "aws_access_key_id": "s3.access-key-id",
        "aws_secret_access_key": "s3.secret-access-key",
        "region_name": "s3.region",
    }
    return {names[name]: value for name, value in options.items() if name in names}


def comparable(rows: list[dict[str, Any]]) -> list[str]:
    """Rows as sorted text, whatever the order of their columns."""
    plain = ({name: _plain(value) for name, value in row.items() if name not in _OWN} for row in rows)
    return sorted(repr(sorted(row.items())) for row in plain)


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def duckdb_tables(machine: Machine) -> Tables:
    """The same of the DuckDB file of a machine."""
    found = {}
    for dataset, table in machine.query(
        "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema IN ('atribu', 'atribu_pii')"
    ):
        if table.startswith("_dlt") or table in ABOUT_RUNS:
            continue
        names = [name for name, *_ in machine.query(f'DESCRIBE {dataset}."{table}"')]
        rows = machine.query(f'SELECT * FROM {dataset}."{table}"')  # noqa: S608 - names of the database
        found[f"{dataset}.{table}"] = comparable([dict(zip(names, row, strict=True)) for row in rows])
    return found


@contextmanager
def s3_server() -> Iterator[dict[str, str]]:
    """Run an S3 server with a bucket; give the options of `Lake`."""
    import boto3  # noqa: PLC0415 - only `make lake` has it
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - as above

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        options = {
            "endpoint_url": f"http://{host}:{port}",
            "aws_access_key_id": "somebody",
            "aws_secret_access_key": "secret",
            "region_name": "us-east-1",
            "aws_allow_http": "true",
        }
        client = boto3.client(
            "s3",
            **{name: value for name, value in options.items() if "http" not in name},
        )
        client.create_bucket(Bucket=_BUCKET)
        yield options
    finally:
        server.stop()


def in_bucket(kind: str, options: Mapping[str, str], name: str) -> Lake:
    """A lake in the bucket of a server."""
    return Lake(kind, f"s3://{_BUCKET}/{name}", options)
