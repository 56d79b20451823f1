"""The bounds of a plan hold, for every resource: whatever was loaded before, and whatever the server is like."""

import json
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest

from sandbox.atribu.settings import Population, Size
from sandbox.server.faults import Fault
from sources.atribu.endpoints import ENDPOINTS
from tests.integration.conftest import Elt, Serve

LOG = logging.getLogger(__name__)
"""With `--log-file` it holds the table of all plans and what was spent."""

pytestmark = pytest.mark.untraced

START = date(2026, 3, 31)
SMALL = Size(visits_per_day=40, conversions_per_day=4, pages=140)
FEW = ("channels", "pages", "conversions_timeseries", "goals")
"""Lists of pages are cut off at 100 rows over a month, and not over a day."""
CUT_OFF = ("pages", "conversions_timeseries")
PEOPLE = ("customers", "visitors", "journeys")


@dataclass(frozen=True)
class Step:
    """A plan, and the sync after it.

    Attributes:
        later: days after the first one.
        since: first day that is asked for; empty for none.
        resources: what is asked for.
        options: of the source.
        units: most units of the sync; None for any number.
        faults: what goes wrong with the sync.
        exact: the sync costs what the plan says; if it is known what to expect, nothing else is.
        unbounded: resources of which nobody knows how much there is.
    """

    later: int = 0
    since: str = "2026-03-10"
    resources: tuple[str, ...] = FEW
    options: Mapping[str, str] = field(default_factory=dict)
    units: int | None = None
    faults: tuple[Fault, ...] = ()
    exact: bool = False
    unbounded: frozenset[str] = frozenset()

    @property
    def personal(self) -> bool:
        return not set(PEOPLE).isdisjoint(self.resources)


def people(**facts: Any) -> Step:
    return Step(resources=(*FEW, *PEOPLE), **facts)


