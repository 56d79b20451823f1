"""Every figure comes from the same events: days add up, late events restate the past, shapes agree."""

from collections import defaultdict
from datetime import date, timedelta

import pytest
from atatus_client import LIST, OTHER_PROJECT, PROJECT, WEEK, AtatusClient, make_atatus_settings

from sandbox.atatus import PROJECTS, QUIET_PROJECT, Size, create_app
from sandbox.atatus.state import Sandbox
from sandbox.server.replies import Refusal

DAYS = [date(2026, 2, 1) + timedelta(number) for number in range(28)]
COUNTS = ("successCount", "failureCount", "totalCount")
FIELDS = ["id", "name", *COUNTS, "successTime", "failureTime", "throughputPercentage", "underOnePercent"]
EMPTY = {
    "data": [],
    "stats": {"failureTime": 0, "successTime": 0, "successCount": 0, "failureCount": 0, "totalCount": 0},
}


def make_sandbox(**chosen: object) -> Sandbox:
    return create_app(make_atatus_settings(**chosen)).state.sandbox


def span(first: date, last: date) -> dict[str, str]:
    """Name the range from the start of one day to the end of another."""
    return {"timeStart": f"{first} 00:00", "timeEnd": f"{last + timedelta(1)} 00:00"}


@pytest.fixture(scope="module")
def world() -> Sandbox:
    return make_sandbox(size=Size(events_per_day=200))


@pytest.fixture(scope="module")
def february(world: Sandbox) -> dict[str, object]:
    return world.answer(LIST, **span(DAYS[0], DAYS[-1]))


@pytest.mark.parametrize("project", PROJECTS)
def test_counts_of_days_add_up_to_the_counts_of_the_month(world: Sandbox, project: str) -> None:
    sums: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(COUNTS, 0))
    for day in DAYS:
        for row in world.rows(project, day):
            for name in COUNTS:
                sums[row["id"]][name] += row[name]
    month = world.answer(f"projects/{project}/transactions", **span(DAYS[0], DAYS[-1]))
    assert sums == {row["id"]: {name: row[name] for name in COUNTS} for row in month["data"]}
    assert {name: sum(row[name] for row in sums.values()) for name in COUNTS}.items() <= month["stats"].items()


def test_mean_times_of_days_weighed_by_their_counts_give_those_of_the_month(
    world: Sandbox, february: dict[str, object]
) -> None:
    times: dict[tuple[str, str], float] = defaultdict(float)
    for day in DAYS:
        for row in world.rows(PROJECT, day):
            for kind in ("success", "failure"):
                times[row["id"], kind] += row[f"{kind}Count"] * row[f"{kind}Time"]
    for row in february["data"]:
        for kind in ("success", "failure"):
            count = row[f"{kind}Count"]
            mean = times[row["id"], kind] / count if count else 0
            assert row[f"{kind}Time"] == pytest.approx(mean, abs=0.02)


def test_rows_have_the_documented_fields_and_agree_with_the_stats(february: dict[str, object]) -> None:
    rows, stats = february["data"], february["stats"]
    for row in rows:
        assert list(row) == FIELDS
        assert len(row["id"]) == 32
        assert set(row["id"]) <= set("0123456789abcdef")
        assert row["totalCount"] == row["successCount"] + row["failureCount"] > 0
        share = 100 * row["totalCount"] / stats["totalCount"]
        assert row["throughputPercentage"] == round(share, 2)
        assert row["underOnePercent"] is (share < 1)
    assert {row["underOnePercent"] for row in rows} == {True, False}
    assert sum(row["throughputPercentage"] for row in rows) == pytest.approx(100, abs=0.1)
    for kind in ("success", "failure"):
        weighed = sum(row[f"{kind}Time"] * row[f"{kind}Count"] for row in rows) / stats[f"{kind}Count"]
        assert stats[f"{kind}Time"] == pytest.approx(weighed, abs=0.02)


def test_whole_numbers_are_written_without_a_point_as_in_the_sample(february: dict[str, object]) -> None:
    kinds = {type(row["failureTime"]) for row in february["data"]}
    assert kinds == {int, float}


def test_rows_of_days_hold_what_is_listed_for_the_day(world: Sandbox) -> None:
    listed = [world.answer(LIST, **span(day, day))["data"] for day in DAYS]
    assert listed == [world.rows(PROJECT, day) for day in DAYS]
    assert [] in listed
    assert len({len(rows) for rows in listed}) > 2


def test_a_project_without_events_answers_no_rows_and_zeros(atatus: AtatusClient) -> None:
    path = f"projects/{QUIET_PROJECT}/transactions"
    assert atatus.body(path, **WEEK) == EMPTY
    assert atatus.body(LIST, **span(date(2020, 1, 1), date(2020, 12, 31))) == EMPTY
    atatus.settings.empty_status = 204
    reply = atatus.get(path, **WEEK)
    assert (reply.status_code, reply.content, "Content-Length" in reply.headers) == (204, b"", False)
    assert atatus.get(LIST, **WEEK).status_code == 200


