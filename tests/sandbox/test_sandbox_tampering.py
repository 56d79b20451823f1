"""Pages that mislead do so in the way that their fault names, and in no other."""

from collections import Counter
from collections.abc import Iterator

import pytest

from sandbox.atribu import Fault, Settings
from tests.sandbox.conftest import Client

QUARTER = {"date_from": "2026-01-01", "date_to": "2026-03-31"}
LATER = ["first_cursor", "repeated_page", "shifted_page", "skipping_page"]
Cursor = dict[str, str]
Row = dict[str, object]


class Walk:
    """Walks a listing as a trusting client does, for at most so many pages."""

    def __init__(self, client: Client, path: str, params: Row, fields: tuple[str, str] | None = None) -> None:
        self.path = path
        self.truth = client.sandbox.answer(path, params, capped=False)
        # Four pages, the last one half full.
        self.limit = len(self.truth) * 2 // 7
        self.cursors: list[Cursor] = []
        self.pages: list[list[Row]] = []
        self._client, self._params, self._fields = client, params, fields

    def __call__(self, kind: str, times: int | None = 1, *, every: int = 1, most: int = 100) -> "Walk":
        """Walk with a fault of `kind`; also look at how the walk ended."""
        self._client.sandbox.faults[:] = [Fault(self.path, kind, times=times, every=every)]
        cursor: Cursor = {}
        self.cursors, self.pages, self.stuck = [], [], False
        while len(self.pages) < most:
            body = self._client.body(self.path, limit=self.limit, **self._params, **cursor)
            self.pages.append(body["data"])
            if not body["pagination"]["has_next"]:
                break
            cursor = self._cursor(body)
            self.cursors.append(cursor)
            if not cursor:
                self.stuck = True
                break
        self._client.sandbox.faults.clear()
        return self

    def undisturbed(self) -> "Walk":
        return self("endless", times=0)

    def _cursor(self, body: dict[str, object]) -> Cursor:
        found = {name: value for name, value in body["pagination"].items() if name != "has_next"}
        if self._fields and set(found) == {"cursor"}:
            return dict(zip(("cursor_time", "cursor_id"), found["cursor"].split("|"), strict=True))
        if self._fields and not found and body["data"] and self._fields[1] in body["data"][-1]:
            return dict(
                zip(("cursor_time", "cursor_id"), (body["data"][-1][name] for name in self._fields), strict=True)
            )
        return found

    @property
    def rows(self) -> list[Row]:
        return [row for page in self.pages for row in page]

    def right(self, number: int) -> list[Row]:
        """Give the rows that the page of this number should hold."""
        return self.truth[number * self.limit : (number + 1) * self.limit]


@pytest.fixture(
    params=[
        ("customers", "in_pagination"),
        ("customers", "packed_cursor"),
        ("customers", "from_last_row"),
        ("visitors", "in_pagination"),
        ("visitors", "packed_cursor"),
        ("visitors", "from_last_row"),
        ("journey", "packed_cursor"),
    ],
    ids="-".join,
)
def walk(request: pytest.FixtureRequest, client: Client, settings: Settings) -> Iterator[Walk]:
    path, paging = request.param
    settings.paging = paging
    week = {"date_from": "2026-03-25", "date_to": "2026-03-31"}
    if path == "customers":
        yield Walk(client, path, week | {"goal": "lead_created"}, ("conversion_time", "conversion_id"))
    elif path == "visitors":
        yield Walk(client, path, week | {"date_from": "2026-03-31"}, ("last_seen_at", "visitor_id"))
    else:
        rows = client.sandbox.answer("customers", QUARTER | {"goal": "payment_received"}, capped=False)
        person = max((row for row in rows if row["customer_profile_id"]), key=lambda row: row["conversion_count"])
        yield Walk(client, f"customers/{person['customer_profile_id']}/journey", {})


def surplus(rows: list[Row], truth: list[Row]) -> tuple[int, int]:
    """Count the rows that came too often, and those that never came."""
    met, right = (Counter(map(repr, some)) for some in (rows, truth))
    return (met - right).total(), (right - met).total()


def last_row_only(client: Client, walk: Walk) -> bool:
    return client.sandbox.settings.paging == "from_last_row" and not walk.path.endswith("journey")


def test_there_are_enough_pages_to_tamper_with(walk: Walk) -> None:
    assert walk.undisturbed().rows == walk.truth
    assert len(walk.pages) == 4
    assert walk.limit > 1


def test_a_repeated_cursor_repeats_a_page_or_never_ends(walk: Walk, client: Client) -> None:
    once = walk("repeated_cursor")
    assert not once.stuck
    if not last_row_only(client, walk):
        assert once.pages[:3] == [once.right(0), once.right(0), once.right(1)]
    for_ever = walk("repeated_cursor", None, most=6)
    assert len(for_ever.pages) == 6
    assert for_ever.cursors[1:] == for_ever.cursors[:1] * 5
    assert for_ever.rows == for_ever.right(0) * 6