NOTHING_KNOWN = frozenset(PEOPLE)
SCENARIOS: Mapping[str, tuple[dict[str, Any], list[Step]]] = {
    "people added later": (
        {"size": SMALL},
        [
            Step(exact=True),
            people(unbounded=frozenset({"visitors"})),
            people(exact=True),
        ],
    ),
    "people loaded day by day": (
        {"size": SMALL},
        [people(unbounded=NOTHING_KNOWN), *(people(later=day) for day in (1, 2, 16)), people(later=16, exact=True)],
    ),
    "figures of people are of the range": (
        {"size": SMALL, "figures": "range"},
        [people(unbounded=NOTHING_KNOWN), people(later=1), people(later=20), people(later=20, exact=True)],
    ),
    "a longer history": (
        {"size": SMALL},
        [
            people(unbounded=NOTHING_KNOWN),
            people(since="2026-02-01"),
            people(since="2026-02-01", exact=True),
            people(since="", later=2),
        ],
    ),
    "another goal": (
        {"size": SMALL},
        [
            people(options={"GOALS": "payment_received"}, unbounded=NOTHING_KNOWN),
            people(options={"GOALS": "payment_received,lead_created"}),
            people(),
            people(exact=True),
        ],
    ),
    "another model and level": (
        {"size": SMALL},
        [
            Step(resources=("campaigns", "overview"), options={"LEVELS": "campaign"}, exact=True),
            Step(resources=("campaigns", "overview"), exact=True),
            Step(resources=("campaigns", "overview"), options={"MODELS": "last_touch,linear"}, exact=True),
            Step(resources=("campaigns", "overview"), options={"MODELS": "last_touch,linear"}, later=1),
        ],
    ),
    "shares are rounded": (
        {},
        [
            Step(resources=("campaigns",), options={"MODELS": "linear"}, exact=True),
            *(Step(resources=("campaigns",), options={"MODELS": "linear"}, later=day) for day in (1, 2)),
            Step(resources=("campaigns",), options={"MODELS": "linear"}, later=2, exact=True),
        ],
    ),
    "lists are cut off": (
        {"size": Size(pages=140, keywords=200)},
        [
            Step(resources=("pages", "keywords", "countries"), exact=True),
            *(Step(resources=("pages", "keywords", "countries"), later=day) for day in (1, 2)),
            Step(resources=("pages", "keywords", "countries"), later=2, exact=True),
        ],
    ),
    "every day is cut off": (
        {"size": Size(visits_per_day=1200, conversions_per_day=300, pages=600)},
        [
            Step(resources=CUT_OFF, exact=True),
            *(Step(resources=CUT_OFF, later=day) for day in (1, 2, 3)),
            Step(resources=CUT_OFF, later=3, exact=True),
        ],
    ),
    "visitors do not add up": (
        {"generation": "old", "size": SMALL},
        [Step(exact=True), Step(later=1), Step(later=2), Step(later=2, exact=True)],
    ),
    "stopped in between": (
        {"size": SMALL},
        [
            people(units=30, unbounded=NOTHING_KNOWN),
            people(units=50, unbounded=frozenset({"visitors"})),
            people(units=100, unbounded=frozenset({"visitors"})),
            people(),
            people(exact=True),
            people(later=3, units=25),
            people(later=3, units=60),
            people(later=3),
            people(later=3, exact=True),
        ],
    ),
    "failed in between": (
        {"size": SMALL},
        [
            people(
                options={"MAX_TRIES": "1"},
                faults=(
                    Fault("channels", "500", times=5),
                    Fault("visitors", "wrong_type", match=lambda query: query["date_from"] == "2026-03-10"),
                    Fault("customers/*", "500", times=2),
                ),
                unbounded=NOTHING_KNOWN,
            ),
            people(unbounded=frozenset({"visitors"})),
            people(exact=True),
        ],
    ),
    "many people of whom some change": (
        {
            "size": Size(visits_per_day=20, conversions_per_day=2),
            "population": Population(customers=250, goal="payment_received", change=0.05),
        },
        [people(since="2026-01-10", unbounded=NOTHING_KNOWN)]
        + [people(since="2026-01-10", later=day) for day in (1, 2, 2)],
    ),
}
QUICK = "people added later"


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == QUICK else pytest.mark.sweep) for name in SCENARIOS]
)
def test_what_each_resource_costs_lies_within_what_the_plan_says_of_it(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    settings, steps = SCENARIOS[name]
    sandbox = serve(today=START, **settings)
    for place, step in enumerate(steps):
        sandbox.settings.today = START + timedelta(step.later)
        arguments = ["--resources", ",".join(step.resources), "--today", str(sandbox.settings.today)]
        arguments += ["--since", step.since] if step.since else []
        arguments += ["--include-pii"] if step.personal else []
        with monkeypatch.context() as patch:
            for option, value in step.options.items():
                patch.setenv(f"SOURCES__ATRIBU__{option}", value)
            planned = elt("plan", "atribu", *arguments, "--json")
            assert planned.code == 0, planned.err
            asked = len(sandbox.log)
            sandbox.faults[:] = step.faults
            done = elt("sync", "atribu", *arguments, *(["--max-units", str(step.units)] if step.units else []))
            sandbox.faults.clear()
        assert done.code == (3 if step.units else 4 if step.faults else 0), done.err
        plan = json.loads(planned.out)
        spent = spent_by_resource(sandbox.log[asked:])
        total = plan["total"]
        LOG.info(
            "%s, %s: at least %s, price %s, expected %s, at most %s: spent %s",
            name,
            place,
            *numbers(total),
            spent.total(),
        )
        for resource, (least, most) in bounds_by_resource(plan["resources"]).items():
            assert (most is None) == (resource in step.unbounded), (place, resource)
            assert most is None or spent[resource] <= most, (place, resource)
            assert step.units or step.faults or spent[resource] >= least, (place, resource)
        assert (total["units_max"] is None) == bool(step.unbounded)
        if step.exact:
            assert total["units"] == spent.total(), place
            assert total["units_expected"] in {None, total["units"]}, place


def numbers(total: Mapping[str, Any]) -> list[Any]:
    return [total[name] for name in ("units_min", "units", "units_expected", "units_max")]


def bounds(line: Mapping[str, Any]) -> tuple[int, int | None]:
    return line["units_min"], line["units_max"]


def bounds_by_resource(lines: list[dict[str, Any]]) -> dict[str, tuple[int, int | None]]:
    """Sums over the lines of a resource."""
    found: dict[str, tuple[int, int | None]] = {}
    for line in lines:
        least, most = found.get(line["resource"], (0, 0))
        own_least, own_most = bounds(line)
        found[line["resource"]] = least + own_least, None if most is None or own_most is None else most + own_most
    return found


def spent_by_resource(log: list[Any]) -> Counter[str]:
    """Units by the resource whose path was asked."""
    names = {row.path.strip("/"): name for name, row in ENDPOINTS.items()}
    spent: Counter[str] = Counter()
    for call in log:
        path = "customers/{id}/journey" if call.path.endswith("/journey") else call.path
        spent[names[path]] += call.units
    return spent
