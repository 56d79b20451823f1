"""Endpoints that a user declares in the configuration: how they are asked, and what they are."""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from string import Formatter
from typing import Any, Final

from sources.rest.catalogue.api import HOURS_A_DAY, DateRange
from sources.rest.catalogue.columns import HOUR, Column
from sources.rest.catalogue.declared_fields import DESCRIPTION, DeclaredFields
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.catalogue.relations import PagedBy, Pages
from sources.rest.errors import ConfigurationError, did_you_mean
from sources.rest.windows import Grain

FIELDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("name", "path", "data", "start_param", "end_param", "format", "end", "description"), "text"),
    **dict.fromkeys(("paging", "page_param", "page_size_param", "next_cursor", "kind", "date_field"), "text"),
    **dict.fromkeys(("page_size", "first_page", "window_hours"), "a whole number"),
    **dict.fromkeys(("primary_key", "sums", "lists"), "a list of text"),
    **dict.fromkeys(("params", "types"), "a table of text"),
}
"""Fields of a declaration, and what each holds."""

_WINDOW_COLUMNS: Final = {Kind.AGGREGATE: ("date", "grain"), Kind.ENTITY: ("figures_from", "figures_to")}
"""Columns of a kind that say for which window a row stands."""

_KINDS: Final = (Kind.AGGREGATE, Kind.SERIES, Kind.ENTITY, Kind.SNAPSHOT)

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_OURS: Final = re.compile(r"sync_.*|dlt_.*|restatements|ledger")
"""Names of tables that every run makes itself."""

_PAGING: Final[Mapping[str, tuple[PagedBy, ...]]] = {
    "page_param": (PagedBy.PAGE, PagedBy.OFFSET, PagedBy.CURSOR),
    "page_size_param": tuple(PagedBy),
    "page_size": tuple(PagedBy),
    "first_page": (PagedBy.PAGE,),
    "next_cursor": (PagedBy.CURSOR,),
}
"""Fields of paging, and the ways that each goes with."""

_ENDS: Final = ("exclusive", "inclusive")

_KEYS: Final = frozenset({"apikey", "xapikey", "key", "token", "accesstoken", "authorization", "adminapikey"})
"""Names of parameters that carry a key: one in the configuration would be sent in addresses, and shown with them."""


