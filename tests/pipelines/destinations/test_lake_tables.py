"""Rows of a lake's tables are replaced by key, in one version that only one writer can make."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pyarrow as pa
import pytest
from dlt.common.schema import Schema
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from pyarrow import parquet

from pipelines.destinations.lake import Lake
from pipelines.destinations.lake_files import create, read_numbered, write_numbered
from pipelines.destinations.lake_tables import FILES_MAX, LakeTables, Merge
from pipelines.destinations.verdicts import WrittenMeanwhileError
from pipelines.sql.conditions import equal
from pipelines.sql.reading import Lock, rows
from pipelines.sql.rendering import names_of, render
from pipelines.sql.writing import add_column, delete, update
from sources.rest.catalogue.columns import Type
from sources.rest.errors import ConfigurationError

BY_DAY = Merge(key=("profile_id", "date"), unique=False, mark="_deleted")
COLUMNS = {"date": Type.DATE, "value": Type.TEXT, "spend": Type.DOUBLE}
SCHEMA = pa.schema(
    [
        pa.field("profile_id", pa.string(), nullable=False),
        pa.field("date", pa.date32(), nullable=False),
        ("value", pa.string()),
        ("spend", pa.float64()),
        ("_deleted", pa.bool_()),
    ]
)

each_format = pytest.mark.parametrize("kind", ["delta", "iceberg"])


@pytest.fixture
def client(kind: str, tmp_path: Path) -> Any:
    """A client of a dataset in an empty lake."""
    made = Lake(bucket_url=str(tmp_path / "lake"), destination_name="there")
    made.table_format = kind
    return made.client(Schema("atribu"), made.spec()._bind_dataset_name("atribu"))  # noqa: SLF001 - dlt's way to say it


def day(number: int) -> date:
    return date(2026, 2, number)


def answer(*rows: tuple[int, str, float], cleared: tuple[int, ...] = (), profile: str = "p") -> pa.Table:
    """Rows of days, and marks that clear days."""
    found = [
        {"profile_id": profile, "date": day(one), "value": value, "spend": spend, "_deleted": False}
        for one, value, spend in rows
    ]
    marks = [{"profile_id": profile, "date": day(one), "_deleted": True} for one in cleared]
    return pa.Table.from_pylist([*found, *marks], schema=SCHEMA)


def held(tables: LakeTables, *names: str) -> list[tuple[Any, ...]]:
    found = tables.snapshot("channels")
    assert found is not None
    columns = names or ("date", "value", "spend")
    return sorted((tuple(row.get(name) for name in columns) for row in found.read().to_pylist()), key=repr)


@each_format
def test_what_vanished_is_gone_rows_of_one_key_stay_together_and_other_profiles_are_left_alone(client: Any) -> None:
    tables: LakeTables = client.tables
    tables.load("channels", answer((1, "a", 1.0), (1, "b", 2.0), (1, "b", 2.0), (2, "a", 3.0), (3, "a", 4.0)), BY_DAY)
    tables.load("channels", answer((1, "a", 9.0), profile="other"), BY_DAY)

    tables.load("channels", answer((1, "b", 5.0), (1, "b", 5.0), cleared=(3,)), BY_DAY)

    assert held(tables) == [(day(1), "a", 9.0), (day(1), "b", 5.0), (day(1), "b", 5.0), (day(2), "a", 3.0)]
    wider = answer((2, "a", 3.0)).append_column("clicks", pa.array([7]))
    tables.load("channels", wider, BY_DAY)
    assert [row for row in held(tables, "date", "clicks") if row[1]] == [(day(2), 7)]
    assert len(held(tables)) == 4
    tables.load("channels", answer((4, "z", 1.0)), None)
    assert held(tables) == [(day(4), "z", 1.0)]


@each_format
@pytest.mark.parametrize(
    "write",
    [
        lambda tables, over: tables.overwrite("channels", answer(), over),
        lambda tables, over: tables._loaded.replace("channels", answer((2, "b", 1.0)), BY_DAY, over),  # noqa: SLF001 - between two looks
    ],
    ids=["all", "by key"],
)
def test_whoever_has_looked_before_somebody_else_wrote_writes_nothing(
    client: Any, write: Callable[[LakeTables, Any], None]
) -> None:
    tables: LakeTables = client.tables
    tables.load("channels", answer((1, "a", 1.0)), BY_DAY)
    before = tables.snapshot("channels")
    tables.load("channels", answer((1, "a", 2.0)), BY_DAY)

    with pytest.raises(WrittenMeanwhileError):
        write(tables, before)

    assert held(tables) == [(day(1), "a", 2.0)]


@each_format
def test_keys_may_be_many_moments_and_texts_with_quotes(client: Any, tmp_path: Path) -> None:
    tables: LakeTables = client.tables
    moments = [datetime(2026, 2, 1, 12, 30, 15, 250_000, tzinfo=UTC) + timedelta(seconds=one) for one in range(600)]
    schema = pa.schema([("id", pa.string()), ("at", pa.timestamp("us", "UTC")), ("value", pa.int64())])
    ids = [f'O\'Brien "{one % 7}" %s ?' for one in range(600)]
    first = pa.table([ids, moments, range(600)], schema=schema)
    tables.load("channels", first, Merge(key=("id", "at"), unique=True))

    tables.load(
        "channels", first.set_column(2, "value", pa.array([-1] * 600)).slice(1), Merge(key=("id", "at"), unique=True)
    )

    assert held(tables, "value") == [(-1,)] * 599 + [(0,)]
    # not every engine reads texts of another kind than these
    kinds = {parquet.read_schema(file).field("id").type for file in (tmp_path / "lake").rglob("*.parquet")}
    assert kinds <= {pa.string(), pa.large_string()}


@each_format
def test_no_earlier_version_and_no_file_of_a_killed_writer_is_left(client: Any, tmp_path: Path) -> None:
    tables: LakeTables = client.tables
    for spend in (1.0, 2.0):
        tables.load("channels", answer((1, "somebody@example.com", spend), (2, "other", spend)), BY_DAY)
    data = next((tmp_path / "lake").rglob("*.parquet"))
    data.with_name("00000-left-behind.parquet").write_bytes(b"somebody@example.com")
    tables.load("channels", answer(cleared=(1,)), BY_DAY)
    assert holding(tmp_path, b"somebody")

    tables.forget_history(lambda: None)

    assert holding(tmp_path, b"somebody") == []
    assert held(tables) == [(day(2), "other", 2.0)]
    assert tables.is_forgetting() is False
    tables.load("channels", answer((3, "new", 1.0)), BY_DAY)
    assert len(held(tables)) == 2


@each_format
def test_while_another_writer_is_at_work_nothing_is_removed_and_who_begins_meanwhile_is_told(client: Any) -> None:
    tables: LakeTables = client.tables
    tables.load("channels", answer((1, "a", 1.0)), BY_DAY)

    def somebody() -> None:
        assert tables.is_forgetting() is True
        raise InterruptedError

    with pytest.raises(InterruptedError):
        tables.forget_history(somebody)

    assert tables.is_forgetting() is None, "the next one that is alone has to"


@each_format
def test_statements_change_tables_whole_and_a_transaction_writes_each_once(client: Any) -> None:
    tables: LakeTables = client.tables
    tables.load("channels", answer((1, "a", 1.0), (2, "b", 2.0)), BY_DAY)

    def execute(statement: Any) -> Any:
        text, values = render(statement, names_of(sql))
        return sql.execute_sql(text, *values)

    with client.sql_client as sql:
        before = tables.snapshot("channels")
        with sql.begin_transaction():
            execute(delete("channels", [equal("value", "a")]))
            execute(add_column("channels", "note", Type.TEXT))
            execute(update("channels", {"note": "kept"}, [equal("value", "b")]))
        after = tables.snapshot("channels")
        assert execute(rows("channels", COLUMNS, lock=Lock.SHARED)) == [(day(2), "b", 2.0)]
    assert before is not None
    assert after is not None
    assert after.version == before.version + 1
    assert held(tables, "value", "note") == [("b", "kept")]


@each_format
def test_a_folder_without_a_version_is_no_table(client: Any, kind: str, tmp_path: Path) -> None:
    tables: LakeTables = client.tables
    inside = "_delta_log" if kind == "delta" else "metadata"
    (tmp_path / "lake" / "atribu" / "channels" / inside).mkdir(parents=True)
    assert tables.snapshot("channels") is None

    tables.load("channels", answer((1, "a", 1.0)), BY_DAY)

    assert held(tables) == [(day(1), "a", 1.0)]


def test_a_number_is_given_to_one_writer(tmp_path: Path) -> None:
    files, folder, won = LocalFileSystem(), str(tmp_path / "run_lease"), list[int]()

    def write(one: int) -> None:
        try:
            write_numbered(files, folder, pa.table({"holder": [one]}), 1)
        except WrittenMeanwhileError:
            return
        won.append(one)

    threads = [Thread(target=write, args=(one,)) for one in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (winner,) = won
    assert read_numbered(files, folder)[1].to_pylist() == [{"holder": winner}]
    for number in range(2, 9):
        write_numbered(files, folder, pa.table({"holder": [number]}), number)
    with pytest.raises(WrittenMeanwhileError):  # its file was removed long since
        write_numbered(files, folder, pa.table({"holder": [0]}), 1)
    with pytest.raises(FileExistsError):
        create(files, f"{folder}/000000000008.parquet", b"")
    assert read_numbered(files, folder)[0] == 8


def test_a_store_that_gives_one_name_to_two_writers_is_refused() -> None:
    class Heedless(MemoryFileSystem):  # type: ignore[misc] # fsspec has no types
        store: ClassVar[dict[str, Any]] = {}

        def pipe_file(self, path: str, value: bytes, **_: Any) -> None:
            super().pipe_file(path, value)

    files = Heedless()

    with pytest.raises(ConfigurationError, match="lets two writers make one file"):
        write_numbered(files, "/lake/atribu/run_lease", pa.table({"holder": ["a"]}), 1)

    assert files.find("/lake") == []


def holding(folder: Path, part: bytes) -> list[Path]:
    """Files in which something stands."""
    return [file for file in folder.rglob("*") if file.is_file() and part in file.read_bytes()]


@each_format
def test_rows_of_many_commits_lie_in_few_files_and_all_are_there(client: Any) -> None:
    tables: LakeTables = client.tables
    for number in range(1, 26):
        tables.load("channels", answer((number, "a", number)), BY_DAY)

    found = tables.snapshot("channels")
    assert found is not None
    assert (found.rows, found.files <= FILES_MAX + 1) == (25, True)
    assert sorted(held(tables)) == [(day(number), "a", float(number)) for number in range(1, 26)]


@each_format
def test_a_table_that_nobody_has_written_since_is_not_opened_for_the_next_question(client: Any) -> None:
    tables: LakeTables = client.tables
    tables.load("channels", answer((1, "a", 1.0)), BY_DAY)
    question = rows("channels", {"value": Type.TEXT})
    with client.sql_client as asked:
        text, values = render(question, names_of(asked))
        before = asked.execute_sql(text, *values)
        for file in Path(client.get_table_dir("channels")).rglob("*.json"):
            file.write_text("unreadable")

        assert asked.execute_sql(text, *values) == before == [("a",)]
