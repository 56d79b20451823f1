"""A pipeline of the user's own never rounds, and never fails for a level that cannot be told apart."""

from dataclasses import replace

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed
from pendulum import Date

import sources.atribu.options
from sandbox.atribu.state import Sandbox
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.catalogue.columns import Column, Type
from tests.sources.atribu.conftest import Query, Source

pytestmark = pytest.mark.usefixtures("settings_dir")
START = Date(2026, 1, 17)
COUNTS = "select date, event_type, count from atribu.conversions_timeseries order by all"


def whole(column: Column) -> Column:
    return replace(column, type=Type.BIGINT, whole=False) if column.whole else column


@pytest.mark.parametrize("arrow", [False, pytest.param(True, marks=pytest.mark.sweep)])
def test_columns_of_whole_numbers_are_refused_until_they_take_fractions(
    sandbox: Sandbox,
    source: Source,
    pipeline: dlt.Pipeline,
    query: Query,
    monkeypatch: pytest.MonkeyPatch,
    *,
    arrow: bool,
) -> None:
    earlier = {name: replace(row, columns=tuple(map(whole, row.columns))) for name, row in ENDPOINTS.items()}
    with monkeypatch.context() as before:
        before.setattr(sources.atribu.options, "asked_with", lambda **_: earlier)
        pipeline.run(source("conversions_timeseries", start_date=START, arrow=arrow))
    loaded = query(COUNTS)
    monkeypatch.setattr(sandbox.settings, "fractions", True)
    again = {"start_date": START, "horizon_days": 30, "arrow": arrow}

    with pytest.raises(PipelineStepFailed, match=r"whole numbers \(conversions_timeseries\.count\)"):
        pipeline.run(source("conversions_timeseries", **again))
    assert query(COUNTS) == loaded

    with pipeline.sql_client() as client:
        for dataset in ("atribu", "atribu_staging"):
            client.execute_sql(f"ALTER TABLE {dataset}.conversions_timeseries ALTER count SET DATA TYPE DOUBLE")
    pipeline.run(source("conversions_timeseries", **again))
    assert query(COUNTS) == [(day, event, count * 1.0625) for day, event, count in loaded]


def test_a_level_that_cannot_be_told_apart_is_left_out(source: Source, pipeline: dlt.Pipeline, query: Query) -> None:
    pipeline.run(source("campaigns", start_date=START))
    assert query("select distinct level from atribu.campaigns") == [("campaign",)]
