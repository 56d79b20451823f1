"""Values are the same on this side of the border, whatever a driver gives and takes."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pendulum
import pytest
from dlt.common.destination import DestinationCapabilitiesContext
from pendulum import Date

from pipelines.storing.values import from_destination, to_destination
from sources.rest.catalogue.columns import Type

MOMENT = datetime(2026, 3, 1, 14, 0, 0, 250, UTC)
DAY = Date(2026, 3, 1)


def capabilities(**given: Any) -> DestinationCapabilitiesContext:
    found = DestinationCapabilitiesContext.generic_capabilities()
    found.update(given)
    return found


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        (Type.DATE, date(2026, 3, 1), DAY),
        (Type.DATE, datetime(2026, 3, 1), DAY),  # noqa: DTZ001 - as a driver gives it
        (Type.DATE, "2026-03-01", DAY),
        (Type.DATE, "2026-03-01 00:00:00", DAY),
        (Type.TIMESTAMP, MOMENT, MOMENT),
        (Type.TIMESTAMP, MOMENT.replace(tzinfo=None), MOMENT),
        (Type.TIMESTAMP, MOMENT.astimezone(timezone(timedelta(hours=5))), MOMENT),
        (Type.TIMESTAMP, "2026-03-01 14:00:00.000250", MOMENT),
        (Type.TIMESTAMP, "2026-03-01T15:00:00.000250+01:00", MOMENT),
        (Type.DOUBLE, Decimal("1.5"), 1.5),
        (Type.DOUBLE, 2, 2.0),
        (Type.BIGINT, Decimal(7), 7),
        (Type.BIGINT, 7.0, 7),
        (Type.BOOLEAN, 1, True),
        (Type.BOOLEAN, 0, False),
        (Type.TEXT, "x", "x"),
        (Type.ANY, "1", "1"),
    ],
)
def test_what_comes_back_is_of_its_columns_type(kind: Type, given: object, expected: object) -> None:
    ((found, nothing),) = from_destination([(given, None)], [kind, kind])

    assert found == expected
    assert type(found) is type(expected)
    assert nothing is None
    if isinstance(found, datetime):
        assert found.utcoffset() == timedelta()


def test_rows_keep_their_order_and_columns_their_places() -> None:
    rows = [["b", 1, "2026-03-01"], ["a", Decimal(2), None]]

    assert from_destination(rows, [Type.TEXT, Type.DOUBLE, Type.DATE]) == [("b", 1.0, DAY), ("a", 2.0, None)]
    assert from_destination([], [Type.TEXT]) == []


def test_an_answer_with_other_columns_than_asked_for_is_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        from_destination([(1, 2)], [Type.BIGINT])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (pendulum.datetime(2026, 3, 1, 19, 0, 0, 250, tz="Asia/Karachi"), [MOMENT, MOMENT.replace(tzinfo=None)]),
        (DAY, [date(2026, 3, 1)] * 2),
        ("x", ["x"] * 2),
        (1.5, [1.5] * 2),
    ],
)
def test_drivers_get_plain_values(given: object, expected: list[object]) -> None:
    """Pendulum's types are not given away; moments are in UTC, also where a destination knows no time zones."""
    (aware,) = to_destination([given], capabilities())
    (naive,) = to_destination([given], capabilities(supports_tz_aware_datetime=False))

    assert [aware, naive] == expected
    assert [type(aware), type(naive)] == list(map(type, expected))


def test_a_destination_that_stores_text_compares_with_text() -> None:
    sqlite = capabilities(sqlglot_dialect="sqlite", supports_tz_aware_datetime=False)

    assert to_destination([MOMENT, DAY, 1], sqlite) == ["2026-03-01 14:00:00.000250", "2026-03-01", 1]
