"""What checks have learned is said with the advice that helps."""

import pytest

from pipelines.planning.learned import learned
from pipelines.planning.server_behaviour import ServerBehaviour
from sources.atatus import Options
from sources.atatus.source import SOURCE

DECLARED = {
    "name": "jobs",
    "path": "/jobs",
    "start_param": "since",
    "end_param": "until",
    "types": {"id": "text"},
    "primary_key": ["id"],
    "sums": ["runs"],
}
NOTHING = ServerBehaviour()


@pytest.mark.parametrize(
    ("name", "metric", "says"),
    [
        ("transactions", "total_count", "look at window_end"),
        ("jobs", "runs", "look at the field end of its declaration"),
    ],
)
def test_a_metric_that_does_not_add_up_comes_with_what_decides_how_its_ranges_end(
    name: str, metric: str, says: str
) -> None:
    endpoint = SOURCE.catalogue(Options(api_key="a" * 32, projects={"p1": ""}, endpoints=(DECLARED,)))[name]
    known = ServerBehaviour(not_additive=frozenset({metric}))
    said = list(learned(endpoint, "p1", NOTHING, known, "look at window_end"))
    assert said[0].startswith(f"{name} p1: {metric} does not add up over days on this server")
    assert says in said[0]
