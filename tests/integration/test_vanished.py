"""A metric that the API stops sending erases nothing, until somebody accepts that."""

from pathlib import Path

import pytest

from tests.processes import Ended, Machine
from tests.scripted import KEY, META, Say, playing

pytestmark = pytest.mark.untraced

DAY = ("--today", "2026-03-31", "--since", "2026-03-30", "--until", "2026-03-30", "--full")
WHOLE = {"value": "Direct", "conversions": 1, "revenue": 2.0}
LACKING = {"value": "Direct", "conversions": 3}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """An empty machine."""
    return Machine(tmp_path, "", options={"API_KEY": KEY, "MAX_TRIES": 1})


def sync(machine: Machine, row: dict[str, object], resource: str = "channels") -> Ended:
    with playing(Say(body={"data": [row], "meta": META})) as script:
        machine.url = script.url
        return machine.run_here("sync", "atribu", *DAY, "--resources", resource)


def stored(machine: Machine) -> list[tuple[object, ...]]:
    return machine.query("SELECT conversions, revenue FROM atribu.channels")


@pytest.mark.slow
def test_a_metric_that_vanishes_keeps_what_is_loaded_until_that_is_accepted(machine: Machine) -> None:
    assert sync(machine, WHOLE).code == 0

    refused = sync(machine, LACKING)

    assert refused.code == 4, refused
    assert "no row has revenue, of which values are loaded" in refused.err
    assert "retired_metrics to channels.revenue" in refused.err
    assert stored(machine) == [(1, 2.0)]

    machine.options["RETIRED_METRICS"] = "channels.revenue"
    assert sync(machine, LACKING).code == 0
    assert stored(machine) == [(3, None)]


@pytest.mark.slow
def test_what_never_came_is_not_missed(machine: Machine) -> None:
    assert sync(machine, LACKING).code == 0
    assert sync(machine, {"value": "Direct", "conversions": 4, "revenue": None}).code == 0
    assert sync(machine, LACKING).code == 0
    assert stored(machine) == [(3, None)]


def test_a_metric_that_nobody_knows_cannot_be_retired(machine: Machine) -> None:
    machine.options["RETIRED_METRICS"] = "chanels.revenue"
    end = machine.run_here("plan", "atribu")
    assert (end.code, "did you mean 'channels.revenue'" in end.err) == (78, True), end


@pytest.mark.slow
def test_what_one_variant_has_is_not_missed_at_another(machine: Machine) -> None:
    ad = {"ad_id": "a1", "spend": 1.0}
    for level, row in (("campaign", {"spend": 1.0, "roas": 2.0}), ("ad", ad), ("ad", {**ad, "spend": 3.0})):
        machine.options["LEVELS"] = level
        end = sync(machine, {"campaign_id": "c1", **row}, "campaigns")
        assert end.code == 0, end
    found = machine.query("SELECT level, spend, roas FROM atribu.campaigns ORDER BY level")
    assert found == [("ad", 3.0, None), ("campaign", 1.0, 2.0)]
    machine.options["LEVELS"] = "campaign"
    assert "no row has roas" in sync(machine, {"campaign_id": "c1", "spend": 5.0}, "campaigns").err
