"""What checks have found out of a server is asked again when it is old, also where lists are proved in parts."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pendulum import Date

from pipelines.planning.estimate import calls_before, search_calls
from pipelines.planning.ledger import Ledger
from pipelines.planning.policy import VERDICT_DAYS, Policy
from pipelines.planning.server_behaviour import ServerBehaviour
from pipelines.planning.suspects import Suspect
from pipelines.proving.changes import Change, ChangedDays
from pipelines.proving.sums import rows_of
from pipelines.running.checks import Checks
from pipelines.running.outcome import Outcome
from pipelines.storing.sums import Sums
from sources.rest.options.common import Restatement
from sources.rest.reading.answers import Answer
from sources.rest.reading.tasks import Task
from sources.rest.windows import Grain, Window
from tests.pipelines.proving.changing_world import CHANNELS, DAYS, STORED, Home, Server, truth, world

TODAY = Date(2026, 1, 31)
POLICY = Policy(today=TODAY, horizon_days=90, restatement=Restatement.EXACT, grain=Grain.DAY, values={})
RANGE = Task(CHANNELS, Window(DAYS[0].start, DAYS[29].end))
OLD = frozenset({"pageviews"})


@dataclass
class Sync:
    """A sync that checks what is loaded of a server; an earlier one may have seen what has changed elsewhere."""

    server: Server
    home: Home
    ledger: Ledger
    outcome: Outcome
    elsewhere: ChangedDays

    commits = True
    slice_units = 100

    @property
    def closed(self) -> bool:
        return len(self.server.calls) >= self.server.answers

    @property
    def detector(self) -> Any:
        return SimpleNamespace(changed_days=ChangedDays(), changed_since=lambda _: self.elsewhere)

    def answers(self, tasks: Sequence[Task]) -> Iterator[Answer]:
        return iter([replace(one, task=task) for task, one in self.server.ask(tasks).items()])

    def differs(self, answers: Sequence[Answer]) -> bool:
        return any(self._rows(one) != self.home.rows[one.task.window] for one in answers if one.task.window)

    def commit(self, answers: Sequence[Answer]) -> None:
        for one in answers:
            if one.task.window:
                self.home.rows[one.task.window] = self._rows(one)
                self.ledger.add(one.task, Grain.DAY, TODAY, cut=one.truncated)

    def sums_by_day(self, check: Task) -> dict[date | None, Sums]:
        return {day: one for day, one in self.home.sums().items() if day and check.window and day in check.window}

    def sums(self, check: Task) -> Sums:
        return Sums.total(self.sums_by_day(check).values())

    def _rows(self, answer: Answer) -> list[dict[str, Any]]:
        return [{name: row[name] for name in STORED} for row in rows_of(answer)]


def checked(
    known: ServerBehaviour, server: Server, home: Home, *, asks_again: bool = False, policy: Policy = POLICY
) -> tuple[ServerBehaviour, Outcome]:
    """Check everything that is loaded; return what is known of the server then, and the outcome."""
    ledger = Ledger()
    ledger.learn(RANGE, Grain.DAY, known)
    outcome = ran(server, home, ledger, RANGE, asks_again=asks_again, policy=policy)
    return ledger.behaviour(RANGE, Grain.DAY), outcome


def ran(
    server: Server,
    home: Home,
    ledger: Ledger,
    check: Task,
    *,
    asks_again: bool = False,
    policy: Policy = POLICY,
    elsewhere: Sequence[Change] = (),
) -> Outcome:
    """Check what is loaded in one run, which ends when the server has answered as often as it does."""
    sync = Sync(server, home, ledger, Outcome(), ChangedDays(elsewhere))
    session: Any = SimpleNamespace(api=SimpleNamespace(not_additive_advice=""), budget=sync)
    reader: Any = SimpleNamespace(endpoints={}, session=session)
    journal: Any = SimpleNamespace(outcome=sync.outcome, unsettled=[], learned=lambda *_: None)
    dataset: Any = SimpleNamespace(ledger=ledger, warehouse=sync)
    loader: Any = sync
    Checks(loader, dataset, reader, policy, journal, asks_again=asks_again).ranges([check])
    return sync.outcome


@pytest.mark.parametrize("asks_again", [False, True], ids=["old-verdict", "asked-to"])
def test_a_verdict_is_asked_again_once_for_all_parts_of_a_list_that_is_cut_off(*, asks_again: bool) -> None:
    server, home = world(30, unique=True, cut=8)
    server.put(12, "Paid", 500)
    learned = TODAY.subtract(days=0 if asks_again else VERDICT_DAYS)
    now, outcome = checked(ServerBehaviour(not_additive=OLD, learned=learned), server, home, asks_again=asks_again)
    assert now == ServerBehaviour(not_additive=OLD, learned=TODAY, whole_days=7, checked=now.checked)
    assert (home.rows, outcome.unproved) == (truth(server, home), [])
    assert server.calls[-3:] == ["2026-01-30", "2026-01-23..2026-01-29", "2026-01-16..2026-01-22"]
    assert outcome.not_summed == {("channels", "", "pageviews")}


def test_what_was_found_out_under_other_questions_is_forgotten_for_the_length_of_ranges_too() -> None:
    server, home = world(30)
    known = ServerBehaviour(not_additive=OLD, learned=TODAY, whole_days=3, asked_as="otherwise")
    now, outcome = checked(known, server, home)
    assert now == ServerBehaviour(asked_as="otherwise")
    assert (server.calls, outcome.not_summed, outcome.compared) == ([str(RANGE.window)], set(), {"channels"})


def test_a_single_window_says_nothing_of_what_adds_up_over_several() -> None:
    server, home = world(30, unique=True, cut=2)
    learned = TODAY.subtract(days=VERDICT_DAYS)
    now, _ = checked(ServerBehaviour(not_additive=OLD, learned=learned), server, home)
    assert now == ServerBehaviour(not_additive=OLD, learned=learned, whole_days=1)


def test_what_is_compared_by_sums_that_differ_by_rounding_is_named() -> None:
    server, home = world(30)
    exact, rounded = (checked(ServerBehaviour(rounded=one), server, home)[1] for one in (False, True))
    assert (exact.rounded, rounded.rounded) == (set(), {"channels"})


def test_a_window_whose_own_list_is_cut_off_is_named_where_nothing_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    server, home = world(30, cut=1)
    monkeypatch.setattr(Sync, "commits", False)
    _, outcome = checked(ServerBehaviour(), server, home)
    assert sorted(str(task.window) for task in outcome.truncated) == [str(day) for day in DAYS[:30]]


def bound(check: Task, ledger: Ledger) -> int:
    """Calls at most, as a plan has them."""
    windows = check.window.days if check.window else 0
    return calls_before(POLICY, ledger)(check) + search_calls(windows)


def test_a_plan_counts_the_calls_that_ask_an_old_verdict_again() -> None:
    server, home = world(2, unique=True)
    revenue = Server.rows

    def odd(window: Window) -> list[dict[str, Any]]:
        """Rows whose revenue does not add up either, but for those of the calls that ask the verdict again."""
        more = 5 if window.days > 1 and len(server.calls) in (0, 11) else 0
        return [row | {"revenue": row["revenue"] + more} for row in revenue(server, window)]

    server.rows = odd  # type: ignore[method-assign] # of this server only
    ledger, check = Ledger(), Task(CHANNELS, Window(DAYS[0].start, DAYS[1].end))
    ledger.learn(check, Grain.DAY, ServerBehaviour(not_additive=OLD, learned=TODAY.subtract(days=VERDICT_DAYS)))
    most = bound(check, ledger)
    ran(server, home, ledger, check)
    assert len(server.calls) == most == 12
    assert bound(check, ledger) == 6, "the verdict is fresh"


def runs_until_true(server: Server, home: Home, units: int, elsewhere: Sequence[Change] = ()) -> list[list[str]]:
    """Check with an allowance until what is loaded is proved; return what each run has asked for."""
    check = Task(CHANNELS, Window(DAYS[0].start, DAYS[len(home.rows) - 1].end))
    ledger, asked, is_proved = Ledger(), list[list[str]](), False
    while not is_proved and len(asked) < 200:
        server.calls.clear()
        server.answers = units
        ledger = Ledger.from_state({"coverage": json.loads(json.dumps(ledger.to_state()))})
        most = bound(check, ledger)
        outcome = ran(server, home, ledger, check, elsewhere=elsewhere)
        asked.append(list(server.calls))
        assert len(server.calls) <= most + len(elsewhere)
        is_proved = outcome.compared == {"channels"} and not outcome.unproved
        assert not is_proved or home.rows == truth(server, home), "nothing is claimed that is not so"
    assert is_proved, asked[-9:]
    return asked


def test_with_one_unit_a_run_each_run_halves_what_differs_and_the_range_is_proved_afterwards() -> None:
    server, home = world(30)
    server.put(12, "Email", 10)
    asked = runs_until_true(server, home, units=1)
    assert [call for (call,) in asked] == [
        "2026-01-01..2026-01-30",
        "2026-01-16..2026-01-30",
        "2026-01-08..2026-01-15",
        "2026-01-12..2026-01-15",
        "2026-01-14..2026-01-15",
        "2026-01-13",
        "2026-01-01..2026-01-30",
    ]


@pytest.mark.parametrize("units", range(3, 8))
@pytest.mark.parametrize(
    "pairs",
    [
        pytest.param(((3, 20, 50), (8, 25, 70), (11, 14, 90)), id="one-of-each"),
        pytest.param(((19, 20, 50), (24, 25, 70), (10, 11, 90)), id="pair-by-pair"),
    ],
)
def test_days_that_cancel_out_are_read_by_the_runs_after_one_that_has_come_to_no_end_of_them(
    pairs: Sequence[tuple[int, int, int]], units: int
) -> None:
    server, home = world(30)
    elsewhere = list[Change]()
    for day, other, cents in pairs:
        for place, moved in ((day, cents), (other, -cents)):
            server.put(place, "Email", 10 * moved)
            linear = Task(CHANNELS, variant=(("model", "linear"),))
            elsewhere.append(Change(linear, DAYS[place].start, "Email", "revenue", 900.0, 900 + moved / 100))
    asked = runs_until_true(server, home, units, elsewhere)
    days = [call for run in asked for call in run if ".." not in call]
    assert len(set(days)) == 6
    assert len(days) <= 8, "what was read is not read again because it may cancel out"


def test_what_was_read_before_its_day_changed_elsewhere_is_read_again_where_it_may_cancel_out() -> None:
    ledger, other = Ledger(), Task(CHANNELS, variant=(("model", "linear"),))
    ledger.note_suspect(RANGE, Grain.DAY, Suspect().with_read(DAYS[3:6]))
    ledger.note_changed(RANGE, [DAYS[4].start], Grain.DAY)
    assert [ledger.suspect(RANGE, Grain.DAY).was_read(day) for day in DAYS[3:6]] == [True] * 3, "it has read them"
    ledger.note_changed(other, [DAYS[4].start], Grain.DAY)
    kept = Ledger.from_state({"coverage": json.loads(json.dumps(ledger.to_state()))})
    assert [kept.suspect(RANGE, Grain.DAY).was_read(day) for day in DAYS[3:6]] == [True, False, True]


@pytest.mark.slow
@given(st.integers(2, 14), st.integers(1, 12), st.data())
@settings(max_examples=40, deadline=None)
def test_whatever_a_run_may_spend_what_is_loaded_is_true_in_the_end(days: int, units: int, data: st.DataObject) -> None:
    server, home = world(days)
    for day in data.draw(st.sets(st.integers(0, days - 1))):
        server.put(day, "Paid", 10 * data.draw(st.integers(1, 30)), data.draw(st.integers(0, 3)))
    runs_until_true(server, home, units)


@pytest.mark.slow
@given(st.integers(2, 10), st.integers(1, 12), st.sets(st.integers(0, 9)))
@settings(max_examples=40, deadline=None)
def test_what_does_not_add_up_keeps_no_changed_day_from_being_found(days: int, units: int, changed: set[int]) -> None:
    server, home = world(days, unique=True)
    for day in changed:
        server.put(day % days, "Paid", 500)
    ledger, check = Ledger(), Task(CHANNELS, Window(DAYS[0].start, DAYS[days - 1].end))
    for _ in range(10 * days):
        server.calls.clear()
        server.answers = units
        outcome = ran(server, home, ledger, check)
    assert home.rows == truth(server, home)
    is_learned = ledger.behaviour(check, Grain.DAY).not_additive == OLD
    is_proved = outcome.compared == {"channels"} and not outcome.unproved
    assert (is_learned, is_proved) == (units >= 6,) * 2, "six calls of two windows tell"
