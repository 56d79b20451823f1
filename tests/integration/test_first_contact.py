"""What a server takes and how it names rows is found out by the first command, and remembered."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from sandbox.atribu.state import Sandbox
from tests.integration.conftest import Elt, Result, Serve, rows_of

pytestmark = pytest.mark.untraced

DAYS = ("--since", "2026-03-01", "--until", "2026-03-03", "--today", "2026-03-31")
NEWER = ("last_touch", "first_touch", "linear", "time_decay", "last_non_direct")
OLDER = ("split_50_50", "position_based", "custom_weighted")


def asked(sandbox: Sandbox, param: str) -> list[str]:
    return [call.query[param] for call in sandbox.log if param in call.query]


def words(result: Result) -> str:
    return " ".join(result.err.split())


def campaigns(elt: Elt, *more: str) -> Result:
    return elt("sync", "atribu", *DAYS, "--resources", "campaigns", *more)


def levels_loaded() -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows_of("campaigns"):
        found[row["level"]] = found.get(row["level"], 0) + 1
    return found


@pytest.mark.slow
def test_levels_whose_rows_cannot_be_told_apart_are_left_out_with_one_sentence(serve: Serve, elt: Elt) -> None:
    sandbox = serve(levels="documented")

    first = campaigns(elt)

    assert first.code == 0, first.err
    assert "level ad_set, ad left out: nothing in the API's answer tells its rows apart" in words(first)
    assert {*levels_loaded()} == {"campaign"}
    assert (asked(sandbox, "level").count("ad_set"), asked(sandbox, "level").count("ad")) == (1, 1)

    sandbox.log.clear()
    second = campaigns(elt)

    assert (second.code, {*asked(sandbox, "level")}) == (0, {"campaign"}), second.err
    assert "left out" not in words(second)  # it is no news
    assert "level ad_set, ad left out" in " ".join(elt("status", "atribu").out.split())

    sandbox.settings.levels = "own_ids"
    assert {*levels_loaded()} == {"campaign"}
    assert "left out" not in words(campaigns(elt, "--full"))
    assert {*levels_loaded()} == {"campaign", "ad_set", "ad"}


@pytest.mark.parametrize(
    ("levels", "says"),
    [("documented", "refused: nothing in the API's answer tells its rows apart"), ("in_campaign_id", "taken")],
)
def test_check_says_whether_rows_below_campaigns_can_be_told_apart(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch, levels: str, says: str
) -> None:
    serve(levels=levels)
    monkeypatch.setenv("SOURCES__ATRIBU__START_DATE", "2026-03-01")
    checked = elt("check", "atribu", "--resources", "campaigns")
    assert checked.code == 0, checked.err
    assert [f"level {level}: {says}" in " ".join(checked.out.split()) for level in ("ad_set", "ad")] == [True, True]


@pytest.mark.slow
@pytest.mark.parametrize("reading", ["own_ids", "in_campaign_id"])
def test_rows_below_campaigns_are_stored_under_names_that_are_true(serve: Serve, elt: Elt, reading: str) -> None:
    sandbox = serve(levels=reading)

    result = campaigns(elt)

    assert (result.code, "left out" in result.err) == (0, False), result.err
    by_id = {ad.ad_id: ad for ad in sandbox.world.as_of(date(2026, 3, 31)).ads}
    found = [row for row in rows_of("campaigns") if row["level"] == "ad"]
    assert found
    for row in found:
        ad = by_id[row["ad_id"]]
        above = (ad.campaign_id, ad.campaign_name, ad.ad_set_id) if reading == "own_ids" else ("(null)", None, None)
        assert (row["campaign_id"], row["campaign_name"], row["ad_set_id"], row["ad_name"]) == (*above, ad.ad_name)
    sets = {ad.ad_set_id: ad.ad_set_name for ad in by_id.values()}
    rows = [row for row in rows_of("campaigns") if row["level"] == "ad_set"]
    assert rows
    assert all(row["ad_set_name"] == sets[row["ad_set_id"]] for row in rows)
    answer: Any = sandbox.answer(
        "campaigns", dict(zip(("date_from", "date_to"), ("2026-03-02",) * 2, strict=True), level="ad", limit=100)
    )
    ids = {row["ad_id" if reading == "own_ids" else "campaign_id"]: row["spend"] for row in answer}
    assert ids == {row["ad_id"]: row["spend"] for row in found if row["date"] == date(2026, 3, 2)}

    spent = sandbox.units_spent
    assert elt("verify", "atribu", *DAYS, "--resources", "campaigns").code == 0
    assert sandbox.units_spent - spent == 3  # a check per level, and nothing about names


@pytest.mark.slow
@pytest.mark.parametrize(
    ("generation", "refused"),
    [pytest.param("new", OLDER, id="five"), pytest.param("old", (), id="eight", marks=pytest.mark.sweep)],
)
def test_models_that_the_server_refuses_are_named_once_as_failed_and_left_out(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch, generation: str, refused: Sequence[str]
) -> None:
    sandbox = serve(generation=generation)
    monkeypatch.setenv("SOURCES__ATRIBU__MODELS", ",".join((*NEWER, *OLDER)))
    command = ("sync", "atribu", *DAYS, "--resources", "overview,revenue")

    checked = elt("check", "atribu", "--resources", "overview,revenue")
    first = elt(*command)

    assert checked.code == 0, checked.err
    for model in OLDER:
        assert (f"model {model}: refused" in " ".join(checked.out.split())) is (model in refused)
        assert (f"refused: overview {model}" in words(first)) is (model in refused)
    assert first.code == (4 if refused else 0), first.err
    assert {row["model"] for row in rows_of("overview")} == {*NEWER, *OLDER} - {*refused}

    sandbox.log.clear()
    second = elt(*command)

    assert (second.code, "refused:" in second.err) == (0, False), second.err
    assert not {*asked(sandbox, "model")} & {*refused}
    status = " ".join(elt("status", "atribu").out.split())
    assert (f"model {', '.join(refused)} left out: the API refuses it" in status) is bool(refused)

    monkeypatch.setenv("SOURCES__ATRIBU__MODELS", "last_touch")
    assert "left out" not in words(elt(*command))
    monkeypatch.setenv("SOURCES__ATRIBU__MODELS", "last_touch,position_based")
    sandbox.settings.unknown_models = "ignored"
    again = elt(*command)
    assert again.code == 0, again.err
    assert {"last_touch", "position_based"} <= {row["model"] for row in rows_of("overview")}
