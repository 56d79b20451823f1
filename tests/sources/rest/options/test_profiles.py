"""A profile has a section of its own, and what it does not set comes from the section of its source."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sources.atribu import Options
from sources.atribu.source import SOURCE
from sources.rest.calling.keys import fingerprint_of
from sources.rest.errors import ConfigurationError
from sources.rest.options.sections import chosen_profiles, profile_names
from tests.own_settings import own_settings, reload_settings

CONFIG = """
[sources.atribu]
timezone = "Europe/Madrid"
models = ["linear"]

[sources.atribu.profiles.acme]
timezone = "Asia/Tokyo"

[sources.atribu.profiles.globex]
dataset = "globex"
"""

SECRETS = """
[sources.atribu]
api_key = "atb_live_top"
next_api_key = "atb_live_top_next"

[sources.atribu.profiles.acme]
api_key = "atb_live_acme"
"""


@pytest.fixture(autouse=True)
def settings_dir(tmp_path: Path) -> Iterator[Path]:
    with own_settings(tmp_path) as folder:
        write(folder, CONFIG, SECRETS)
        yield folder


def write(folder: Path, config: str, secrets: str) -> None:
    (folder / "config.toml").write_text(config)
    (folder / "secrets.toml").write_text(secrets)
    reload_settings()


def options(profile: str) -> Options:
    found: Options = SOURCE.configured(profile)
    return found


def refusal(profile: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        options(profile)
    return str(caught.value)


def test_what_a_profile_does_not_set_its_source_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__PROFILES__GLOBEX__API_KEY", "atb_live_globex")
    monkeypatch.setenv("SOURCES__ATRIBU__GRAIN", "week")

    acme, globex, nameless = options("acme"), options("globex"), options("")

    assert (acme.timezone, globex.timezone, nameless.timezone) == ("Asia/Tokyo", "Europe/Madrid", "Europe/Madrid")
    assert (acme.dataset, globex.dataset, nameless.dataset) == (None, "globex", None)
    assert (acme.api_key, globex.api_key, nameless.api_key) == ("atb_live_acme", "atb_live_globex", "atb_live_top")
    assert acme.models == globex.models == ("linear",)
    assert acme.grain == globex.grain == "week"


def test_the_next_key_of_the_source_is_none_of_a_profile_with_a_key_of_its_own() -> None:
    assert options("acme").keys == ("atb_live_acme",)
    assert options("globex").keys == ("atb_live_top", "atb_live_top_next")
    assert SOURCE.fingerprints("acme") == (fingerprint_of("atb_live_acme"),)


def test_profiles_are_those_of_files_and_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__PROFILES__INITECH__API_KEY", "atb_live_initech")
    monkeypatch.setenv("SOURCES__ATRIBU__PROFILES__ACME__RATE_LIMIT", "10")

    assert profile_names("atribu") == ["acme", "globex", "initech"]
    assert profile_names("atatus") == []
    assert options("acme").rate_limit == 10
    assert chosen_profiles("atribu", "globex, acme,globex", everyone=False) == ["globex", "acme"]
    assert chosen_profiles("atribu", None, everyone=True) == ["acme", "globex", "initech"]
    assert chosen_profiles("atribu", None, everyone=False) == [""]


def test_no_profile_at_all_is_refused_where_all_are_meant() -> None:
    with pytest.raises(ConfigurationError, match="set SOURCES__ATATUS__PROFILES__NAME__API_KEY"):
        chosen_profiles("atatus", None, everyone=True)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        pytest.param(
            "[sources.atribu.profiles.acme]\ntimezoen = 'UTC'",
            "[sources.atribu.profiles.acme] has no option 'timezoen'; did you mean 'timezone'?",
            id="unknown option",
        ),
        pytest.param(
            "[sources.atribu.profiles.acme]\nrate_limit = 'ten'",
            "option rate_limit of [sources.atribu.profiles.acme] must be a whole number, not 'ten'",
            id="wrong type",
        ),
        pytest.param(
            "[sources.atribu.profiles]\nacme = 1", "gives a value to sources.atribu.profiles.acme", id="value"
        ),
    ],
)
def test_a_wrong_option_of_a_profile_is_named(settings_dir: Path, config: str, says: str) -> None:
    write(settings_dir, config, SECRETS)
    assert says in refusal("acme")


def test_a_profile_without_any_key_says_where_it_belongs(settings_dir: Path) -> None:
    write(settings_dir, CONFIG, "")
    assert refusal("globex") == (
        "no api_key is configured; set SOURCES__ATRIBU__PROFILES__GLOBEX__API_KEY or put api_key under"
        " [sources.atribu.profiles.globex] in .dlt/secrets.toml"
    )


@pytest.mark.parametrize("name", ["Acme", "a-b", "a__b", "_a"])
def test_a_name_is_one_that_files_and_environment_can_hold(settings_dir: Path, name: str) -> None:
    write(settings_dir, f'[sources.atribu.profiles."{name}"]\ntimezone = "UTC"', SECRETS)
    with pytest.raises(ConfigurationError, match="small letters and digits"):
        profile_names("atribu")
