"""Writes `elt report`: one HTML file that asks nothing of any server."""

import base64
import hashlib
import json
import re
import webbrowser
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from pipelines.commands.report import Report
from pipelines.destinations.whole_file import write_whole
from pipelines.running.profiles import Done
from pipelines.telling.charts import bundle
from pipelines.telling.console import moment, out
from pipelines.telling.parts import currency_of, parts_of, tiles_of
from sources.rest.errors import ConfigurationError
from sources.rest.redaction import cleaned
from sources.rest.windows import Window

PAGE: Final = Path(__file__).with_name("page.html")
SCRIPT: Final = Path(__file__).with_name("page.js")

_HEAD: Final = 4096
"""Bytes in which a report says when it was made."""

_MADE: Final = re.compile(r'<meta name="elt-report" content="([^"]+)">')


def last_report(file: Path) -> datetime | None:
    """When the report that a file holds was made; None where there is no file.

    Raises:
        ConfigurationError: the file is something else, which is not to be replaced, or cannot be written.
    """
    try:
        with file.open(encoding="utf-8", errors="replace") as there:
            found = _MADE.search(there.read(_HEAD))
    except FileNotFoundError:
        if file.absolute().parent.is_dir():
            return None
        raise ConfigurationError(f"--output: there is no folder {str(file.parent)!r}") from None
    except OSError as error:
        raise ConfigurationError(f"--output: {str(file)!r} cannot be read ({error.strerror})") from None
    try:
        return datetime.fromisoformat(found[1] if found else "")
    except ValueError:
        raise ConfigurationError(
            f"--output: {str(file)!r} is no report of this program; name another file, or remove that one"
        ) from None


def write_report(file: Path, done: Sequence[Done[Report]]) -> None:
    """Write one file about all profiles, at once, for the user alone; nothing where none could be asked.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    found = [(one.name, one.config.source.name, one.result) for one in done if one.config and one.result]
    if not found:
        return
    text = _page(found)
    try:
        write_whole(file, text.encode())
    except OSError as error:
        raise ConfigurationError(f"--output: {str(file)!r} cannot be written ({error.strerror})") from None
    out.print(f"{file}: {_days(found)}, {len(text.encode()) / 1e6:.1f} MB")


def notes_of(report: Report) -> list[str]:
    """What is to be known before any figure is read."""
    return [*_sentences(report), *_warnings(report)]


def in_colours(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return a chart with the colours of the light page in place of their names, for where that page is not."""
    colours = dict(re.findall(r"(--\w+): (#\w+);", PAGE.read_text().partition("@media")[0]))
    text = re.sub(r"var\((--\w+)\)", lambda name: colours[name[1]], json.dumps(spec))
    return dict(json.loads(text))


def show_report(file: Path) -> None:
    """Open the file in the user's browser."""
    webbrowser.open(file.absolute().as_uri())


def _days(found: Sequence[tuple[str, str, Report]]) -> str:
    return ", ".join(dict.fromkeys(_told_days(report.days) for _, _, report in found))


def _told_days(days: Window) -> str:
    return f"{days.start} to {days.end}" if days.days > 1 else str(days.start)


def _page(found: Sequence[tuple[str, str, Report]]) -> str:
    source = found[0][1]
    specs: dict[str, Any] = {}
    profiles = [_profile(number, name, report, specs) for number, (name, _, report) in enumerate(found)]
    script, programs = SCRIPT.read_text(), bundle()
    made_at = found[0][2].made_at
    policy = (
        f"default-src 'none'; script-src {_digest(programs)} {_digest(script)}; style-src 'unsafe-inline';"
        " base-uri 'none'; form-action 'none'"
    )
    environment = Environment(undefined=StrictUndefined, autoescape=True, trim_blocks=True)
    return environment.from_string(PAGE.read_text()).render(
        title=f"{source.capitalize()}, {_told_days(_all_days(found))}",
        vendor=source.capitalize(),
        policy=Markup(policy),  # noqa: S704 - our own words; quotes of it stay as they are
        made_at=made_at.isoformat(),
        told_at=f"{moment(made_at)} UTC",
        profiles=profiles,
        specs=Markup(_inert(specs)),  # noqa: S704 - no sign of it ends the script
        bundle=Markup(programs),  # noqa: S704 - of a package
        script=Markup(script),  # noqa: S704 - our own
    )


def _all_days(found: Sequence[tuple[str, str, Report]]) -> Window:
    """From the first to the last day of any profile."""
    days = [report.days for _, _, report in found]
    return Window(min(one.start for one in days), max(one.end for one in days))


def _profile(number: int, name: str, report: Report, specs: dict[str, Any]) -> dict[str, Any]:
    parts = []
    for place, part in enumerate(parts_of(report)):
        anchor = f"p{number}-{place}"
        drawn = [{"anchor": f"{anchor}-c{index}", "title": one.title} for index, one in enumerate(part.charts)]
        specs.update({one["anchor"]: chart.spec for one, chart in zip(drawn, part.charts, strict=True)})
        tables = [
            {
                "title": one.title,
                "headings": one.headings,
                "rows": [[cleaned(cell) for cell in row] for row in one.rows],
            }
            for one in part.tables
        ]
        parts.append(
            {"anchor": anchor, "title": part.title, "text": cleaned(part.text), "charts": drawn, "tables": tables}
        )
    days = f"Profile {name}, {_told_days(report.days)}"
    return {
        "anchor": f"p{number}",
        "name": name,
        "heading": days if name else "Overview",
        "sentences": _sentences(report),
        "warnings": _warnings(report),
        "tiles": tiles_of(report),
        "parts": parts,
        "lacking": [
            f"{question.replace('_', ' ')}: {', '.join(sorted(tables))} not loaded"
            for question, tables in report.lacking.items()
        ],
    }


def _sentences(report: Report) -> list[str]:
    if not tiles_of(report):
        return []
    model = f" Revenue is credited by the attribution model {report.model.replace('_', ' ')}." if report.model else ""
    if not currency_of(report):
        return [f"The amounts have no currency here: the option reporting_currency names none.{model}"]
    return [f"All amounts are in {currency_of(report)}.{model}"]


def _warnings(report: Report) -> list[str]:
    found = [cleaned(one) for one in report.status.trouble]
    if report.status.pending:
        found.append("A sync is at work or was cut off, so that newer figures may be on their way.")
    return found


def _inert(specs: object) -> str:
    """JSON in which nothing ends a script, or begins a tag."""
    return (
        json.dumps(specs, separators=(",", ":")).replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    )


def _digest(script: str) -> str:
    """What lets a browser run a script, and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
