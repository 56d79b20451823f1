"""Endpoints that a user declares in the configuration; column types are inferred from the values."""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from string import Formatter
from typing import Any, Final

from sources.rest.catalogue.api import DateRange
from sources.rest.catalogue.columns import Column
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.catalogue.relations import PagedBy, Pages
from sources.rest.errors import ConfigurationError, did_you_mean

FIELDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("name", "path", "data", "start_param", "end_param", "format", "end", "description"), "text"),
    **dict.fromkeys(("paging", "page_param", "page_size_param", "next_cursor"), "text"),
    **dict.fromkeys(("page_size", "first_page"), "a whole number"),
    "primary_key": "a list of text",
    "params": "a table of text",
}
"""Fields of a declaration, and what each holds."""

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_OURS: Final = re.compile(r"sync_.*|dlt_.*|restatements|ledger")
"""Names of tables that every run makes itself."""

_ENDS: Final = ("exclusive", "inclusive")

_KEYS: Final = frozenset({"apikey", "xapikey", "key", "token", "accesstoken", "authorization", "adminapikey"})
"""Names of parameters that carry a key: one in the configuration would be sent in addresses, and shown with them."""


def declared(
    row: Mapping[str, Any], *, source: str, usual: DateRange, by: Mapping[str, Column], taken: Collection[str]
) -> Endpoint:
    """Return the catalogue row of a declaration.

    Args:
        row: the declaration.
        source: name of the source.
        usual: how the vendor is asked for days.
        by: columns that multiply calls, by the name of their placeholder in a path.
        taken: names of tables that exist already.

    Raises:
        ConfigurationError: the declaration cannot work; the message names the field.
    """
    return _Declaration(row, source).endpoint(usual, by, taken)


class _Declaration:
    """One declaration; each method checks the fields that it reads."""

    def __init__(self, row: Mapping[str, Any], source: str) -> None:
        name = row.get("name")
        self._place = f"[[sources.{source}.endpoints]]" + (f" {name!r}" if isinstance(name, str) else "")
        for field in row:
            if field not in FIELDS:
                raise ConfigurationError(f"{self._place} has no field {field!r}{did_you_mean(str(field), FIELDS)}")
        for field, value in row.items():
            if not _is(FIELDS[field], value):
                raise self._wrong(field, f"must be {FIELDS[field]}")
        self._row = row

    def endpoint(self, usual: DateRange, by: Mapping[str, Column], taken: Collection[str]) -> Endpoint:
        """The catalogue row."""
        date_range = self._date_range(usual)
        path = self._path(by)
        columns = {place: by[place] for _, place, _, _ in Formatter().parse(path) if place}
        return Endpoint(
            name=self._name(taken),
            path=path.format_map({place: f"{{{column.name}}}" for place, column in columns.items()}),
            kind=Kind.AGGREGATE if date_range else Kind.SNAPSHOT,
            description=self._row.get("description", "As declared in the configuration."),
            docs_url="",
            columns=(),
            rows=self._data(),
            single=None,
            identity=tuple(self._row.get("primary_key", ())),
            variant_columns=tuple(columns.values()),
            params=self._params(),
            date_range=date_range,
            pages=self._pages(),
        )

    def _name(self, taken: Collection[str]) -> str:
        name: str = self._required("name")
        if not _NAME.fullmatch(name) or _OURS.fullmatch(name):
            raise self._wrong("name", "must be a free table name: small letters, digits and single underscores")
        if name in taken:
            raise self._wrong("name", "is taken by another table of this source")
        return name

    def _path(self, by: Mapping[str, Column]) -> str:
        path: str = self._required("path")
        if not path.startswith("/") or set("?#\\ ") & set(path) or {".", ".."} & set(path.split("/")):
            raise self._wrong("path", "must begin with a slash, below base_url, without a query; see params for that")
        if not path.isprintable() or "%" in path:
            raise self._wrong("path", "is sent encoded; write it without percent signs and control characters")
        for place in re.findall(r"\{(\w+)\}|([{}])", path):
            if place[0] not in by:
                raise self._wrong("path", f"may hold only {', '.join(f'{{{name}}}' for name in by)} in braces")
        return path

    def _params(self) -> Mapping[str, str]:
        params: Mapping[str, str] = self._row.get("params", {})
        for name in params:
            if name.replace("_", "").replace("-", "").lower() in _KEYS:
                raise self._wrong("params", f"cannot hold {name}: the key is sent as the option auth has it")
        return params

    def _data(self) -> str:
        data: str = self._row.get("data", "data")
        if data and not all(data.split(".")):
            raise self._wrong("data", "must be names with dots between, or empty where the body is the rows")
        return data

    def _pages(self) -> Pages | None:
        fields = {"page_param", "page_size_param", "page_size", "first_page", "next_cursor"} & self._row.keys()
        kind = self._row.get("paging")
        if kind is None:
            for field in sorted(fields):
                raise self._wrong(field, f"needs the field paging: {', '.join(PagedBy)}")
            return None
        if kind not in set(PagedBy):
            raise self._wrong("paging", f"must be one of {', '.join(PagedBy)}")
        by = PagedBy(kind)
        needed = {PagedBy.LINK: (), PagedBy.CURSOR: ("page_param", "next_cursor")}.get(by, ("page_param",))
        for field in needed:
            self._required(field)
        if self._row.get("page_size_param"):
            self._required("page_size")
        return Pages(
            by=by,
            param=self._row.get("page_param", ""),
            size_param=self._row.get("page_size_param", ""),
            size=self._row.get("page_size", 0),
            first=self._row.get("first_page", 1),
            cursor=self._row.get("next_cursor", ""),
        )

    def _date_range(self, usual: DateRange) -> DateRange | None:
        start, end = self._row.get("start_param"), self._row.get("end_param")
        for field, value, other in (("start_param", start, end), ("end_param", end, start)):
            if not value and (other or any(name in self._row for name in ("format", "end"))):
                raise self._wrong(field, "is missing; a window has a start and an end")
            if value and (value in self._row.get("params", {}) or start == end):
                raise self._wrong(field, "names a parameter that has another value")
        if not start or not end:
            return None
        form = self._row.get("format", usual.format)
        if datetime(2001, 2, 3).strftime(form) == datetime(2001, 2, 4).strftime(form):  # noqa: DTZ001 - any two days
            raise self._wrong("format", "does not tell days apart; give it as strftime has it, such as %Y-%m-%d")
        ends_at = self._row.get("end", _ENDS[0] if usual.end_exclusive else _ENDS[1])
        if ends_at not in _ENDS:
            raise self._wrong("end", f"must be {' or '.join(_ENDS)}")
        literal = usual.literal if form == usual.format else ""
        return DateRange(start=start, end=end, format=form, end_exclusive=ends_at == _ENDS[0], literal=literal)

    def _required(self, field: str) -> Any:
        if not self._row.get(field):
            raise self._wrong(field, "is missing")
        return self._row[field]

    def _wrong(self, field: str, what: str) -> ConfigurationError:
        return ConfigurationError(f"{self._place}: field {field} {what}")


def _is(kind: str, value: object) -> bool:
    if kind == "a whole number":
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if kind == "text":
        return isinstance(value, str)
    items = value.values() if isinstance(value, Mapping) else value
    right = isinstance(value, Mapping) if kind == "a table of text" else isinstance(value, list | tuple)
    return right and all(isinstance(item, str) and item for item in items)  # type: ignore[attr-defined] # either is a collection
