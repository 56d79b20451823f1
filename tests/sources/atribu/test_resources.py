"""Resources are chosen by name; one that cannot work is refused before anything is read."""

import pytest
from pendulum import Date

from sources.atribu import Options, atribu
from sources.atribu.endpoints import ENDPOINTS
from sources.atribu.source import SOURCE
from sources.rest.errors import ConfigurationError

KEY = "atb_live_4f9c2d"
TODAY = Date(2026, 1, 20)
pytestmark = pytest.mark.usefixtures("settings_dir")


def test_the_source_has_the_default_resources_of_the_catalogue() -> None:
    source = atribu(api_key=KEY, today=TODAY)
    assert list(source.resources) == [name for name, endpoint in ENDPOINTS.items() if endpoint.default]
    assert source.name == "atribu"


def test_the_source_has_the_named_resources_once() -> None:
    source = atribu(resources=["goals", "channels", "goals"], api_key=KEY, today=TODAY)
    assert list(source.resources) == ["goals", "channels"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        pytest.param(["chanels"], "there is no resource 'chanels'; did you mean 'channels'?", id="mistyped"),
        pytest.param(["Goals"], "there is no resource 'Goals'; did you mean 'goals'?", id="capital-letter"),
        pytest.param(
            ["customers"],
            "customers holds personal data; ask for it with --include-pii, or with include_pii under [sources.atribu]",
            id="personal",
        ),
        pytest.param(
            ["goals", "ads_compare"],
            "ads_compare needs the option compare_ads of [sources.atribu]",
            id="option-that-is-not-set",
        ),
    ],
)
def test_a_resource_that_cannot_work_is_refused(names: list[str], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        SOURCE.select(names, Options(api_key=KEY))
    assert str(caught.value) == message


def test_a_mistyped_name_is_never_answered_with_a_personal_resource() -> None:
    with pytest.raises(ConfigurationError) as caught:
        SOURCE.select(["visitor"], Options(api_key=KEY))
    assert "'visitors'" not in str(caught.value)


def test_a_resource_with_its_option_is_taken() -> None:
    chosen = SOURCE.select(["ads_compare"], Options(api_key=KEY, compare_ads=("1:2",)))
    assert [endpoint.name for endpoint in chosen] == ["ads_compare"]


def test_the_way_of_joining_ids_reaches_the_endpoint() -> None:
    (trend,) = SOURCE.select(["campaigns_trend"], Options(api_key=KEY, entity_ids_separator="|", entity_ids_per_call=9))
    assert trend.for_each is not None
    assert (trend.for_each.separator, trend.for_each.per_call) == ("|", 9)


def test_a_start_in_the_future_is_refused_before_anything_is_read() -> None:
    with pytest.raises(ConfigurationError, match="lies after today"):
        atribu(api_key=KEY, today=TODAY, start_date="2026-01-21")


def test_journeys_are_no_resource_of_plain_dlt() -> None:
    with pytest.raises(ConfigurationError, match="journeys needs what is loaded already; load it with elt sync"):
        atribu(resources=["journeys"], include_pii=True, api_key=KEY, today=TODAY)
