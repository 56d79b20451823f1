"""What was loaded as another type, under other names or without a column of its key is brought to today's catalogue."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import dlt
import pytest
from pendulum import Date

from pipelines.storing.level_names import rename_rows
from pipelines.storing.retyping import retype
from pipelines.storing.warehouse import Owner, Warehouse
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.catalogue.columns import Column, Type
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.reading.answers import Answer
from sources.rest.reading.levels import ID, ID_AND_NAME
from sources.rest.reading.tables import build
from sources.rest.reading.tasks import Task
from sources.rest.vendor.resources import loaded_tables
from sources.rest.windows import Grain, Window
from tests.own_settings import own_settings

FIRST = Date(2026, 3, 1)
Load = Callable[[Endpoint, list[dict[str, Any]]], None]
WINDOW = Column(name="score_window", type=Type.TEXT, description="")


def earlier(name: str, types: dict[str, Type]) -> Endpoint:
    """A row of the catalogue as it was: of other types, and without windows to choose from."""
    row = ENDPOINTS[name]
    columns = tuple(replace(one, type=types.get(one.name, one.type), whole=False) for one in row.columns)
    return replace(row, columns=(*columns, WINDOW), variant_columns=())


@pytest.fixture
def pipeline(tmp_path: Path) -> Any:
    with own_settings(tmp_path):
        yield dlt.pipeline("atribu", destination=dlt.destinations.duckdb(str(tmp_path / "file.duckdb")))


@pytest.fixture
def load(pipeline: dlt.Pipeline) -> Load:
    def loading(endpoint: Endpoint, rows: list[dict[str, Any]]) -> None:
        context = {"profile_id": "p1", "score_window": "28d"}
        known = {name: context[name] for name in endpoint.request_names}
        answer = Answer(Task(endpoint), build(endpoint, rows, known, []), len(rows), False, frozenset(), None)
        pipeline.run(loaded_tables(endpoint, [answer]))

    return loading


def asked(pipeline: dlt.Pipeline, sql: str) -> list[tuple[Any, ...]]:
    with pipeline.sql_client() as client:
        return [tuple(row) for row in client.execute_sql(sql) or ()]


def archetype(cluster: Any, ads: float, window: str = "28d") -> dict[str, Any]:
    return {"archetype_cluster": cluster, "n_ads": ads, "score_window": window, "exemplar_ad_external_ids": ["a", "b"]}


@pytest.mark.slow
@pytest.mark.parametrize(
    "again", [pytest.param(1, id="once", marks=pytest.mark.sweep), pytest.param(2, id="begun-again")]
)
def test_numbers_become_fractions_and_items_of_lists_say_their_window(
    pipeline: dlt.Pipeline, load: Load, again: int
) -> None:
    load(
        earlier("archetypes", {"archetype_cluster": Type.ANY, "n_ads": Type.BIGINT}),
        [archetype(1, 12), archetype(2, 3), archetype("price", 4)],
    )
    before = pipeline.default_schema.clone()
    for _ in range(again):
        pipeline.schemas.save_schema(before.clone())  # as after a kill: the tables have changed, the schema has not
        warehouse = Warehouse(pipeline, Grain.DAY, Owner(profile=lambda: "p1"))
        retype(pipeline, warehouse, ENDPOINTS)
        warehouse.release()

    clusters = "SELECT archetype_cluster, n_ads FROM archetypes ORDER BY 1 NULLS LAST"
    lists = "SELECT archetype_cluster, score_window, value FROM archetypes__exemplar_ad_external_ids ORDER BY ALL"
    assert asked(pipeline, clusters) == [(1.0, 12.0), (2.0, 3.0), (None, 4.0)]
    assert asked(pipeline, lists) == [(one, "28d", ad) for one in (1.0, 2.0, None) for ad in ("a", "b")]

    load(ENDPOINTS["archetypes"], [archetype(1, 12.5), archetype(3, 0.25)])

    assert asked(pipeline, clusters) == [(1.0, 12.5), (3.0, 0.25)]
    assert asked(pipeline, lists) == [(one, "28d", ad) for one in (1.0, 3.0) for ad in ("a", "b")]


def test_items_of_lists_that_may_be_of_several_windows_are_read_again(pipeline: dlt.Pipeline, load: Load) -> None:
    load(earlier("archetypes", {}), [archetype(1, 12), archetype(2, 3, "7d")])
    warehouse = Warehouse(pipeline, Grain.DAY, Owner(profile=lambda: "p1"))

    retype(pipeline, warehouse, ENDPOINTS)

    assert asked(pipeline, "SELECT score_window FROM archetypes ORDER BY 1") == [("28d",), ("7d",)]
    assert asked(pipeline, "SELECT * FROM archetypes__exemplar_ad_external_ids") == []


@pytest.mark.parametrize(
    ("reading", "named"),
    [(ID, ("(null)", "Spring", "ad-1", None)), (ID_AND_NAME, ("(null)", None, "ad-1", "Spring"))],
    ids=str,
)
def test_rows_of_a_level_get_the_names_that_are_true(
    pipeline: dlt.Pipeline, reading: str, named: tuple[str | None, ...]
) -> None:
    endpoint = ENDPOINTS["campaigns"]
    row = {"campaign_id": "ad-1", "campaign_name": "Spring", "spend": 2.5}
    answers = []
    for level in ("campaign", "ad"):
        context = {"profile_id": "p1", "date": FIRST, "grain": "day", "model": "linear", "level": level}
        task = Task(endpoint, Window(FIRST, FIRST), (("model", "linear"), ("level", level)))
        answers.append(Answer(task, build(endpoint, [row], context, []), 1, False, frozenset(), None))
    pipeline.run(loaded_tables(endpoint, answers))
    warehouse = Warehouse(pipeline, Grain.DAY, Owner(profile=lambda: "p1"))

    for _ in range(2):
        rename_rows(warehouse, endpoint, "ad", reading)
    warehouse.release()

    stored = "SELECT level, campaign_id, campaign_name, ad_id, ad_name, spend FROM campaigns ORDER BY 1"
    assert asked(pipeline, stored) == [("ad", *named, 2.5), ("campaign", "ad-1", "Spring", None, None, 2.5)]


def test_a_destination_that_holds_nothing_needs_nothing(pipeline: dlt.Pipeline) -> None:
    retype(pipeline, Warehouse(pipeline, Grain.DAY, Owner(profile=lambda: "p1")), ENDPOINTS)
    assert pipeline.schema_names == []
