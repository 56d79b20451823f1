"""Rows of the catalogue that contradict themselves are refused; the others say how their table is merged."""

from typing import Any

import pytest

from sources.atribu.api import ATRIBU
from sources.atribu.columns import LEVEL, MODEL, PROFILE_ID
from sources.atribu.endpoints import ENDPOINTS, asked_with
from sources.rest.calling.address import url_of
from sources.rest.catalogue.columns import Column, Measure, PiiCategory, Type
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.catalogue.relations import ChildList, Cursor, ForEach, Totals

DAY = Column(name="date", type=Type.DATE, description="Day.", key=True)
NAME = Column(name="name", type=Type.TEXT, description="Name.", key=True)
COUNT = Column(name="count", type=Type.BIGINT, description="Count.")
EMAIL = Column(name="email", type=Type.TEXT, description="Address.", pii=PiiCategory.EMAIL)
TAGS = ChildList(name="tags", description="Tags.", columns=(Column(name="value", type=Type.TEXT, description="Tag."),))

SPEND = Column(name="spend", type=Type.DOUBLE, description="Spend.", additive=Measure.SPEND)
TOTALS = Totals(name="things_total", path="total", description="All things.", columns=(SPEND,))


def row(**differs: Any) -> Endpoint:
    given = {
        "name": "things",
        "path": "/things",
        "kind": Kind.AGGREGATE,
        "scope": None,
        "description": "Things.",
        "docs_url": "https://example.com",
        "tenant": PROFILE_ID,
        "columns": (NAME, COUNT),
    }
    return Endpoint(**(given | differs))


