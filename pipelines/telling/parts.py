"""Parts of the report: what each answer of a question says, in sentences, charts and tables."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from pipelines.commands.report import Report
from pipelines.sql.questions import FEW
from pipelines.telling import charts
from pipelines.telling.charts import Rows, Spec
from pipelines.telling.console import moment, named

MOST: Final = 10
"""Bars of a chart, and lines of most tables; of more, the first ones are shown."""

_SERIES_MAX: Final = 7

FIGURES: Final = {
    "spend": "Ad spend",
    "ad_revenue": "Revenue from ads",
    "organic_revenue": "Revenue from organic or direct traffic",
    "cash_revenue": "Cash received",
}
"""What the figures of a week are called."""

RESTATED: Final = {**FIGURES, "attributed_revenue": "Revenue from ads, organic and direct traffic"}
"""What the figures are called that may have changed."""


@dataclass(frozen=True)
class Heading:
    """Heading of a column; `number` stands to the right."""

    name: str
    number: bool = False


@dataclass(frozen=True)
class Chart:
    """A chart and what it shows."""

    title: str
    spec: Spec = field(repr=False)


@dataclass(frozen=True)
class Table:
    """A table of texts."""

    title: str
    headings: Sequence[Heading]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Part:
    """A part of the report."""

    title: str
    text: str
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()


def parts_of(report: Report) -> Iterator[Part]:
    """Say what was answered, question by question, and how fresh it is."""
    for name, rows in report.answers.items():
        if rows:
            yield _PARTS[name](report, rows)
    yield _freshness(report)


def tiles_of(report: Report) -> list[tuple[str, str]]:
    """The few figures that stand on top."""
    weeks = report.answers.get("weeks", ())
    if not weeks:
        return []
    totals = [(text, _total(weeks, name)) for name, text in FIGURES.items()]
    return [
        *((_in(text, currency_of(report)), _money(value)) for text, value in totals),
        ("ROAS (revenue from ads / ad spend)", _ratio(totals[1][1], totals[0][1])),
    ]


def currency_of(report: Report) -> str:
    """Currency of the amounts; empty where the configuration names none."""
    return next((row["currency"] for row in report.answers.get("weeks", ()) if row["currency"]), "")


def _weeks(report: Report, rows: Rows) -> Part:
    priced = [{**row, "roas": _quotient(row["ad_revenue"], row["spend"])} for row in rows]
    shown = {name: FIGURES[name] for name in ("spend", "ad_revenue")}
    table = Table(
        "Each week",
        [Heading("Week from"), Heading("Days", number=True), *_amounts(report, FIGURES.values()), _count("ROAS")],
        [
            [str(row["week"]), str(row["days"]), *(_money(row[name]) for name in FIGURES), _plain(row["roas"])]
            for row in priced
        ],
    )
    return Part(
        "Spend and return by week",
        "ROAS is what ads earned for each unit of money that they cost. Weeks begin on Monday; one of fewer than seven"
        f" days is not over, or not loaded whole. Figures of the last {report.moving} days may still change.",
        [
            Chart(
                _in("Ad spend, and revenue from ads", currency_of(report)),
                charts.by_week(priced, shown, _unit(report), stacked=False),
            ),
            Chart("ROAS", charts.line_by_week(priced, "roas", "ROAS")),
        ],
        [table],
    )


def _bridge(report: Report, rows: Rows) -> Part:
    (row,) = rows
    sources = {
        "ad_revenue": "Traced to an ad",
        "inherited_revenue": "Ad of an earlier conversion",
        "unknown_ad_revenue": "Ad that is not known",
    }
    others = {
        "organic_revenue": "Organic or direct",
        "unattributed_revenue": "Traced to nothing",
        "unexplained_revenue": "Not explained by the API",
    }
    left, steps = row["cash_revenue"], [_step(FIGURES["cash_revenue"], 0, row["cash_revenue"], "cash")]
    for name, text in others.items():
        if row[name]:
            steps.append(_step(text, left, left - row[name], "without ads"))
            left -= row[name]
    for name, text in sources.items():
        if row[name]:
            steps.append(_step(text, left, left - row[name], "from ads"))
            left -= row[name]
    cells = [
        [text, _money(row[name]), _share(row[name], row["cash_revenue"])]
        for name, text in {**sources, **others}.items()
    ]
    total = [FIGURES["cash_revenue"], _money(row["cash_revenue"]), _share(row["cash_revenue"], row["cash_revenue"])]
    table = Table(
        "Parts of the cash", [Heading("Part"), *_amounts(report, ["Amount"]), _count("Share")], [total, *cells]
    )
    return Part(
        "From cash to revenue from ads",
        "All cash of these days, taken apart: what ads did not bring first, what is left is what ads earned.",
        [Chart(_in("Parts of the cash", currency_of(report)), charts.steps(steps, _unit(report)))],
        [table],
    )


def _channel_mix(report: Report, rows: Rows) -> Part:
    shown = {"revenue": "Revenue"}
    headings = [Heading("Channel"), *_amounts(report, ["Revenue"]), _count("Share"), _count("Conversions")]
    total = _total(rows, "revenue")
    cells = [
        [row["channel"], _money(row["revenue"]), _share(row["revenue"], total), _plain(row["converted"])]
        for row in rows
    ]
    return Part(
        "Channels",
        "Revenue and conversions, each credited to the channel that brought it, with an ad or without.",
        [
            Chart(
                _in("Revenue by channel", currency_of(report)),
                charts.bars(rows[:MOST], "channel", shown, _unit(report)),
            )
        ],
        [Table("All channels", headings, cells)],
    )


def _campaign_list(report: Report, rows: Rows) -> Part:
    best = rows[:MOST]
    shown = {"spend": FIGURES["spend"], "revenue": "Revenue"}
    headings = [Heading("Campaign"), *_amounts(report, shown.values()), _count("ROAS"), _count("Conversions")]
    cells = [
        [
            row["campaign"],
            _money(row["spend"]),
            _money(row["revenue"]),
            _ratio(row["revenue"], row["spend"]),
            _plain(row["converted"]),
        ]
        for row in rows
    ]
    falling = sorted(
        (row for row in rows if row["later"] < row["earlier"]), key=lambda row: row["later"] - row["earlier"]
    )
    middle, days = report.middle, report.days
    halves = [f"{days.start} to {middle.subtract(days=1)}", f"{middle} to {days.end}"]
    changes = [
        [row["campaign"], _money(row["earlier"]), _money(row["later"]), _money(row["later"] - row["earlier"])]
        for row in falling[:MOST]
    ]
    lost = Table("Falling campaigns", [Heading("Campaign"), *_amounts(report, [*halves, "Change"])], changes)
    text = "no campaign earned less in the second half of these days than in the first"
    if falling:
        text = (
            f"{len(falling)} of {len(rows)} campaigns earned less in the second half of these days than in the first;"
            f" most was lost by {falling[0]['campaign']}"
        )
    return Part(
        "Campaigns",
        f"What each campaign cost and earned; {text}.",
        [
            Chart(
                _in(f"The {len(best)} campaigns that earned most", currency_of(report)),
                charts.bars(best, "campaign", shown, _unit(report)),
            )
        ],
        [Table("All campaigns", headings, cells), *([lost] if falling else [])],
    )


def _conversion_types(_: Report, rows: Rows) -> Part:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["event_type"]] = counts.get(row["event_type"], 0) + int(row["converted"])
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    shown = {name: name.replace("_", " ") for name in ranked[:_SERIES_MAX]}
    weeks: dict[Any, dict[str, Any]] = {}
    for row in rows:
        weeks.setdefault(row["week"], {"week": row["week"]})[row["event_type"]] = row["converted"]
    cells = [[str(week), *(_plain(found.get(name, 0)) for name in ranked)] for week, found in weeks.items()]
    headings = [Heading("Week from"), *(_count(name.replace("_", " ")) for name in ranked)]
    more = f"; {len(ranked) - len(shown)} more types stand in the table" if len(ranked) > len(shown) else ""
    return Part(
        "Conversions by type",
        f"All conversions, whether an ad brought them or not{more}. One person may stand behind several.",
        [Chart("Conversions by week and type", charts.by_week([*weeks.values()], shown, "count", stacked=True))],
        [Table("Each week", headings, cells)],
    )


def _paths(report: Report, rows: Rows) -> Part:
    goals: dict[str, int] = {}
    for row in rows:
        goals[row["goal"]] = goals.get(row["goal"], 0) + int(row["converted"])
    goal = max(goals, key=lambda name: (goals[name], name))
    best = [row for row in rows if row["goal"] == goal][:MOST]
    headings = [Heading("Goal"), Heading("Path"), _count("Conversions"), *_amounts(report, ["Cash"])[:1]]
    cells = [
        [row["goal"].replace("_", " "), row["path"], _plain(row["converted"]), _money(row["revenue"])]
        for row in rows[: 5 * MOST]
    ]
    months = report.days.start.start_of("month")
    return Part(
        "Paths to a conversion",
        f"Channels in the order in which they were touched, from {months} on. A path that fewer than {FEW} conversions"
        " took is not shown, so that nobody can be made out.",
        [
            Chart(
                f"Most frequent paths to {goal.replace('_', ' ')}",
                charts.bars(best, "path", {"converted": "Conversions"}, "count"),
            )
        ],
        [Table("Paths", headings, cells)],
    )


def _restated(report: Report, rows: Rows) -> Part:
    since = "these days were first loaded"
    if report.seen:
        since = (
            f"the last report of {moment(report.seen)} UTC; days that were first loaded later count as they were then"
        )
    named_rows = [{**row, "figure": RESTATED[row["figure"]], "change": row["now"] - row["before"]} for row in rows]
    cells = [
        [row["figure"], _money(row["before"]), _money(row["now"]), _money(row["change"]), str(row["days"])]
        for row in named_rows
    ]
    headings = [Heading("Figure"), *_amounts(report, ["Before", "Now", "Change"]), _count("Days changed")]
    table = Table("Before and now", headings, cells)
    if not any(row["days"] for row in rows):
        return Part("What has changed since", f"None of these figures has changed since {since}.", (), [table])
    chart = charts.bars(named_rows, "figure", {"change": "Change"}, _unit(report))
    return Part(
        "What has changed since",
        f"Attribution changes days that are over. By so much have the figures of these days changed since {since}.",
        [Chart(_in("Change", currency_of(report)), chart)],
        [table],
    )


def _service_weeks(_: Report, rows: Rows) -> Part:
    told = [
        {
            **row,
            "good": row["runs"] - row["failures"],
            "percent": _quotient(100 * (row["runs"] - row["failures"]), row["runs"]),
        }
        for row in rows
    ]
    cells = [
        [str(row["week"]), str(row["days"]), _plain(row["runs"]), _plain(row["failures"]), _plain(row["percent"])]
        for row in told
    ]
    headings = [Heading("Week from"), *map(_count, ("Days", "Runs", "Failures", "Succeeded (%)"))]
    return Part(
        "Runs by week",
        "How often transactions ran, and how many of them failed. Weeks begin on Monday.",
        [
            Chart("Runs", charts.by_week(told, {"good": "succeeded", "failures": "failed"}, "runs", stacked=True)),
            Chart("Runs that succeeded, in percent", charts.line_by_week(told, "percent", "percent")),
        ],
        [Table("Each week", headings, cells)],
    )


def _transaction_list(_: Report, rows: Rows) -> Part:
    cells = [
        [
            row["project_id"],
            row["transaction"],
            _plain(row["runs"]),
            _plain(row["failures"]),
            _share(row["runs"] - row["failures"], row["runs"]),
        ]
        for row in rows
    ]
    headings = [Heading("Project"), Heading("Transaction"), *map(_count, ("Runs", "Failures", "Succeeded"))]
    return Part(
        "Transactions",
        f"Those that failed most come first; the chart shows {min(MOST, len(rows))} of {len(rows)}.",
        [Chart("Failures", charts.bars(rows[:MOST], "transaction", {"failures": "Failures"}, "failures"))],
        [Table("All transactions", headings, cells)],
    )


def _freshness(report: Report) -> Part:
    headings = [
        Heading("Table"),
        Heading("Complete to"),
        Heading("Read (UTC)"),
        Heading("Missing days"),
        Heading("Cut off"),
        Heading("Failed", number=True),
    ]
    lines = named(report.status.resources)
    cells = [
        [
            name,
            str(one.complete_to or "-"),
            moment(one.read_at),
            ", ".join(one.open) or "none",
            f"{one.truncated_windows} windows" if one.truncated_windows else "no",
            str(one.failed),
        ]
        for name, one in lines
    ]
    incomplete = sum(bool(one.open_days or one.failed or one.truncated_windows) for _, one in lines)
    text = "Nothing is missing between the days that are loaded, and nothing failed."
    if incomplete:
        text = (
            f"{incomplete} of {len(lines)} tables are not whole: days are missing, were cut off by the API, or failed."
        )
    return Part("How fresh this is", text, (), [Table("Tables", headings, cells)])


_PARTS: Final[Mapping[str, Callable[[Report, Rows], Part]]] = {
    "weeks": _weeks,
    "bridge": _bridge,
    "channel_mix": _channel_mix,
    "campaign_list": _campaign_list,
    "conversion_types": _conversion_types,
    "paths": _paths,
    "restated": _restated,
    "service_weeks": _service_weeks,
    "transaction_list": _transaction_list,
}
"""By name of the question."""


def _step(name: str, start: Any, end: Any, kind: str) -> dict[str, Any]:
    return {"name": name, "start": start, "end": end, "kind": kind}


def _total(rows: Rows, column: str) -> Decimal:
    return sum((Decimal(str(row[column])) for row in rows if row[column] is not None), Decimal())


def _quotient(above: Any, below: Any) -> float | None:
    return float(above) / float(below) if above is not None and below else None


def _ratio(above: Any, below: Any) -> str:
    return _plain(_quotient(above, below))


def _share(part: Any, whole: Any) -> str:
    found = _quotient(part, whole)
    return "-" if found is None else f"{found:.1%}"


def _money(given: Any) -> str:
    return "-" if given is None else f"{given:,.2f}"


def _plain(given: Any) -> str:
    return "-" if given is None else f"{round(float(given), 2):,.10g}"


def _in(text: str, currency: str) -> str:
    return f"{text} ({currency})" if currency else text


def _unit(report: Report) -> str:
    return currency_of(report) or "amount"


def _amounts(report: Report, names: Any) -> list[Heading]:
    return [Heading(_in(name, currency_of(report)), number=True) for name in names]


def _count(name: str) -> Heading:
    return Heading(name, number=True)