def test_projects_share_ids_of_transactions_that_are_named_alike(atatus: AtatusClient) -> None:
    ids = [
        {row["name"]: row["id"] for row in atatus.body(f"projects/{project}/transactions", **WEEK)["data"]}
        for project in (PROJECT, OTHER_PROJECT)
    ]
    common = ids[0].keys() & ids[1].keys()
    assert {"SignUp", "Reset Password"} <= common
    assert all(ids[0][name] == ids[1][name] for name in common)


def test_late_events_restate_the_past_for_three_days_and_only_add(world: Sandbox) -> None:
    grew = set()
    try:
        for day in DAYS[:14]:
            before = 0
            for lag in range(6):
                world.settings.as_of = day + timedelta(lag)
                total = sum(row["totalCount"] for row in world.rows(PROJECT, day))
                assert total >= before
                if lag and total > before:
                    grew.add(lag)
                before = total
    finally:
        world.settings.as_of = date(2026, 3, 31)
    assert grew == {1, 2, 3}


def test_nothing_is_known_of_days_after_the_day_of_asking() -> None:
    world = make_sandbox(as_of=date(2026, 2, 10))
    whole = world.answer(LIST, **span(date(2026, 2, 10), date(2026, 2, 20)))
    assert whole == world.answer(LIST, timeDur="1d")
    assert whole["data"]
    assert world.rows(PROJECT, date(2026, 2, 11)) == []


def test_the_same_seed_makes_the_same_world_in_any_order_of_asking() -> None:
    one, same, other = make_sandbox(), make_sandbox(), make_sandbox(seed=2)
    backwards = [same.rows(PROJECT, day) for day in reversed(DAYS)]
    forwards = [one.rows(PROJECT, day) for day in DAYS]
    assert forwards == backwards[::-1]
    assert forwards != [other.rows(PROJECT, day) for day in DAYS]


def test_a_cap_cuts_the_list_and_when_set_the_stats(atatus: AtatusClient) -> None:
    whole = atatus.body(LIST, **WEEK)
    atatus.settings.row_cap = 2
    capped = atatus.body(LIST, **WEEK)
    assert capped == {"data": whole["data"][:2], "stats": whole["stats"]}
    atatus.settings.capped_stats = True
    counted = atatus.body(LIST, **WEEK)
    assert counted["data"] == capped["data"]
    assert counted["stats"]["totalCount"] == sum(row["totalCount"] for row in capped["data"])
    assert len(atatus.sandbox.rows(PROJECT, date(2026, 3, 31))) > 2


def test_one_transaction_comes_in_each_of_three_shapes(atatus: AtatusClient) -> None:
    listed = atatus.body(LIST, **WEEK)["data"]
    path = f"{LIST}/{listed[0]['id']}"
    assert atatus.body(path, **WEEK) == {"data": listed[0]}
    atatus.settings.detail_shape = "list"
    assert atatus.body(path, **WEEK) == {"data": [listed[0]]}
    atatus.settings.detail_shape = "series"
    week = [date(2026, 3, 25) + timedelta(number) for number in range(7)]
    assert atatus.body(path, **WEEK)["data"] == [
        {"date": day.isoformat()} | row
        for day in week
        for row in atatus.sandbox.rows(PROJECT, day)
        if row["id"] == listed[0]["id"]
    ]


def test_a_transaction_without_events_has_zeros_or_no_rows(atatus: AtatusClient) -> None:
    listed = atatus.body(LIST, **WEEK)["data"]
    query = span(date(2020, 1, 1), date(2020, 1, 1))
    zeros = dict.fromkeys(listed[0], 0) | {"id": listed[0]["id"], "name": listed[0]["name"], "underOnePercent": True}
    shapes = {}
    for shape in ("object", "list", "series"):
        atatus.settings.detail_shape = shape
        shapes[shape] = atatus.body(f"{LIST}/{listed[0]['id']}", **query)["data"]
    assert shapes == {"object": zeros, "list": [], "series": []}


def test_asking_for_a_truth_that_does_not_exist_is_refused(world: Sandbox) -> None:
    for path in ("nothing", f"projects/{PROJECT}/deployments", "projects/none/transactions", f"{LIST}/none"):
        with pytest.raises(Refusal, match="could not be found"):
            world.answer(path, **WEEK)
    with pytest.raises(Refusal, match="could not be found"):
        world.rows("none", DAYS[0])
    with pytest.raises(Refusal, match="required"):
        world.answer(LIST)


def test_a_bigger_world_has_more_kinds_of_transactions() -> None:
    world = make_sandbox(size=Size(transactions=40, events_per_day=3_000), late_days=0)
    rows = world.answer(LIST, timeDur="3d")["data"]
    assert len(rows) > 30
    assert any(row["name"] == "Step 20" for row in rows)