def declared(
    row: Mapping[str, Any],
    *,
    source: str,
    usual: DateRange,
    by: Mapping[str, Column],
    taken: Collection[str],
    own: Iterable[Column] = (),
    grain: Grain = Grain.DAY,
) -> Endpoint:
    """Return the catalogue row of a declaration.

    Args:
        row: the declaration.
        source: name of the source.
        usual: how the vendor is asked for days.
        by: columns that multiply calls, by the name of their placeholder in a path.
        taken: names of tables that exist already.
        own: further columns that every row of the source gets.
        grain: length of the windows of aggregate rows.

    Raises:
        ConfigurationError: the declaration cannot work; the message names the field.
    """
    return _Declaration(row, source).endpoint(usual, by, taken, {column.name for column in own}, grain)


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

    def endpoint(
        self, usual: DateRange, by: Mapping[str, Column], taken: Collection[str], own: Collection[str], grain: Grain
    ) -> Endpoint:
        """The catalogue row."""
        date_range = self._date_range(usual)
        path = self._path(by)
        columns = {place: by[place] for _, place, _, _ in Formatter().parse(path) if place}
        kind = self._kind(dated=date_range is not None)
        undated_entity = kind is Kind.ENTITY and not date_range
        if date_range and date_range.hours and (kind is not Kind.AGGREGATE or grain is not Grain.DAY):
            raise self._wrong("window_hours", "goes with aggregates of days: not with another kind, nor another grain")
        fields = DeclaredFields(self._row, self._wrong, kind, hours=bool(date_range and date_range.hours))
        window = _WINDOW_COLUMNS.get(kind, ()) if date_range else ()
        fields.check_names({*own, *window, *(column.name for column in columns.values())})
        return Endpoint(
            name=self._name(taken),
            path=path.format_map({place: f"{{{column.name}}}" for place, column in columns.items()}),
            kind=Kind.SNAPSHOT if undated_entity else kind,
            description=self._row.get("description", DESCRIPTION),
            docs_url="",
            columns=fields.columns,
            rows=self._data(),
            single=None,
            identity=fields.identity,
            open_fields=True,
            lists=fields.lists,
            history=undated_entity,
            sum_by=tuple(one.name for one in fields.columns if one.key and one is not HOUR),
            variant_columns=tuple(columns.values()),
            params=self._params(),
            date_range=date_range,
            pages=self._pages(date_range),
        )

    def _kind(self, *, dated: bool) -> Kind:
        """What the rows are; without a word, days, aggregates of the windows asked for, or the present state."""
        usual = Kind.SERIES if "date_field" in self._row else Kind.AGGREGATE
        kind = self._row.get("kind", usual if dated else Kind.SNAPSHOT)
        if kind not in _KINDS:
            known = dict.fromkeys(map(str, _KINDS))
            raise self._wrong("kind", f"must be one of {', '.join(known)}{did_you_mean(kind, known)}")
        if kind == Kind.AGGREGATE and not dated:
            raise self._wrong("kind", "is aggregate, which stands for a window: it needs start_param and end_param")
        if kind == Kind.SERIES:
            self._required("date_field")
        elif "date_field" in self._row:
            raise self._wrong("date_field", "goes with a series, whose rows say of which day they are")
        if kind == Kind.SERIES and not dated:
            raise self._wrong("start_param", "is missing; a series is asked for a range of days")
        if kind == Kind.SNAPSHOT and dated:
            raise self._wrong("kind", "is snapshot, which has no windows: leave out start_param and end_param")
        if kind == Kind.ENTITY and not dated and self._row.get("lists"):
            raise self._wrong("lists", "of an entity need a window: give start_param and end_param")
        return Kind(kind)

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
            self._check_param("params", name)
        return params

    def _check_param(self, field: str, name: str) -> None:
        if name.replace("_", "").replace("-", "").lower() in _KEYS:
            raise self._wrong(field, f"cannot hold {name}: the key is sent as the option auth has it")

    def _data(self) -> str:
        data: str = self._row.get("data", "data")
        if data and not all(data.split(".")):
            raise self._wrong("data", "must be names with dots between, or empty where the body is the rows")
        return data

    def _pages(self, dates: DateRange | None) -> Pages | None:
        kind = self._row.get("paging")
        if kind is not None and kind not in set(PagedBy):
            raise self._wrong("paging", f"must be one of {', '.join(PagedBy)}")
        for field, ways in _PAGING.items():
            if field in self._row and kind not in ways:
                raise self._wrong(field, f"needs the field paging: {' or '.join(ways)}")
        if kind is None:
            return None
        by = PagedBy(kind)
        needed = {PagedBy.LINK: (), PagedBy.CURSOR: ("page_param", "next_cursor")}.get(by, ("page_param",))
        for field in needed:
            self._required(field)
        if self._row.get("page_size_param"):
            self._required("page_size")
        named = {*self._row.get("params", {}), *((dates.start, dates.end) if dates else ())}
        for field in ("page_param", "page_size_param"):
            name = self._row.get(field, "")
            self._check_param(field, name)
            if name in named:
                raise self._wrong(field, "names a parameter that has another value")
            named |= {name} if name else set()
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
            if not value and (other or any(name in self._row for name in ("format", "end", "window_hours"))):
                raise self._wrong(field, "is missing; a window has a start and an end")
            if value and (value in self._row.get("params", {}) or start == end):
                raise self._wrong(field, "names a parameter that has another value")
            self._check_param(field, value or "")
        if not start or not end:
            return None
        form = self._row.get("format", usual.format)
        day = datetime(2001, 2, 3)  # noqa: DTZ001 - any day
        if day.strftime(form) == day.replace(day=4).strftime(form):
            raise self._wrong("format", "does not tell days apart; give it as strftime has it, such as %Y-%m-%d")
        hours = self._row.get("window_hours", HOURS_A_DAY)
        if not hours or HOURS_A_DAY % hours:
            raise self._wrong("window_hours", "must divide a day into equal parts: 1, 2, 3, 4, 6, 8, 12 or 24")
        if hours < HOURS_A_DAY and day.strftime(form) == day.replace(hour=hours).strftime(form):
            raise self._wrong("window_hours", f"is {hours}, but the format {form} does not tell hours apart")
        ends_at = self._row.get("end", _ENDS[0] if usual.end_exclusive else _ENDS[1])
        if ends_at not in _ENDS:
            raise self._wrong("end", f"must be {' or '.join(_ENDS)}")
        return DateRange(
            start=start,
            end=end,
            format=form,
            end_exclusive=ends_at == _ENDS[0],
            literal=usual.literal if form == usual.format else "",
            hours=hours % HOURS_A_DAY,
        )

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