def test_the_first_cursor_leads_round_in_a_circle(walk: Walk, client: Client) -> None:
    right = walk.undisturbed().cursors[:2]
    assert walk("first_cursor").cursors[:3] == [right[0], right[0], right[1]]
    circle = walk("first_cursor", None, every=2, most=9)
    assert len(circle.pages) == 9
    turn = [circle.right(1), circle.right(0 if last_row_only(client, walk) else 2)]
    assert circle.pages[1:] == turn * 4


def test_without_a_cursor_nobody_can_go_on(walk: Walk, client: Client) -> None:
    once = walk("no_cursor")
    if last_row_only(client, walk):
        assert once.stuck
        assert len(once.pages[0][0]) == len(once.truth[0]) - 2
    elif once.stuck:
        assert once.pages == [once.right(0)]
    else:
        assert once.rows == once.truth


@pytest.mark.parametrize("times", [1, None])
def test_a_repeated_page_hides_the_right_one(walk: Walk, client: Client, times: int | None) -> None:
    walk("repeated_page", times, most=5)
    assert walk.pages[:2] == [walk.right(0), walk.right(0)]
    if last_row_only(client, walk):
        assert walk.cursors[1] == walk.cursors[0]
    elif times == 1:
        assert walk.pages[2] == walk.right(2)
    else:
        assert walk.pages[2:4] == [walk.right(1), walk.right(2)]


def test_a_shifted_page_repeats_one_row_and_loses_none(walk: Walk) -> None:
    assert surplus(walk("shifted_page").rows, walk.truth) == (1, 0)
    assert walk.pages[1][0] == walk.pages[0][-1]
    walk("shifted_page", None)
    assert surplus(walk.rows, walk.truth) == (len(walk.pages) - 1, 0)


def test_a_skipping_page_loses_one_row_and_shows_nothing(walk: Walk) -> None:
    assert surplus(walk("skipping_page").rows, walk.truth) == (0, 1)
    assert len(walk.pages[1]) == walk.limit
    walk("skipping_page", None)
    assert surplus(walk.rows, walk.truth) == (0, len(walk.pages) - 1)


def test_an_empty_page_leads_on_to_what_it_left_out(walk: Walk, client: Client) -> None:
    walk("empty_page", every=2)
    assert walk.pages[:2] == [walk.right(0), []]
    if last_row_only(client, walk):
        assert walk.stuck
    else:
        assert walk.rows == walk.truth
        assert walk("empty_page").rows == walk.truth
        assert not walk("empty_page", None, most=8).rows
        assert len({*map(repr, walk.cursors)}) == 8


def test_an_endless_listing_starts_again_with_cursors_that_are_new(walk: Walk, client: Client) -> None:
    pages = -(-len(walk.truth) // walk.limit)
    walk("endless", None, most=3 * pages)
    assert len(walk.pages) == 3 * pages
    assert len({*map(repr, walk.cursors)}) == 3 * pages
    if last_row_only(client, walk):
        rows = len(walk.truth) - pages
        assert surplus(walk.rows, walk.truth * 3) == (2 * pages, 2 * pages)
        assert walk.rows[: len(walk.truth)] == walk.truth
        assert len({repr(row) for row in walk.rows}) == rows + 3 * pages
    else:
        assert walk.rows == walk.truth * 3
    assert surplus(walk("endless").rows, walk.truth) == (0, 0)


@pytest.mark.parametrize("kind", LATER)
def test_a_first_page_has_no_page_before_and_is_spared(client: Client, kind: str) -> None:
    fault = Fault("visitors", kind, times=None)
    client.sandbox.faults[:] = [fault]
    assert client.data("visitors", **QUARTER) == client.sandbox.answer("visitors", QUARTER)
    assert fault.struck == 0
    client.sandbox.faults.clear()


@pytest.mark.parametrize("kind", ["repeated_cursor", "no_cursor", "empty_page", "endless"])
def test_nothing_can_be_tampered_with_too(client: Client, settings: Settings, kind: str) -> None:
    settings.paging = "in_pagination"
    client.sandbox.faults[:] = [Fault("visitors", kind, times=None)]
    body = client.body("visitors", search="no such person", **QUARTER)
    assert (body["data"], body["pagination"]["has_next"]) == ([], True)
    cursor = {name: value for name, value in body["pagination"].items() if name != "has_next"}
    assert client.data("visitors", search="no such person", **QUARTER, **cursor) == []
    client.sandbox.faults.clear()


def test_answers_without_pages_are_left_alone(client: Client) -> None:
    client.sandbox.faults[:] = [Fault("goals", "endless", times=None)]
    assert client.data("goals") == client.sandbox.answer("goals")
    client.sandbox.faults.clear()
