"""Parts of the report: what each answer of a question says, in sentences, charts and tables."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pipelines.commands.report import Report
from pipelines.sql.questions import FEW
from pipelines.telling import charts
from pipelines.telling.amounts import money, plain, quotient, ratio, share, sum_of
from pipelines.telling.charts import Rows
from pipelines.telling.console import moment, named
from pipelines.telling.part import MOST, Chart, Heading, Part, Table, count
from pipelines.telling.service_parts import service_weeks, transaction_list

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
    totals = [(text, sum_of(weeks, name)) for name, text in FIGURES.items()]
    return [
        *((_in(text, currency_of(report)), money(value)) for text, value in totals),
        ("ROAS (revenue from ads / ad spend)", ratio(totals[1][1], totals[0][1])),
    ]


def currency_of(report: Report) -> str:
    """Currency of the amounts; empty where the configuration names none."""
    return next((row["currency"] for row in report.answers.get("weeks", ()) if row["currency"]), "")


def _weeks(report: Report, rows: Rows) -> Part:
    priced = [{**row, "roas": quotient(row["ad_revenue"], row["spend"])} for row in rows]
    shown = {name: FIGURES[name] for name in ("spend", "ad_revenue")}
    table = Table(
        "Each week",
        [Heading("Week from"), Heading("Days", number=True), *_amounts(report, FIGURES.values()), count("ROAS")],
        [
            [str(row["week"]), str(row["days"]), *(money(row[name]) for name in FIGURES), plain(row["roas"])]
            for row in priced
        ],
    )
    drawn = [
        Chart(
            _in("Ad spend, and revenue from ads", currency_of(report)),
            charts.by_week(priced, shown, _unit(report), stacked=False),
        ),
        Chart("ROAS", charts.line_by_week(priced, "roas", "ROAS")),
    ]
    without_ads = not any(row[name] for row in rows for name in shown)
    first = "In these days ads cost nothing and earned nothing."
    if not without_ads:
        first = "ROAS is what ads earned for each unit of money that they cost."
    return Part(
        "Spend and return by week",
        f"{first} Weeks begin on Monday; one of fewer than seven days is not over, or not loaded whole. Figures of the"
        f" last {report.moving} days may still change.",
        [] if without_ads else drawn,
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
        [text, money(row[name]), share(row[name], row["cash_revenue"])] for name, text in {**sources, **others}.items()
    ]
    total = [FIGURES["cash_revenue"], money(row["cash_revenue"]), share(row["cash_revenue"], row["cash_revenue"])]
    table = Table(
        "Parts of the cash", [Heading("Part"), *_amounts(report, ["Amount"]), count("Share")], [total, *cells]
    )
    return Part(
        "From cash to revenue from ads",
        "All cash of these days, taken apart: what ads did not bring first, what is left is what ads earned.",
        [Chart(_in("Parts of the cash", currency_of(report)), charts.steps(steps, _unit(report)))],
        [table],
    )


def _channel_mix(report: Report, rows: Rows) -> Part:
    shown = {"revenue": "Revenue"}
    headings = [Heading("Channel"), *_amounts(report, ["Revenue"]), count("Share"), count("Conversions")]
    total = sum_of(rows, "revenue")
    cells = [
        [row["channel"], money(row["revenue"]), share(row["revenue"], total), plain(row["converted"])] for row in rows
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
    headings = [Heading("Campaign"), *_amounts(report, shown.values()), count("ROAS"), count("Conversions")]
    cells = [
        [
            row["campaign"],
            money(row["spend"]),
            money(row["revenue"]),
            ratio(row["revenue"], row["spend"]),
            plain(row["converted"]),
        ]
        for row in rows
    ]
    falling = sorted(
        (row for row in rows if row["later"] < row["earlier"]), key=lambda row: row["later"] - row["earlier"]
    )
    middle, days = report.middle, report.days
    halves = [f"{days.start} to {middle.subtract(days=1)}", f"{middle} to {days.end}"]
    changes = [
        [row["campaign"], money(row["earlier"]), money(row["later"]), money(row["later"] - row["earlier"])]
        for row in falling[:MOST]
    ]
    lost = Table("Falling campaigns", [Heading("Campaign"), *_amounts(report, [*halves, "Change"])], changes)
    text = ""
    if days.days > 1:
        text = "; no campaign earned less in the second half of these days than in the first"
    if falling:
        text = (
            f"; {len(falling)} of {len(rows)} campaigns earned less in the second half of these days than in the first;"
            f" most was lost by {falling[0]['campaign']}"
        )
    return Part(
        "Campaigns",
        f"What each campaign cost and earned{text}.",
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
    cells = [[str(week), *(plain(found.get(name, 0)) for name in ranked)] for week, found in weeks.items()]
    headings = [Heading("Week from"), *(count(name.replace("_", " ")) for name in ranked)]
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
    headings = [Heading("Goal"), Heading("Path"), count("Conversions"), *_amounts(report, ["Cash"])[:1]]
    cells = [
        [row["goal"].replace("_", " "), row["path"], plain(row["converted"]), money(row["revenue"])]
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
        [row["figure"], money(row["before"]), money(row["now"]), money(row["change"]), str(row["days"])]
        for row in named_rows
    ]
    headings = [Heading("Figure"), *_amounts(report, ["Before", "Now", "Change"]), count("Days changed")]
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
    "service_weeks": service_weeks,
    "transaction_list": transaction_list,
}
"""By name of the question."""


def _step(name: str, start: Any, end: Any, kind: str) -> dict[str, Any]:
    return {"name": name, "start": start, "end": end, "kind": kind}


def _in(text: str, currency: str) -> str:
    return f"{text} ({currency})" if currency else text


def _unit(report: Report) -> str:
    return currency_of(report) or "amount"


def _amounts(report: Report, names: Any) -> list[Heading]:
    return [Heading(_in(name, currency_of(report)), number=True) for name in names]
