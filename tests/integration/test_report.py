"""`elt report`: its figures are the server's, nobody stands in it, and a browser shows it as it is meant."""

import json
import re
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipelines.telling.parts import FIGURES
from sandbox.atribu import Size
from tests import database
from tests.brands import SMALL, served_brands, variables
from tests.browser import AXE, CHROMIUM, look_at
from tests.integration.conftest import Elt, Serve, ServeAtatus

pytestmark = pytest.mark.database("reports")

FIRST, LAST = date(2026, 3, 30), date(2026, 3, 31)
DAYS = ("--since", str(FIRST), "--today", str(LAST))
NAMES = "timeseries,revenue,campaigns,campaigns_trend,channels,conversions_timeseries,attribution_coverage,customers"
SIZE = Size(visits_per_day=100, conversions_per_day=60, campaigns=3, ad_sets=1, ads=1, pages=5, keywords=5)
"""A world with as many conversions in few days as make paths that several took."""

PARTS = [
    "Spend and return by week",
    "From cash to revenue from ads",
    "Channels",
    "Campaigns",
    "Conversions by type",
    "Paths to a conversion",
    "What has changed since",
    "How fresh this is",
]


RESTATED = """
    INSERT INTO local.atribu.restatements
        (run_id, profile_id, resource, variant, date, dimension_value, metric, old_value, new_value, seen_at)
    SELECT 'r', profile_id, 'timeseries', '', date, '', 'cash_revenue', cash_revenue - 12.5, cash_revenue, now()
    FROM local.atribu.timeseries WHERE date = $1
"""
"""As if the cash of a day had been less."""


