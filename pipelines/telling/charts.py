"""Charts of the report, as Vega-Lite describes them; colours are those of the page, which has light and dark ones."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from sources.rest.errors import ConfigurationError

try:
    import altair as alt
    import vl_convert
except ImportError as error:
    raise ConfigurationError(
        f'elt report needs packages that are not installed ({error.name}); pip install "elt-connectors[report]"'
    ) from None

Spec = dict[str, Any]
"""A chart in Vega-Lite."""

COLOURS: Final = tuple(f"var(--c{number})" for number in range(8))
"""Variables of the page's style."""

HEIGHT: Final = 240
_SNIPPET: Final = "window.vegaEmbed = vegaEmbed;"
"""What of the programs the page calls."""

_ROW: Final = 30
_LABELS: Final = 160

_TEXT: Final = {"labelColor": "var(--ink)", "titleColor": "var(--ink)"}
_CONFIG: Final[Mapping[str, Any]] = {
    "background": "transparent",
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        **_TEXT,
        "gridColor": "var(--grid)",
        "domainColor": "var(--grid)",
        "tickColor": "var(--grid)",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelLimit": _LABELS,
    },
    "legend": {**_TEXT, "orient": "bottom", "columns": 2, "labelFontSize": 12, "labelLimit": 160, "title": None},
}

Rows = Sequence[Mapping[str, Any]]


def bundle() -> str:
    """The programs that draw charts, as one script."""
    return str(vl_convert.javascript_bundle(_SNIPPET))


def by_week(rows: Rows, series: Mapping[str, str], title: str, *, stacked: bool) -> Spec:
    """Bars for each week.

    Args:
        rows: one per week, with the column `week`.
        series: column -> what it is called.
        title: of the axis.
        stacked: bars of a week stand upon each other, because they add up.
    """
    values = [
        {"week": str(row["week"]), "what": name, "value": _number(row.get(column))}
        for row in rows
        for column, name in series.items()
    ]
    names = list(series.values())
    encoding: dict[str, Any] = {
        "x": _week_axis(rows),
        "y": alt.Y("value:Q", title=title, axis=_amounts()),
        "color": alt.Color(
            "what:N", scale=alt.Scale(domain=names, range=list(COLOURS[: len(names)])), legend=_legend(names)
        ),
        "tooltip": [
            _told("week", "week from"),
            _told("what", "what"),
            alt.Tooltip("value:Q", title=title, format=",.2f"),
        ],
    }
    if not stacked:
        encoding["xOffset"] = alt.XOffset("what:N", sort=names)
    return _made(alt.Chart(_data(values)).mark_bar().encode(**encoding), title, HEIGHT)


def line_by_week(rows: Rows, column: str, title: str, form: str = ",.2f") -> Spec:
    """A line over the weeks; a week without a value is a gap."""
    values = [{"week": str(row["week"]), "value": _number(row.get(column))} for row in rows]
    chart = (
        alt.Chart(_data(values))
        .mark_line(point=alt.OverlayMarkDef(color=COLOURS[0], size=45), color=COLOURS[0], strokeWidth=2.5)
        .encode(
            x=_week_axis(rows),
            y=alt.Y("value:Q", title=title, axis=_amounts()),
            tooltip=[_told("week", "week from"), alt.Tooltip("value:Q", title=title, format=form)],
        )
    )
    return _made(chart, title, HEIGHT)


def bars(rows: Rows, name: str, columns: Mapping[str, str], title: str) -> Spec:
    """Bars for each name, in the order of the rows.

    Args:
        rows: one per name.
        name: column with the name.
        columns: column -> what it is called.
        title: of the axis.
    """
    values = [
        {"name": str(row[name]), "what": what, "value": _number(row[column])}
        for row in rows
        for column, what in columns.items()
    ]
    names = list(columns.values())
    encoding: dict[str, Any] = {
        "y": alt.Y("name:N", sort=list(dict.fromkeys(str(row[name]) for row in rows)), title=None),
        "x": alt.X("value:Q", title=title, axis=_amounts(tickCount=4)),
        "color": alt.Color(
            "what:N", scale=alt.Scale(domain=names, range=list(COLOURS[: len(names)])), legend=_legend(names)
        ),
        "tooltip": [_told("name", "name"), _told("what", "what"), alt.Tooltip("value:Q", title=title, format=",.2f")],
    }
    if len(names) > 1:
        encoding["yOffset"] = alt.YOffset("what:N", sort=names)
    height = 40 + _ROW * max(1, len({one["name"] for one in values}))
    return _made(alt.Chart(_data(values)).mark_bar().encode(**encoding), title, height)


def steps(rows: Rows, title: str) -> Spec:
    """A bridge: each bar begins where the one before ends, the last one at 0.

    Args:
        rows: `name`, `start` and `end` of each bar, and `kind`, which chooses its colour.
        title: of the axis.
    """
    values = [{**row, "start": _number(row["start"]), "end": _number(row["end"])} for row in rows]
    kinds = list(dict.fromkeys(str(row["kind"]) for row in rows))
    chart = (
        alt.Chart(_data(values))
        .mark_bar()
        .encode(
            y=alt.Y("name:N", sort=[row["name"] for row in rows], title=None),
            x=alt.X("start:Q", title=title, axis=_amounts(tickCount=4)),
            x2="end:Q",
            color=alt.Color(
                "kind:N", scale=alt.Scale(domain=kinds, range=list(COLOURS[: len(kinds)])), legend=_legend(kinds)
            ),
            tooltip=[
                _told("name", "part"),
                alt.Tooltip("start:Q", title="from", format=",.2f"),
                alt.Tooltip("end:Q", title="to", format=",.2f"),
            ],
        )
    )
    return _made(chart, title, 40 + _ROW * len(values))


def _made(chart: alt.Chart, title: str, height: int) -> Spec:
    made = chart.properties(width="container", height=height, description=title).to_dict()
    made["config"] = dict(_CONFIG)
    made["autosize"] = {"type": "fit", "contains": "padding"}
    return dict(made)


def _data(values: Sequence[Mapping[str, Any]]) -> alt.InlineData:
    return alt.InlineData([dict(one) for one in values])


def _week_axis(rows: Rows) -> alt.X:
    """Weeks in their order; labels that would overlap are left out."""
    weeks = [str(row["week"]) for row in rows]
    short = f"timeFormat(toDate(datum.value + 'T00:00'), '{'%d %b %y' if _years(rows) > 1 else '%d %b'}')"
    axis = alt.Axis(labelAngle=0, labelOverlap="greedy", labelExpr=short, labelSeparation=8)
    return alt.X("week:O", sort=weeks, title="week from", axis=axis)


def _years(rows: Rows) -> int:
    return len({row["week"].year for row in rows if isinstance(row["week"], date)})


def _amounts(**options: Any) -> alt.Axis:
    return alt.Axis(format="~s", **options)


def _legend(names: Sequence[str]) -> alt.Legend | None:
    return alt.Legend() if len(names) > 1 else None


def _told(field: str, title: str) -> alt.Tooltip:
    return alt.Tooltip(f"{field}:N", title=title)


def _number(given: Any) -> float | None:
    return None if given is None else round(float(given), 4)