@pytest.mark.parametrize(
    ("differs", "message"),
    [
        pytest.param({"columns": (NAME, NAME)}, "two columns share a name", id="twin-columns"),
        pytest.param(
            {"columns": (Column(name="grain", type=Type.TEXT, description="Mine."), NAME)},
            "two columns share a name",
            id="a-column-named-like-one-of-the-question",
        ),
        pytest.param({"kind": Kind.SERIES}, "a series needs a key column `date`", id="series-without-a-day"),
        pytest.param(
            {"kind": Kind.SERIES, "columns": (Column(name="date", type=Type.DATE, description="Day."), COUNT)},
            "a series needs a key column `date`",
            id="series-whose-day-is-no-key",
        ),
        pytest.param({"columns": (DAY, COUNT)}, "two columns share a name", id="aggregate-with-a-day-of-its-own"),
        pytest.param(
            {"kind": Kind.ENTITY, "columns": (COUNT,)}, "entities have rows with a key", id="entity-without-key"
        ),
        pytest.param({"kind": Kind.DETAIL}, "details are paged by a cursor", id="detail-without-cursor"),
        pytest.param(
            {"cursor": Cursor(params=("cursor",))},
            "only entities and details are paged by a cursor",
            id="aggregate-with-cursor",
        ),
        pytest.param({"cap": 100}, "a cap goes with a limit", id="cap-without-limit"),
        pytest.param({"cap": 100, "params": {"limit": "50"}}, "a cap goes with a limit", id="cap-beside-the-limit"),
        pytest.param({"units": 0}, "a call costs at least one unit", id="free-of-charge"),
        pytest.param({"columns": (NAME, EMAIL)}, "personal data is never a default", id="personal-default"),
        pytest.param(
            {"columns": (COUNT,), "lists": (TAGS,)}, "a child list needs a parent key", id="list-without-parent-key"
        ),
        pytest.param({"totals": (TOTALS,)}, "totals are of the metrics of the rows", id="totals-of-something-else"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(differs: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^things: {message}"):
        row(**differs)


@pytest.mark.parametrize(
    ("differs", "message"),
    [
        pytest.param({"missing": "(none)"}, "only a text key can have a literal", id="literal-without-key"),
        pytest.param(
            {"missing": "0", "key": True, "type": Type.BIGINT}, "only a text key can have a literal", id="number-key"
        ),
        pytest.param({"additive": Measure.SPEND}, "only numbers add up", id="text-does-not-add-up"),
        pytest.param(
            {"additive": Measure.OUTCOMES, "type": Type.DATE}, "only numbers add up", id="dates-do-not-add-up"
        ),
    ],
)
def test_a_column_that_contradicts_itself_is_refused(differs: dict[str, Any], message: str) -> None:
    given = {"name": "thing", "type": Type.TEXT, "description": "A thing."}
    with pytest.raises(ValueError, match=f"^thing: {message}"):
        Column(**(given | differs))


@pytest.mark.parametrize(
    "sources",
    [pytest.param({}, id="neither"), pytest.param({"option": "ids", "endpoint": "things"}, id="both")],
)
def test_ids_come_from_one_place(sources: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="ids come either from an option or from an endpoint"):
        ForEach(params=("id",), **sources)  # type: ignore[arg-type] # only these two differ


@pytest.mark.parametrize(
    ("differs", "expected"),
    [
        pytest.param({}, ("profile_id", "date", "grain"), id="aggregate"),
        pytest.param(
            {"variant_columns": (MODEL, LEVEL)},
            ("profile_id", "date", "grain", "model", "level"),
            id="aggregate-by-model-level",
        ),
        pytest.param({"kind": Kind.SERIES, "columns": (DAY, COUNT)}, ("profile_id", "date"), id="series"),
        pytest.param(
            {"kind": Kind.SERIES, "columns": (DAY, COUNT), "variant_columns": (MODEL,)},
            ("profile_id", "model", "date"),
            id="series-by-model",
        ),
        pytest.param({"kind": Kind.SNAPSHOT}, ("profile_id",), id="snapshot"),
        pytest.param({"kind": Kind.LIVE}, ("profile_id", "read_at"), id="live"),
    ],
)
def test_what_one_call_answered_for_is_replaced_together(differs: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert row(**differs).merge_key == expected


def test_a_table_has_the_columns_of_the_question_then_of_the_answer_then_our_own() -> None:
    one = row(variant_columns=(MODEL,), lists=(TAGS,))
    assert {table: [column.name for column in columns] for table, columns in one.tables.items()} == {
        "things": ["profile_id", "date", "grain", "model", "name", "count", "_loaded_at", "_deleted"],
        "things__tags": ["profile_id", "date", "grain", "model", "name", "position", "value", "_loaded_at", "_deleted"],
    }


def test_totals_are_a_table_of_the_question_and_their_own_columns() -> None:
    one = row(columns=(NAME, SPEND), totals=(TOTALS,))
    assert [column.name for column in one.tables["things_total"]] == [
        "profile_id",
        "date",
        "grain",
        "spend",
        "_loaded_at",
        "_deleted",
    ]
    assert (one.describe("things_total"), one.reconciled_tables) == ("All things.", ("things", "things_total"))


def test_parameters_that_the_path_names_go_there() -> None:
    one = row(path="/{model}/things/{id}", variant_columns=(MODEL, LEVEL))
    assert one.path_params == {"model", "id"}
    params = {"model": "linear", "level": "ad", "id": "7"}
    assert url_of("https://host", one, params, ATRIBU.date_range) == "https://host/linear/things/7?level=ad"


def test_parameters_that_multiply_calls_are_combined_in_order() -> None:
    values = {"model": ("last_touch", "linear"), "level": ("campaign", "ad"), "goal": ("lead",)}
    assert row(variant_columns=(MODEL, LEVEL)).variants(values) == [
        (("model", "last_touch"), ("level", "campaign")),
        (("model", "last_touch"), ("level", "ad")),
        (("model", "linear"), ("level", "campaign")),
        (("model", "linear"), ("level", "ad")),
    ]
    assert row().variants(values) == [()]


def test_a_row_with_personal_columns_says_so() -> None:
    assert row(columns=(NAME, EMAIL), default=False).pii
    assert not row().pii


def test_personal_resources_of_atribu_are_off_unless_asked_for() -> None:
    personal = {name for name, endpoint in ENDPOINTS.items() if endpoint.pii}
    assert personal == {"customers", "visitors", "journeys"}
    assert [name for name in personal if ENDPOINTS[name].default] == []


def test_heavy_calls_of_atribu_cost_three_units() -> None:
    assert {name: row.units for name, row in ENDPOINTS.items() if row.units != 1} == {
        "customers": 3,
        "visitors": 3,
        "journeys": 3,
    }


def test_another_way_of_joining_ids_changes_only_the_endpoints_that_join_them() -> None:
    changed = asked_with(separator="|", per_call=7, days_back=365)
    differing = [name for name in ENDPOINTS if changed[name] != ENDPOINTS[name]]
    assert differing == ["campaigns_trend", "ad_sets_trend", "ads_trend", "ads_trajectory"]
    assert changed["ads_trajectory"].params == {"days_back": "365"}
    for_each = changed["campaigns_trend"].for_each
    assert for_each is not None
    assert (for_each.separator, for_each.per_call) == ("|", 7)