@pytest.fixture
def page(serve: Serve, elt: Elt, files: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A report in the test's folder, of two days with people."""
    kept = files / "report.html"
    if not kept.exists():
        serve(size=SIZE)
        monkeypatch.setenv("SOURCES__ATRIBU__REPORTING_CURRENCY", "USD")
        monkeypatch.setenv("SOURCES__ATRIBU__PII_POLICY", "keep")
        assert elt("sync", "atribu", *DAYS, "--include-pii", "--resources", NAMES).code == 0
        assert elt("report", "atribu", "--output", str(kept)).code == 0
        _loaded(files).parent.mkdir()
        database.copy(Path("local.duckdb"), _loaded(files))
    found = Path("report.html")
    found.write_text(kept.read_text())
    return found


def _loaded(files: Path) -> Path:
    """The database that the report is of."""
    return files / "report" / "local.duckdb"


def charts_of(file: str) -> dict[str, Any]:
    """Every chart of a report, by the id of its place."""
    text = Path(file).read_text()
    (found,) = re.findall(r'<script type="application/json" id="specs">(.*?)</script>', text)
    specs: dict[str, Any] = json.loads(found)
    return specs


def at_the_end(page: Path, more: str) -> str:
    """A report with more at its end; what ends a body stands in its scripts, too."""
    text, end, rest = page.read_text().rpartition("</body>")
    return f"{text}{more}{end}{rest}"


@pytest.mark.slow
def test_its_figures_are_those_of_the_server_and_it_holds_nobody(page: Path, files: Path, serve: Serve) -> None:
    text = page.read_text()
    campaigns: Any = serve(size=SIZE).answer(
        "campaigns",
        {"date_from": str(FIRST), "date_to": str(LAST), "model": "last_touch", "level": "campaign", "limit": "100"},
    )
    spend, revenue = (sum(row[name] for row in campaigns) for name in ("spend", "outcome_value"))
    tiles = dict(re.findall(r"<div><dt>(.*?)</dt><dd>(.*?)</dd></div>", text))
    with database.connect(_loaded(files), read_only=True) as connection:
        ((cash,),) = connection.sql("SELECT sum(cash_revenue) FROM local.atribu.timeseries").fetchall()
        people = connection.sql(
            "SELECT name, email, customer_profile_id, conversion_id FROM local.atribu_pii.customers"
        ).fetchall()

    assert tiles[f"{FIGURES['spend']} (USD)"] == f"{spend:,.2f}"
    assert tiles[f"{FIGURES['ad_revenue']} (USD)"] == f"{revenue:,.2f}"
    assert tiles[f"{FIGURES['cash_revenue']} (USD)"] == f"{cash:,.2f}"
    assert float(tiles["ROAS (revenue from ads / ad spend)"]) == round(revenue / spend, 2)
    assert re.findall(r'<h3 id="[^"]*">(.*?)</h3>', text) == PARTS
    assert len(people) > 10
    assert all(sum(bool(row[place]) for row in people) > 10 for place in range(4))
    assert [value for row in people for value in row if value and str(value) in text] == []
    assert (files / "report.html").stat().st_mode & 0o777 == 0o600


@pytest.mark.sweep
def test_a_report_over_an_older_one_says_what_has_changed_since_and_replaces_nothing_else(
    page: Path, files: Path, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.copy(_loaded(files), Path("local.duckdb"))
    with database.connect("local.duckdb") as connection:
        connection.execute(RESTATED, [FIRST])
    assert elt("report", "atribu", "--output", str(page)).code == 0
    changed = page.read_text()
    assert "since the last report of" in changed
    assert re.search(
        r"<td>Cash received</td>(<td class=\"number\">[\d,.]+</td>){2}<td class=\"number\">12.50</td>", changed
    )
    assert elt("report", "atribu", "--output", str(page), "--open").code == 0
    assert 'class="number">12.50</td>' not in page.read_text()
    mine = Path("mine.html")
    mine.write_text("<p>mine")

    refused = elt("report", "atribu", "--output", "mine.html")

    assert (refused.code, mine.read_text()) == (78, "<p>mine")
    assert "'mine.html' is no report of this program" in refused.err
    assert elt("report", "atribu", "--output", "no/such.html").code == 78
    later = elt("report", "atribu", "--since", "2026-04-02", "--until", "2026-04-01")
    assert later.code == 78
    assert later.err.endswith("the first day, 2026-04-02, lies after the last, 2026-04-01\n")
    monkeypatch.setenv("SOURCES__ATRIBU__GRAIN", "week")
    assert elt("report", "atribu").err.endswith("the models have a row per day, and option grain is week\n")
    monkeypatch.setitem(sys.modules, "altair", None)
    monkeypatch.delitem(sys.modules, "pipelines.telling.charts")
    monkeypatch.delitem(sys.modules, "pipelines.telling.parts")
    monkeypatch.delitem(sys.modules, "pipelines.telling.report")
    lacking = elt("report", "atribu")
    assert lacking.code == 78
    assert lacking.err.endswith('not installed (altair); pip install "elt-connectors[report]"\n')


@pytest.mark.slow
def test_profiles_stand_for_themselves_in_their_currencies_also_without_ads_and_with_a_day_that_is_not_over(
    elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_ads = {"size": replace(SMALL, campaigns=0), "first_day": FIRST, "today": LAST}
    with served_brands(("acme", "globex", "initech"), {"globex": without_ads}) as (brands, url):
        for name, value in variables(url, tuple(brands)).items():
            monkeypatch.setenv(name, value)
        for name, currency in (("ACME", "USD"), ("GLOBEX", "EUR")):
            monkeypatch.setenv(f"SOURCES__ATRIBU__PROFILES__{name}__REPORTING_CURRENCY", currency)
        nothing = elt("report", "atribu", "--all-profiles", "--output", "report.html")
        assert (nothing.code, Path("report.html").exists()) == (78, False)
        sync = (
            "sync",
            "atribu",
            "--today",
            str(LAST),
            "--resources",
            "timeseries,revenue,campaigns,attribution_coverage",
        )
        assert elt(*sync, "--profile", "acme", "--since", str(LAST)).code == 0
        assert elt(*sync, "--profile", "globex", "--since", str(FIRST)).code == 0
        result = elt("report", "atribu", "--profile", "acme,globex,initech", "--output", "report.html")

    assert (result.code, "initech local" in result.err, "2 of 3 profiles done" in result.err) == (78, True, True), (
        result
    )
    text = Path("report.html").read_text()
    assert "<title>Atribu, 2026-03-30 to 2026-03-31</title>" in text
    assert "no figure adds up several of them" in text
    articles = text.split("<article ")[1:]
    headings = [re.findall(r"<h2 [^>]*>(.*?)</h2>", one) for one in articles]
    assert headings == [["Profile acme, 2026-03-31"], ["Profile globex, 2026-03-30 to 2026-03-31"]]
    days = {"date_from": str(FIRST), "date_to": str(LAST), "model": "last_touch"}
    cash: Any = brands["globex"].answer("attribution-coverage", days)
    tiles = [dict(re.findall(r"<div><dt>(.*?)</dt><dd>(.*?)</dd></div>", one)) for one in articles]
    assert tiles[1]["Cash received (EUR)"] == f"{cash['total']['value']:,.2f}"
    assert [(" (USD)" in one, " (EUR)" in one) for one in articles] == [(True, False), (False, True)]
    assert ["ads cost nothing and earned nothing" in one for one in articles] == [False, True]


@pytest.mark.sweep
def test_a_report_on_atatus_shows_runs_and_failures(serve_atatus: ServeAtatus, elt: Elt) -> None:
    serve_atatus()
    assert elt("sync", "atatus", *DAYS).code == 0

    assert elt("report", "atatus").code == 0

    text = Path("atatus-report.html").read_text()
    with database.connect("local.duckdb", read_only=True) as connection:
        ((runs, failures),) = connection.sql(
            "SELECT sum(total_count), sum(failure_count) FROM local.atatus.transactions"
        ).fetchall()
    assert (
        f'<td>2026-03-30</td><td class="number">2</td><td class="number">{runs:,}</td><td class="number">{failures:,}<'
        in text
    )
    assert re.findall(r'<h3 id="[^"]*">(.*?)</h3>', text) == ["Runs by week", "Transactions", "How fresh this is"]


@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium; apt-get install chromium")
def test_a_browser_draws_every_chart_asks_nobody_and_reports_no_error(page: Path, tmp_path: Path) -> None:
    seen = look_at(page, tmp_path, 1024)

    assert len(charts_of(str(page))) == 7
    assert re.findall(r'<div class="chart[^"]*" id="([^"]+)"[^>]*data-drawn="yes"', seen.document) == [
        *charts_of(str(page))
    ]
    assert len(re.findall(r'<svg [^>]*class="marks"', seen.document)) == 7
    assert (seen.console, seen.asked) == ([], [])
    page.write_text(at_the_end(page, "<script>console.log('run')</script><img src='http://127.0.0.1:9/picture'>"))
    stopped = look_at(page, tmp_path, 1024)
    assert (len(stopped.console), stopped.asked) == (2, [])
    assert all("Content Security Policy" in line for line in stopped.console)


@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium; apt-get install chromium")
@pytest.mark.skipif(not AXE.exists(), reason="there is no axe; make axe")
@pytest.mark.parametrize(
    ("width", "dark"),
    [
        pytest.param(390, False, id="phone"),
        pytest.param(1024, True, id="dark"),
        pytest.param(1600, False, id="wide"),
    ],
)
def test_nothing_keeps_people_from_using_it(page: Path, tmp_path: Path, width: int, dark: bool) -> None:  # noqa: FBT001 - a case
    look = """
        addEventListener("load", () => setTimeout(() => axe.run().then((found) => {
            const serious = found.violations.filter((one) => ["serious", "critical"].includes(one.impact));
            document.body.dataset.found = serious.map((one) => one.id + " " + one.nodes[0].html).join("; ");
            document.body.dataset.passed = found.passes.length;
            document.body.dataset.wide = document.documentElement.scrollWidth > innerWidth;
            document.body.dataset.paper = getComputedStyle(document.body).backgroundColor;
        }), 1500));
    """
    text = at_the_end(page, f"<script>{AXE.read_text()}</script><script>{look}</script>")
    page.write_text(re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text))

    document = look_at(page, tmp_path, width, dark=dark).document

    told = dict(re.findall(r'data-(found|passed|wide|paper)="([^"]*)"', document[document.index("<body") :][:2000]))
    assert told["found"] == ""
    assert int(told["passed"]) > 15
    assert told["wide"] == "false", "something is broader than the window"
    assert told["paper"] == ("rgb(20, 24, 31)" if dark else "rgb(255, 255, 255)")
