"""Options come from one of four places in a fixed order; a wrong one is named, and the key is shown nowhere."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pendulum import Date

from sources.atribu import Options
from sources.atribu.options import LEVELS
from sources.atribu.source import SOURCE
from sources.rest.errors import ConfigurationError
from sources.rest.windows import Grain
from tests.own_settings import own_settings, reload_settings

KEY = "atb_live_4f9c2dsecret"
TODAY = Date(2026, 3, 31)
pytestmark = pytest.mark.usefixtures("settings_dir")


@pytest.fixture
def settings_dir(tmp_path: Path) -> Iterator[Path]:
    with own_settings(tmp_path) as folder:
        yield folder


def write(folder: Path, name: str, text: str) -> None:
    """Write one of dlt's files and make dlt read it."""
    (folder / name).write_text(text)
    reload_settings()


def options(**given: Any) -> Options:
    configured: Options = SOURCE.configured(**({"api_key": KEY} | given))
    return configured


def refusal(**given: Any) -> str:
    """The message with which options are refused; it never holds the key."""
    with pytest.raises(ConfigurationError) as caught:
        options(**given)
    assert "4f9c2d" not in str(caught.value)
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_without_configuration_the_documented_defaults_hold() -> None:
    assert options() == Options(
        api_key=KEY,
        base_url="https://www.atribu.app/api/v1",
        start_date=None,
        timezone="UTC",
        reporting_currency=None,
        models=("last_touch",),
        levels=LEVELS,
        grain=Grain.DAY,
        rate_limit=60,
        rate_period=60.0,
        max_in_flight=8,
        request_timeout=30.0,
        max_tries=5,
        max_retry_seconds=300.0,
        horizon_days=90,
        entity_ids_separator=",",
        entity_ids_per_call=50,
        compare_ads=(),
    )


def test_explicit_goes_before_environment_before_secrets_before_config(
    settings_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        settings_dir,
        "config.toml",
        "[sources.atribu]\nrate_limit = 1\nmax_tries = 1\nhorizon_days = 1\nmax_in_flight = 1",
    )
    write(settings_dir, "secrets.toml", "[sources.atribu]\nrate_limit = 2\nmax_tries = 2\nhorizon_days = 2")
    monkeypatch.setenv("SOURCES__ATRIBU__RATE_LIMIT", "3")
    monkeypatch.setenv("SOURCES__ATRIBU__MAX_TRIES", "3")
    chosen = options(rate_limit=4)
    assert (chosen.rate_limit, chosen.max_tries, chosen.horizon_days, chosen.max_in_flight) == (4, 3, 2, 1)


def test_a_key_in_secrets_is_found(settings_dir: Path) -> None:
    write(settings_dir, "secrets.toml", f'[sources.atribu]\napi_key = "{KEY}"')
    assert SOURCE.configured().api_key == KEY


def test_a_none_that_is_given_leaves_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__GRAIN", "week")
    assert options(grain=None).grain is Grain.WEEK


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__START_DATE", "")
    assert options().start_date is None


def test_values_of_a_file_are_read_as_toml_writes_them(settings_dir: Path) -> None:
    text = """
        [sources.atribu]
        start_date = 2026-01-05
        models = ["linear", "first_touch"]
        levels = "campaign, ad"
        grain = "month"
        rate_period = 2
        compare_ads = ["1:2"]
    """
    write(settings_dir, "config.toml", text)
    chosen = options()
    assert (chosen.start_date, chosen.models, chosen.levels, chosen.grain, chosen.rate_period, chosen.compare_ads) == (
        Date(2026, 1, 5),
        ("linear", "first_touch"),
        ("campaign", "ad"),
        Grain.MONTH,
        2.0,
        ("1:2",),
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('["linear", "first_touch"]', id="json"),
        pytest.param("linear,first_touch", id="commas"),
        pytest.param(" linear , first_touch ,", id="commas-and-spaces"),
    ],
)
def test_a_list_in_the_environment_is_written_in_either_way(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__MODELS", text)
    assert options().models == ("linear", "first_touch")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({"model": ["linear"]}, "has no option 'model'; did you mean 'models'?", id="close"),
        pytest.param({"max_retries": 3}, "has no option 'max_retries'; did you mean 'max_tries'?", id="less-close"),
        pytest.param(
            {"zzz": 1}, "has no option 'zzz'; there are api_key, base_url, compare_ads, ", id="nothing-like-it"
        ),
    ],
)
def test_an_option_that_does_not_exist_is_refused_with_a_suggestion(given: dict[str, Any], message: str) -> None:
    assert f"[sources.atribu] {message}" in refusal(**given)


