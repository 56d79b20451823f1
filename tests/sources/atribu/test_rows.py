"""Rows of plain dlt: they go through the steps that dlt documents, and load what Arrow tables load."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed
from pendulum import Date

from sandbox.atribu import FULL_KEY, Fault
from sandbox.atribu.state import Sandbox
from sources.atribu import atribu
from tests.sources.atribu.conftest import DAYS, FIRST, TODAY, Query, Source, asked, truth_by_day

pytestmark = pytest.mark.usefixtures("settings_dir")
FIGURES = ["value", "conversions", "revenue"]
CHANNELS = f"select date, {', '.join(FIGURES)} from atribu.channels order by all"  # noqa: S608 - the names above
PEOPLE = {"include_pii": True, "pii_policy": "keep", "goals": ["payment_received"]}
Rows = list[dict[str, Any]]


def kept(rows: list[tuple[Any, ...]], value: str) -> list[tuple[Any, ...]]:
    """Rows of one channel."""
    return [row for row in rows if row[1] == value]


def is_of(value: str, row: dict[str, Any]) -> bool:
    """Whether a row is that of a channel."""
    return bool(row["value"] == value)


@pytest.mark.slow
@pytest.mark.parametrize(
    "names",
    [
        pytest.param(("channels", "goals", "customers", "visitors", "timeseries", "realtime"), id="one-of-each-kind"),
        pytest.param((), id="every-default-one", marks=pytest.mark.sweep),
        pytest.param(
            ("top_performers", "creative_patterns", "archetypes", "ads_funnel_diagnosis", "ads_forecast"),
            id="lists",
            marks=pytest.mark.sweep,
        ),
    ],
)
def test_rows_load_what_arrow_tables_load(
    source: Source, pipeline: dlt.Pipeline, query: Query, names: tuple[str, ...]
) -> None:
    people = PEOPLE if "customers" in names else {}
    for dataset, arrow in (("atribu", False), ("tables", True)):
        pipeline.run(source(*names, arrow=arrow, start_date=Date(2026, 1, 17), **people), dataset_name=dataset)
        pipeline.drop()
    columns = query(
        "select table_schema, table_name, column_name, data_type from information_schema.columns"
        " where table_name not like '\\_dlt%' escape '\\' and column_name not like '\\_dlt%' escape '\\'"
    )
    tables = {name for _, name, _, _ in columns}
    by_dataset = [{row[1:] for row in columns if row[0] == dataset} for dataset in ("atribu", "tables")]
    assert by_dataset[0] == by_dataset[1]
    assert {*names} <= tables
    for table in tables - {"realtime"}:
        listed = ", ".join(sorted(name for _, one, name, _ in columns if one == table and name != "_loaded_at"))
        rows, arrow_rows = (
            query(f"select distinct {listed}, count(*) from {dataset}.{table} group by all order by all")  # noqa: S608 - names of the catalogue
            for dataset in ("atribu", "tables")
        )
        assert rows == arrow_rows, table
        assert rows or table.endswith("__diagnostic_codes"), table


def test_a_map_sees_plain_rows_with_their_lists_and_no_tombstones(
    sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline, query: Query
) -> None:
    seen: dict[str, Rows] = {}

    def see(name: str) -> Any:
        def step(row: dict[str, Any]) -> dict[str, Any]:
            seen.setdefault(name, []).append(dict(row))
            return {**row, "half": row["revenue"] / 2} if name == "channels" else row

        return step

    mapped = source("channels", "goals", "customers", **PEOPLE)
    for name, resource in mapped.resources.items():
        resource.add_map(see(name))
    pipeline.run(mapped)

    assert {type(row["date"]).__name__ for row in seen["channels"]} == {"date"}
    assert not any("_deleted" in row for rows in seen.values() for row in rows)
    goals: Any = sandbox.answer("goals")
    assert [row["source_event_names"] for row in seen["goals"]] == [row["source_event_names"] for row in goals]
    assert all(isinstance(row["touch_channels"], list) for row in seen["customers"])
    assert query("select count(*) from atribu.customers__touch_channels") == [
        (sum(len(row["touch_channels"]) for row in seen["customers"]),)
    ]
    assert query("select sum(half) * 2 - sum(revenue) from atribu.channels") == [(0.0,)]
    assert query(CHANNELS) == truth_by_day(sandbox, "channels", FIGURES)


def test_what_a_map_does_to_a_row_and_its_list_is_what_is_loaded(
    source: Source, pipeline: dlt.Pipeline, query: Query
) -> None:
    mapped = source("goals")
    mapped.goals.add_map(lambda row: {**row, "id": f"x-{row['id']}", "source_event_names": ["one", "two"]})
    mapped.goals.add_filter(lambda row: row["attribution_eligible"])
    pipeline.run(mapped)
    goals = query("select id from atribu.goals order by 1")
    assert goals
    assert query("select id, position, value from atribu.goals__source_event_names order by all") == [
        (name, position, value) for (name,) in goals for position, value in enumerate(["one", "two"])
    ]


@pytest.mark.slow
def test_a_filter_leaves_its_rows_and_clears_what_it_does_not_let_through(
    sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline, query: Query
) -> None:
    pipeline.run(source("channels"))
    truth = truth_by_day(sandbox, "channels", FIGURES)
    for horizon, value in ((18, "Direct"), (18, "nothing is called so")):
        filtered = source("channels", horizon_days=horizon)
        filtered.channels.add_filter(partial(is_of, value))
        pipeline.run(filtered)
        assert query(CHANNELS) == kept(truth, value)
    sandbox.log.clear()
    pipeline.run(source("channels"))
    assert [day for _, day, _ in asked(sandbox)] == DAYS[-3:]  # the filtered days are loaded: nothing passed


@pytest.mark.slow
def test_an_emptied_window_is_cleared_past_every_step(
    sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.run(source("channels", "timeseries"))
    monkeypatch.setattr(sandbox.settings, "today", FIRST.subtract(days=1))  # nothing has happened yet
    stepped = source("channels", "timeseries", horizon_days=18)
    for resource in stepped.resources.values():
        resource.add_map(lambda row: {**row, "share": 1 / len(row["date"].isoformat())})
        resource.add_filter(lambda row: row["profile_id"] != "")
        resource.add_yield_map(_once)
    pipeline.run(stepped)
    assert query("select (select count(*) from atribu.channels), (select count(*) from atribu.channels)") == [(0, 0)]


def _once(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield row


@pytest.mark.sweep
def test_a_yield_map_may_make_several_rows_of_one(
    sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline, query: Query
) -> None:
    def twice(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield row
        yield {**row, "value": f"{row['value']} again"}

    for _ in range(2):
        doubled = source("channels", "goals", horizon_days=18)
        doubled.channels.add_yield_map(twice)
        pipeline.run(doubled)
    truth = truth_by_day(sandbox, "channels", FIGURES)
    assert query(CHANNELS) == sorted([*truth, *((day, f"{value} again", *rest) for day, value, *rest in truth)])


@pytest.mark.parametrize(
    ("limit", "windows"),
    [
        pytest.param(0, 0, id="none-changes-nothing", marks=pytest.mark.sweep),
        pytest.param(2, 2, id="two-answers-are-two-windows"),
    ],
)
def test_a_limit_counts_answers(source: Source, pipeline: dlt.Pipeline, query: Query, limit: int, windows: int) -> None:
    pipeline.run(source("campaigns", levels=["campaign"]))
    before = query("select campaign_id, date, spend from atribu.campaigns order by all")
    limited = source("campaigns", horizon_days=18, levels=["campaign"])
    limited.campaigns.add_map(lambda row: {**row, "spend": -1.0}).add_limit(limit)
    pipeline.run(limited)
    after = query("select campaign_id, date, spend from atribu.campaigns order by all")
    assert [row[:2] for row in after] == [row[:2] for row in before]
    assert len({day for _, day, spend in after if spend == -1.0}) == windows


@pytest.mark.slow
@pytest.mark.parametrize("disposition", ["append", pytest.param("replace", marks=pytest.mark.sweep)])
def test_another_disposition_stores_no_tombstones(
    sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline, query: Query, disposition: Any
) -> None:
    for _ in range(2):
        pipeline.run(source("channels", "goals", "customers", horizon_days=18, **PEOPLE), write_disposition=disposition)
    times = 2 if disposition == "append" else 1
    assert query(CHANNELS) == sorted(truth_by_day(sandbox, "channels", FIGURES) * times)
    goals: Any = sandbox.answer("goals")
    assert query("select count(*), count_if(_deleted) from atribu.goals__source_event_names") == [
        (times * sum(len(row["source_event_names"]) for row in goals), 0)
    ]
    assert query("select count_if(_deleted) from atribu.channels") == [(0,)]


def test_hints_of_the_users_own_are_applied(source: Source, pipeline: dlt.Pipeline, query: Query) -> None:
    hinted = source("channels")
    hinted.channels.apply_hints(
        table_name="marketing_channels", columns={"conversions": {"data_type": "bigint"}, "note": {"data_type": "text"}}
    )
    pipeline.run(hinted)
    types = query(
        "select column_name, data_type from information_schema.columns where table_name = 'marketing_channels'"
    )
    assert {("conversions", "BIGINT"), ("note", "VARCHAR"), ("revenue", "DOUBLE"), ("date", "DATE")} <= {*types}
    assert query("select count(*) > 0, count_if(_deleted) from atribu.marketing_channels") == [(True, 0)]


@pytest.mark.parametrize(
    ("contract", "days"),
    [
        ("freeze", None),
        pytest.param("discard_row", 17, marks=pytest.mark.sweep),
        pytest.param("discard_value", 18, marks=pytest.mark.sweep),
    ],
    ids=str,
)
def test_a_schema_contract_decides_about_a_field_that_nobody_knows(  # noqa: PLR0917 - fixtures
    sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline, query: Query, contract: Any, days: int | None
) -> None:
    pipeline.run(source("timeseries", today=Date(2026, 1, 19)))
    sandbox.faults.append(Fault("timeseries", "unknown_field", times=1))
    strict = source("timeseries", horizon_days=0, start_date=TODAY)
    strict.timeseries.apply_hints(schema_contract={"columns": contract})
    if days is None:
        with pytest.raises(PipelineStepFailed, match="a_new_field"):
            pipeline.run(strict)
        return
    pipeline.run(strict)
    assert query("select count(*) from atribu.timeseries") == [(days,)]
    assert query("select count(*) from information_schema.columns where column_name = 'a_new_field'") == [(0,)]


def test_text_that_looks_like_a_time_stays_text(
    sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline, query: Query
) -> None:
    sandbox.faults.append(Fault("timeseries", "unknown_field", times=1))
    dated = source("timeseries")
    dated.timeseries.add_map(lambda row: {**row, "a_new_field": "2026-01-03T00:00:00Z"})
    pipeline.run(dated)
    assert query("select distinct typeof(a_new_field) from atribu.timeseries") == [("VARCHAR",)]


@pytest.mark.sweep
def test_resources_are_chosen_renamed_and_read_at_the_same_time(
    sandbox: Sandbox, served: tuple[str, Sandbox], source: Source, pipeline: dlt.Pipeline, query: Query
) -> None:
    chosen = source("channels", "timeseries", "goals").with_resources("channels", "goals").parallelize()
    pipeline.run(chosen)
    assert query(CHANNELS) == truth_by_day(sandbox, "channels", FIGURES)
    assert {path for path, _, _ in asked(sandbox)} == {"channels", "goals"}
    for make in (atribu.with_args(name="brand"), atribu.clone(name="brand", parallelized=True)):
        sandbox.log.clear()
        pipeline.run(
            make(
                resources=["channels"],
                today=TODAY,
                start_date=FIRST,
                base_url=served[0],
                api_key=FULL_KEY,
                rate_limit=100_000,
                horizon_days=0,
            )
        )
        first = make.parallelized is not True
        assert sorted(day for _, day, _ in asked(sandbox)) == (DAYS if first else DAYS[-1:])
    assert "brand" in pipeline.state["sources"]


def test_a_transformer_gets_rows_only(sandbox: Sandbox, source: Source, pipeline: dlt.Pipeline, query: Query) -> None:
    given = source("channels", "goals")

    @dlt.transformer(data_from=given.channels, write_disposition="replace")
    def doubled(rows: Rows) -> Iterator[Rows]:
        yield [{"value": row["value"], "twice": row["conversions"] * 2} for row in rows]

    pipeline.run([doubled, given.goals])
    truth = truth_by_day(sandbox, "channels", FIGURES)
    assert query("select value, twice from atribu.doubled order by all") == sorted(
        (value, 2 * conversions) for _, value, conversions, _ in truth
    )
    assert query("select count(*) from information_schema.tables where table_name = 'channels'") == [(0,)]


@pytest.mark.usefixtures("pipeline")  # a new one: dlt gives even to these the state of the one that was made last
def test_without_loading_a_resource_gives_its_rows(sandbox: Sandbox, source: Source) -> None:
    goals: Any = sandbox.answer("goals")
    assert [row["source_event_names"] for row in source("goals").goals] == [row["source_event_names"] for row in goals]
    rows = list(source("channels").channels)
    assert sorted((row["date"], *(row[name] for name in FIGURES)) for row in rows) == truth_by_day(
        sandbox, "channels", FIGURES
    )
