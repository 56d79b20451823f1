"""What `elt plan` prints: text for a person, JSON for a machine."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from pipelines.planning.estimate import GROWTH
from pipelines.planning.policy import SURGE, Reason
from pipelines.telling.console import PENDING, named, print_table, wide, write_json
from pipelines.telling.log import date_output

if TYPE_CHECKING:
    from pipelines.commands.plan import Preview
    from pipelines.planning.estimate import Line
    from pipelines.running.config import RunConfig
    from pipelines.running.profiles import Done

LIKE_BEFORE: Final = (
    f", no day brings over {SURGE} times the people that days have, and nobody's details grow over {GROWTH}-fold"
)
"""What the upper bound of people rests on besides."""

SEARCHES: Final = (
    "a check that does not add up asks for more, until the changed days are found; the upper bound takes every"
    " day of it as changed since it was read, even if that was today"
)
"""Why so much lies between the bounds, whatever was read before."""

AT_LEAST: Final = "+ at least: how many ids it has to ask for is known once they are loaded"


def print_plans(done: "Sequence[Done[Preview]]", *, as_json: bool) -> None:
    """Print what a sync of each profile would do now; of several, a line each and their sum."""
    found = [(one.name, one.config, one.result) for one in done if one.config and one.result]
    if not as_json:
        date_output("plan")
    if len(done) > 1 and as_json:
        documents = {name: _document(preview, config) for name, config, preview in found}
        write_json({"profiles": documents, "total": _added(found)})
    elif len(done) > 1:
        _print_lines(found)
    else:
        for _, config, preview in found:
            write_json(_document(preview, config)) if as_json else _print_plan(preview, config)


def _print_lines(found: "Sequence[tuple[str, RunConfig, Preview]]") -> None:
    rows = []
    for name, config, preview in [*found]:
        total, (_, most) = _total(preview.lines), _bounds(preview.lines)
        sums = (str(total[one]) for one in ("windows", "calls"))
        units = f"{total['units']}{'+' if _is_assumed(preview) else ''}"
        rows.append([name, *sums, units, _most(most), f"{config.limits.rate.minutes(total['units']):.1f}"])
    total = _added(found)
    sums = (str(total[one]) for one in ("windows", "calls", "units"))
    rows.append(["total", *sums, _most(total["units_max"]), f"{total['minutes']:.1f}"])
    print_table(("profile", "windows", "calls", "units", "at most", "minutes"), rows)
    wide().print("profiles are read side by side: all of them take as long as the one that takes longest")
    if any(_is_assumed(preview) for _, _, preview in found):
        wide().print(AT_LEAST)
    if any(_checks(preview) for _, _, preview in found):
        wide().print(SEARCHES)


def _is_assumed(found: "Preview") -> bool:
    return any(line.assumed for line in found.lines)


def _checks(found: "Preview") -> bool:
    return any(Reason.CHECK in line.reasons for line in found.lines)


def _added(found: "Sequence[tuple[str, RunConfig, Preview]]") -> dict[str, Any]:
    """What all profiles cost together; each has its own rate limit, so that they take as long as the slowest."""
    lines = [line for _, _, preview in found for line in preview.lines]
    least, most = _bounds(lines)
    minutes = (config.limits.rate.minutes(_total(preview.lines)["units"]) for _, config, preview in found)
    return {
        **_total(lines),
        "units_expected": _expected(lines),
        "units_min": least,
        "units_max": most,
        "minutes": max(minutes, default=0.0),
    }


def _print_plan(found: "Preview", config: "RunConfig") -> None:
    """Print what a sync would do now."""
    limits = config.limits
    rows = [
        [
            name,
            str(line.windows),
            str(line.calls),
            f"{line.units}{'+' if line.assumed else ''}",
            _most(line.units_max),
            f"{limits.rate.minutes(line.units):.1f}",
            _days(line.first_day, line.last_day),
            ", ".join(f"{reason} {count}" for reason, count in line.reasons.items()),
            line.scope or "not documented",
        ]
        for name, line in named(found.lines)
    ]
    total = _total(found.lines)
    sums = [str(total[name]) for name in ("windows", "calls", "units")]
    least, most = _bounds(found.lines)
    rows.append(["total", *sums, _most(most), f"{limits.rate.minutes(total['units']):.1f}", "", "", ""])
    headings = ("resource", "windows", "calls", "units", "at most", "minutes", "days", "why", "scope")
    print_table(headings, rows, ["scope", "calls", "windows", "days"])
    out = wide()
    personal = [f"{line.resource} ({', '.join(line.pii)})" for line in found.lines if line.pii]
    out.print(f"personal data: {', '.join(dict.fromkeys(personal)) or 'none'}")
    if least != most:
        lasts = limits.rate.minutes
        bound = f"to {most} units, {lasts(least)} to {lasts(most)}" if most is not None else f"units, {lasts(least)}"
        at_least = "" if most is not None else "at least "
        like = LIKE_BEFORE if most is not None and any(line.pii for line in found.lines) else ""
        out.print(f"a sync spends {at_least}{least} {bound} minutes, if no call is repeated{like}")
    expected = _expected(found.lines)
    if expected is not None:
        out.print(f"as the last syncs went, it is about {expected} units, {limits.rate.minutes(expected)} minutes")
    if _is_assumed(found):
        out.print(AT_LEAST)
    if _checks(found):
        out.print(SEARCHES)
    if limits.max_units and limits.max_units < total["units"]:
        out.print(f"a sync stops after {limits.max_units} units (max_units); the next one goes on")
    if found.pending:
        out.print(PENDING)


def _document(found: "Preview", config: "RunConfig") -> dict[str, Any]:
    """The same facts for a machine."""
    limits, policy = config.limits, config.policy
    total = _total(found.lines)
    least, most = _bounds(found.lines)
    return {
        "destination": config.target.destination,
        "dataset": config.target.dataset,
        "today": policy.today,
        "first_day": config.days.start,
        "last_day": config.days.end,
        "restatement": policy.restatement,
        "grain": policy.grain,
        "rate_limit": limits.rate.limit,
        "rate_period": limits.rate.period,
        "max_units": limits.max_units,
        "max_minutes": limits.max_minutes,
        "pending": found.pending,
        "resources": [{**asdict(line), "minutes": limits.rate.minutes(line.units)} for line in found.lines],
        "total": {
            **total,
            "units_expected": _expected(found.lines),
            "units_min": least,
            "units_max": most,
            "minutes": limits.rate.minutes(total["units"]),
        },
    }


def _total(lines: "Sequence[Line]") -> dict[str, int]:
    return {name: sum(getattr(line, name) for line in lines) for name in ("windows", "calls", "units")}


def _expected(lines: "Sequence[Line]") -> int | None:
    """Units that are to be expected, where earlier syncs tell something of a line."""
    if all(line.units_expected is None for line in lines):
        return None
    return sum(line.units if line.units_expected is None else line.units_expected for line in lines)


def _bounds(lines: "Sequence[Line]") -> tuple[int, int | None]:
    """Units at least, and at most; None where nothing bounds them."""
    most = [line.units_max for line in lines if line.units_max is not None]
    return sum(line.units_min for line in lines), sum(most) if len(most) == len(lines) else None


def _most(units: int | None) -> str:
    return "not known" if units is None else str(units)


def _days(first: object, last: object) -> str:
    return "-" if first is None else f"{first}" if first == last else f"{first}..{last}"


def price(found: "Preview", config: "RunConfig") -> str:
    """Say in a line what a sync costs, as `elt plan` has it."""
    rate, total = config.limits.rate, _total(found.lines)
    more = "at least " if _is_assumed(found) else ""
    return (
        f"{more}{total['units']} units for {config.days.start}..{config.days.end}, {rate.minutes(total['units']):.1f}"
        f" minutes at {rate.limit} units in {rate.period:g} seconds"
    )
