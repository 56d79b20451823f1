"""Columns that a user does not want are left out, but for those that something rests on; others get another name."""

import re

import pytest

from sources.atatus.endpoints import ENDPOINTS as ATATUS
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.catalogue.chosen import other_names, without_columns


def test_a_column_is_left_out_of_rows_sums_and_totals_and_is_no_unknown_field() -> None:
    chosen = without_columns(ENDPOINTS, ["channels.revenue"])["channels"]
    assert "revenue" in ENDPOINTS["channels"].additive
    assert "revenue" not in {column.name for column in chosen.table_columns} | chosen.additive.keys()
    assert "revenue" in chosen.ignored
    assert chosen.left_out == ("revenue",)
    (total,) = ATATUS["transactions"].totals
    metric = next(column.name for column in total.columns if column.additive)
    (left,) = without_columns(ATATUS, [f"transactions.{metric}"])["transactions"].totals
    assert metric not in {column.name for column in left.columns}


def test_an_object_is_ignored_only_when_nothing_of_it_is_loaded() -> None:
    nested = [one for one in ENDPOINTS["attribution_coverage"].columns if "." in one.source]
    root = nested[0].source.partition(".")[0]
    of_root = [f"attribution_coverage.{one.name}" for one in nested if one.source.startswith(f"{root}.")]
    first = without_columns(ENDPOINTS, of_root[:1])["attribution_coverage"]
    assert (nested[0].source in first.ignored, root in first.ignored) == (True, len(of_root) == 1)
    assert root in without_columns(ENDPOINTS, of_root)["attribution_coverage"].ignored


@pytest.mark.parametrize(
    ("name", "why"),
    [
        pytest.param("channels.revenu", "did you mean 'channels.revenue'", id="misspelt"),
        pytest.param("revenue", "as resource.column", id="no-resource"),
        pytest.param("channels.value", "told apart", id="key"),
        pytest.param("channels.profile_id", "told apart", id="profile"),
        pytest.param("timeseries.date", "told apart", id="day"),
        pytest.param("customers.email", "pii_columns", id="personal"),
        pytest.param("conversions_timeseries.count", "customers cannot be read without it", id="counts-others"),
    ],
)
def test_what_something_rests_on_stays(name: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        without_columns(ENDPOINTS, [name])


def test_columns_get_other_names_keys_and_swapped_ones_among_them() -> None:
    wanted = ["channels.value = channel", "channels.revenue=conversions", "channels.conversions=revenue"]
    names = {"value": "channel", "revenue": "conversions", "conversions": "revenue"}
    assert other_names(ENDPOINTS, wanted) == {"channels": names}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("channels.valu=channel", "did you mean 'channels.value'", id="misspelt"),
        pytest.param("channels.value", "is not resource.column=name", id="no-name"),
        pytest.param("channels.value=revenue", "another column of channels is", id="taken"),
        pytest.param("channels.value=My Channel", "did you mean 'my_channel'", id="no-identifier"),
        pytest.param("channels.bounce_rate=bounced", "is left out (leave_out)", id="left-out"),
        pytest.param("customers.email=address", "about people", id="personal"),
    ],
)
def test_a_name_that_makes_no_sense_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        other_names(without_columns(ENDPOINTS, ["channels.bounce_rate"]), [text])
