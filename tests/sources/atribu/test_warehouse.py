"""The source in a dlt pipeline into PostgreSQL loads what it loads into a file."""

from typing import Any

import dlt
import pytest
from dlt.extract import DltSource

from sandbox.atribu.state import Sandbox
from tests.sources.atribu.conftest import DAYS, Source, asked, truth_by_day
from tests.warehouses import postgres_databases

FIGURES = ["value", "conversions", "revenue"]
PEOPLE = {"include_pii": True, "pii_policy": "keep", "goals": ["payment_received"]}
CHILDREN = "select goal, conversion_id, position, value from atribu.customers__touch_channels order by 1, 2, 3"


@pytest.mark.sweep
@pytest.mark.untraced
@pytest.mark.usefixtures("settings_dir")
def test_a_warehouse_holds_the_servers_truth_also_after_a_second_run(
    sandbox: Sandbox, source: Source, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def chosen() -> DltSource:
        return source("channels", "customers", **PEOPLE)

    with postgres_databases(tmp_path_factory.mktemp("pg")) as make:
        warehouse = make("plain")
        pipeline = dlt.pipeline(
            "atribu_test",
            pipelines_dir=str(tmp_path_factory.mktemp("pipelines")),
            destination=dlt.destinations.postgres(warehouse.credentials),
            dataset_name="atribu",
        )
        pipeline.run(chosen())
        children = warehouse.ask(CHILDREN)
        sandbox.log.clear()

        pipeline.run(chosen())

        assert [day for path, day, _ in asked(sandbox) if path == "channels"] == DAYS[-3:]
        found = warehouse.ask(f"select date, {', '.join(FIGURES)} from atribu.channels")  # noqa: S608 - the names above
        assert sorted(found) == truth_by_day(sandbox, "channels", FIGURES)
        span = {"date_from": DAYS[0], "date_to": DAYS[-1], "limit": "100", "goal": "payment_received"}
        listed: Any = sandbox.answer("customers", span, capped=False)
        assert warehouse.ask("select conversion_id from atribu.customers order by 1") == sorted(
            (row["conversion_id"],) for row in listed
        )
        assert children
        assert warehouse.ask(CHILDREN) == children
