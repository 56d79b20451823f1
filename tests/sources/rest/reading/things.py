"""An endpoint of things, and the rows that its table makes of what a server says."""

from datetime import date
from typing import Any

from sources.atribu.columns import PROFILE_ID
from sources.rest.catalogue.columns import NOT_SET, Column, Type
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.catalogue.relations import ChildList
from sources.rest.reading.evolved_columns import NO_EVOLVED_COLUMNS, EvolvedColumns
from sources.rest.reading.tables import build

SECRET = "jane@example.com"
NAME = Column(name="name", type=Type.TEXT, description="Name.", key=True, missing=NOT_SET)
DAY = Column(name="date", type=Type.DATE, description="Day.", key=True)
COUNT = Column(name="count", type=Type.BIGINT, description="Count.")
CONTEXT = {"profile_id": "p1", "date": date(2026, 3, 1), "grain": "day"}
KNOWN = {"profile_id": "p1", "date": date(2026, 3, 1), "grain": "day", "_loaded_at": None, "_deleted": False}


def endpoint(*columns: Column, **differs: Any) -> Endpoint:
    given = {
        "name": "things",
        "path": "/things",
        "kind": Kind.AGGREGATE,
        "scope": None,
        "description": "Things.",
        "docs_url": "https://example.com",
        "tenant": PROFILE_ID,
        "columns": columns,
    }
    return Endpoint(**(given | differs))


THINGS = endpoint(NAME, COUNT)
SERIES = endpoint(DAY, COUNT, kind=Kind.SERIES)
TAGS = ChildList(name="tags", description="Tags.", columns=(Column(name="value", type=Type.TEXT, description="Tag."),))
STEPS = ChildList(
    name="steps",
    description="Steps.",
    columns=(
        Column(name="label", type=Type.TEXT, description="Label."),
        Column(name="seconds", type=Type.DOUBLE, description="Seconds."),
    ),
)


def typed(kind: Type) -> Endpoint:
    return endpoint(NAME, Column(name="value", type=kind, description="A value."))


def things(*rows: dict[str, Any], evolved: EvolvedColumns = NO_EVOLVED_COLUMNS) -> list[dict[str, Any]]:
    """Rows of the table of a small aggregate, without the columns that are the same everywhere."""
    table = build(THINGS, rows, CONTEXT, (), evolved)["things"]
    return [{name: value for name, value in row.items() if name not in KNOWN} for row in table.to_pylist()]
