"""Pages that mislead are read right or refused; nothing is lost in silence, and nothing goes on for ever."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any, Final, get_args

import pytest
from pendulum import Date

from sandbox.atribu import FULL_KEY, Fault, Population
from sandbox.atribu.state import Sandbox
from sandbox.server.faults import Tampering
from sources.atribu.source import SOURCE
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.errors import UnexpectedBodyError
from sources.rest.reading.answers import Answer, Failure
from sources.rest.reading.paging import PAGES_MAX, BrokenPaginationError, Paginator
from sources.rest.reading.reader import Reader
from sources.rest.reading.tasks import Task
from sources.rest.windows import Window
from tests.privacy.conftest import TODAY, Elt, sync
from tests.privacy.people import GOALS, SMALL, comparable, rows_of
from tests.processes import served

pytestmark = pytest.mark.untraced

FIRST = date(2026, 3, 1)
CALLS_MOST = 60
UNSEEN: Final = "skipping_page"
"""Nothing in an answer shows it; only a count does."""


@pytest.fixture
def reader(sandbox: Sandbox, sandbox_url: str) -> Iterator[Reader]:
    options = SOURCE.configured(
        base_url=sandbox_url,
        api_key=FULL_KEY,
        rate_limit=sandbox.settings.limit,
        rate_period=sandbox.settings.period,
        include_pii=True,
        pii_policy="keep",
    )
    found = SOURCE.open_reader(options)
    yield found
    found.session.close()


def small_pages(endpoint: Endpoint, rows: int) -> Endpoint:
    """An endpoint that is asked for a few rows a page."""
    return replace(endpoint, params={"limit": str(max(1, rows * 2 // 7))})


def asked(sandbox: Sandbox, reader: Reader, path: str) -> tuple[Task, list[dict[str, Any]]]:
    """A list of four pages, and its rows."""
    window = Window(Date(2026, 3, 1), Date(2026, 3, 12))
    if path == "customers":
        truth = sandbox.truth_of_customers(GOALS[0], FIRST, TODAY)
        return Task(small_pages(reader.endpoints[path], len(truth)), window, (("goal", GOALS[0]),)), truth
    if path == "visitors":
        truth = sandbox.truth_of_visitors(FIRST, TODAY)
        return Task(small_pages(reader.endpoints[path], len(truth)), window), truth
    customers: list[Any] = sandbox.truth_of_customers(GOALS[0], FIRST, TODAY)
    people = {row["customer_profile_id"] for row in customers} - {None}
    truth, who = max(((sandbox.truth_of_journey(one), one) for one in sorted(people)), key=lambda found: len(found[0]))
    return Task(small_pages(reader.endpoints["journeys"], len(truth)), parent=who), truth


@pytest.mark.parametrize("times", [1, pytest.param(None, marks=pytest.mark.sweep)])
@pytest.mark.parametrize("kind", get_args(Tampering))
@pytest.mark.parametrize(
    "listing",
    [
        *((path, paging) for path in ("customers", "visitors") for paging in ("in_pagination", "packed_cursor")),
        pytest.param(("customers", "from_last_row"), marks=pytest.mark.sweep),
        pytest.param(("visitors", "from_last_row"), marks=pytest.mark.sweep),
        ("journeys", "packed_cursor"),
    ],
    ids="-".join,
)
def test_a_list_is_whole_or_refused(
    sandbox: Sandbox, reader: Reader, listing: tuple[str, Any], kind: Any, times: int | None
) -> None:
    path, sandbox.settings.paging = listing
    task, truth = asked(sandbox, reader, path)
    fault = Fault("customers/*/journey" if path == "journeys" else path, kind, times=times)
    sandbox.faults.append(fault)
    (result,) = reader.read_all([task])
    if isinstance(result, Failure):
        assert isinstance(result.error, UnexpectedBodyError)
        assert kind != UNSEEN
    else:
        assert isinstance(result, Answer)
        loaded = result.tables[task.endpoint.name].to_pylist()
        names = set(truth[0]) - {"touch_channels"}
        found, right = ([{name: row[name] for name in names} for row in rows] for rows in (loaded, truth))
        assert comparable(found) == comparable(right) or kind == UNSEEN
    assert fault.struck
    assert len(sandbox.log) <= CALLS_MOST


def test_a_list_of_ever_new_rows_ends(reader: Reader) -> None:
    paginator = Paginator(reader.endpoints["visitors"])
    for page in range(PAGES_MAX - 1):
        assert paginator.add(*ever_new(page))
    with pytest.raises(BrokenPaginationError, match="more than"):
        paginator.add(*ever_new(PAGES_MAX))


def ever_new(page: int) -> tuple[list[dict[str, str]], dict[str, Any]]:
    """A page with one row that was not there before, and where the next one is."""
    return [{"visitor_id": str(page)}], {"has_next": True, "cursor_time": "x", "cursor_id": str(page)}


@pytest.mark.parametrize("rows", [[{"a": 1}, {"a": 1}], [{"a": 1}, {"a": 2}, {"a": 1}]])
def test_events_may_be_equal(reader: Reader, rows: list[dict[str, int]]) -> None:
    paginator = Paginator(reader.endpoints["journeys"])
    assert paginator.add(rows, {"has_next": True, "cursor": "x"}) == (("cursor", "x"),)
    assert paginator.add([{"a": 3}], {"has_next": False}) is None


@pytest.fixture(scope="module")
def crowd() -> Iterator[tuple[Sandbox, str]]:
    """Serve so many people that lists have several pages."""
    people = Population(customers=150, goal=GOALS[0], days=8, change=0.02)
    with served(first_day=date(2026, 2, 15), today=TODAY, size=SMALL, population=people) as both:
        yield both


@pytest.fixture
def many(crowd: tuple[Sandbox, str], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    assert sandbox.settings.today == TODAY  # its options hold, only the address is another
    found, url = crowd
    found.faults.clear()
    found.log.clear()
    monkeypatch.setenv("SOURCES__ATRIBU__BASE_URL", url)
    return found


@pytest.mark.sweep
def test_a_customer_who_is_skipped_is_missed_and_named(many: Sandbox, elt: Elt) -> None:
    at_once = {"resources": "customers", "goals": GOALS[0], "pii_policy": "keep"}
    many.faults.append(Fault("customers", UNSEEN, times=None))
    first = sync(elt, many, **at_once)
    assert len(rows_of("customers")) < len(many.truth_of_customers(GOALS[0], FIRST, TODAY))
    assert f"customers {GOALS[0]} 2026-03-0" in first.err
    assert "rows may be missing" in first.err

    many.faults.clear()
    assert sync(elt, many, "--full", **at_once).code == 0
    assert len(rows_of("customers")) == len(many.truth_of_customers(GOALS[0], FIRST, TODAY))
    many.faults.append(Fault("customers", UNSEEN, times=None))
    again = sync(elt, many, "--full", **at_once)
    assert again.code == 4
    assert "does not add up" in again.err


@pytest.mark.sweep
def test_a_visitor_who_is_skipped_is_back_with_the_next_sync(many: Sandbox, elt: Elt) -> None:
    many.faults.append(Fault("visitors", UNSEEN))
    assert sync(elt, many, resources="visitors", pii_policy="keep").code == 0
    assert sync(elt, many, resources="visitors", pii_policy="keep").code == 0
    assert len(rows_of("visitors")) == len(many.truth_of_visitors(FIRST, TODAY))