def test_an_unknown_option_of_a_file_or_the_environment_is_refused_too(
    settings_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__STARTDATE", "2026-01-01")
    assert refusal() == "[sources.atribu] has no option 'startdate'; did you mean 'start_date'?"
    monkeypatch.delenv("SOURCES__ATRIBU__STARTDATE")
    write(settings_dir, "config.toml", "[sources.atribu]\nhorizon = 3")
    assert refusal() == "[sources.atribu] has no option 'horizon'; did you mean 'horizon_days'?"
    write(settings_dir, "config.toml", "")
    write(settings_dir, "secrets.toml", f'[sources.atribu]\napikey = "{KEY}"')
    assert refusal() == "[sources.atribu] has no option 'apikey'; did you mean 'api_key'?"


def test_options_of_another_source_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__ATATUS__WHATEVER", "1")
    assert options().rate_limit == 60


def test_a_missing_key_says_where_to_put_it() -> None:
    with pytest.raises(ConfigurationError) as caught:
        SOURCE.configured()
    assert str(caught.value) == (
        "no api_key is configured; set SOURCES__ATRIBU__API_KEY or put api_key under [sources.atribu]"
        " in .dlt/secrets.toml"
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({"rate_limit": "many"}, "must be a whole number, not 'many'", id="word-as-number"),
        pytest.param({"rate_limit": 6.5}, "must be a whole number, not 6.5", id="half"),
        pytest.param({"rate_limit": True}, "must be a whole number, not True", id="boolean-as-whole-number"),
        pytest.param({"rate_limit": [1]}, "must be a whole number, not [1]", id="list-as-number"),
        pytest.param({"rate_period": "long"}, "must be a number, not 'long'", id="word-as-seconds"),
        pytest.param({"rate_period": False}, "must be a number, not False", id="boolean-as-number"),
        pytest.param({"start_date": "01/02/2026"}, "must be a date as YYYY-MM-DD, not '01/02/2026'", id="other-date"),
        pytest.param({"start_date": "2026-02-30"}, "must be a date as YYYY-MM-DD, not '2026-02-30'", id="no-such-day"),
        pytest.param({"grain": "year"}, "must be day, week or month, not 'year'", id="unknown-grain"),
        pytest.param({"models": 5}, "must be a list, or names with commas between, not 5", id="number-as-list"),
        pytest.param({"levels": {"a": 1}}, "must be a list, or names with commas between, not {'a': 1}", id="table"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_by_the_options_name(given: dict[str, Any], message: str) -> None:
    (name,) = given
    assert refusal(**given) == f"option {name} of [sources.atribu] {message}"


@pytest.mark.parametrize("name", ["rate_limit", "max_in_flight", "max_tries", "entity_ids_per_call"])
@pytest.mark.parametrize("value", [0, -1])
def test_a_count_must_be_above_zero(name: str, value: int) -> None:
    assert refusal(**{name: value}) == f"option {name} must be above 0, not {value}"


@pytest.mark.parametrize("name", ["rate_period", "request_timeout", "max_retry_seconds"])
@pytest.mark.parametrize("value", ["0", "-0.5", "nan", "inf"])
def test_a_time_must_be_above_zero_and_finite(name: str, value: str) -> None:
    assert refusal(**{name: value}) == f"option {name} must be above 0, not {float(value)}"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({"horizon_days": -1}, "option horizon_days cannot be below 0", id="horizon"),
        pytest.param(
            {"models": ["last_tuch"]}, "'last_tuch' is not one of the models; did you mean 'last_touch'?", id="model"
        ),
        pytest.param({"levels": ["adset"]}, "'adset' is not one of the levels; did you mean 'ad_set'?", id="level"),
        pytest.param(
            {"levels": []}, "option levels is empty; name at least one of campaign, ad_set, ad", id="no-level"
        ),
        pytest.param(
            {"timezone": "Mars/Olympus"},
            "option timezone: there is no time zone 'Mars/Olympus'; use a name such as 'Europe/Madrid'",
            id="timezone",
        ),
        pytest.param(
            {"compare_ads": ["1"]}, "option compare_ads takes pairs as first:second, not '1'", id="one-ad-to-compare"
        ),
        pytest.param(
            {"compare_ads": ["1:"]}, "option compare_ads takes pairs as first:second, not '1:'", id="half-a-pair"
        ),
        pytest.param(
            {"compare_ads": ["1:2:3"]}, "option compare_ads takes pairs as first:second, not '1:2:3'", id="three-ads"
        ),
        pytest.param(
            {"compare_ads": ["1:2:"]}, "option compare_ads takes pairs as first:second, not '1:2:'", id="pair-and-colon"
        ),
        pytest.param(
            {"base_url": "www.atribu.app"},
            "base_url is not an http(s) address; give for example https://host/api/v1",
            id="base-url",
        ),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_the_options_name(given: dict[str, Any], message: str) -> None:
    assert refusal(**given) == message


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("4f9c2dsecret", id="no-prefix"),
        pytest.param("atb_live_", id="only-the-prefix"),
        pytest.param("atb_user_4f9c2dsecret", id="key-of-a-user"),
        pytest.param(f"Bearer {KEY}", id="with-the-word-of-the-header"),
        pytest.param(f"{KEY}\r\nX-Other: 1", id="with-a-line-break"),
        pytest.param("atb_live_4f9c2d…", id="as-a-dashboard-shortens-it"),
        pytest.param(["atb_live_4f9c2d"], id="list"),
    ],
)
def test_a_key_that_cannot_be_one_is_refused_and_not_shown(key: object) -> None:
    assert refusal(api_key=key) == "api_key is not an Atribu key; it has the form atb_live_..."


def test_the_key_is_not_in_the_representation() -> None:
    chosen = options()
    assert "4f9c2d" not in f"{chosen!r} {chosen}"


def test_without_a_start_the_first_day_is_90_days_back_today_included() -> None:
    assert options().first_day(TODAY) == Date(2026, 1, 1)


def test_the_first_day_is_the_one_that_is_configured() -> None:
    assert options(start_date="2025-06-01").first_day(TODAY) == Date(2025, 6, 1)
    assert options(start_date="2026-03-31").first_day(TODAY) == TODAY


def test_a_first_day_after_today_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"^the first day to load, 2026-04-01, lies after today, 2026-03-31$"):
        options(start_date="2026-04-01").first_day(TODAY)


def test_models_and_levels_multiply_calls() -> None:
    chosen = options(models=["linear", "last_touch"], levels=["ad"])
    assert chosen.values == {
        "model": ("linear", "last_touch"),
        "level": ("ad",),
        "goal": (),
        "score_window": ("28d",),
    }
