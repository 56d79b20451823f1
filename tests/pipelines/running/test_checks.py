"""What checks have found out of a server is asked again when it is old, also where lists are proved in parts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from pendulum import Date

from pipelines.planning.ledger import Ledger
from pipelines.planning.policy import VERDICT_DAYS, Policy
from pipelines.planning.server_behaviour import ServerBehaviour
from pipelines.proving.changes import ChangedDays
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
    """A sync that checks what is loaded of a server."""

    server: Server
    home: Home
    ledger: Ledger
    outcome: Outcome

    commits = True
    slice_units = 100

    @property
    def detector(self) -> Any:
        return SimpleNamespace(changed_days=ChangedDays())

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
    sync = Sync(server, home, ledger, Outcome())
    reader: Any = SimpleNamespace(endpoints={}, session=SimpleNamespace(api=SimpleNamespace(not_additive_advice="")))
    journal: Any = SimpleNamespace(outcome=sync.outcome, unsettled=[], learned=lambda *_: None)
    dataset: Any = SimpleNamespace(ledger=ledger, warehouse=sync)
    loader: Any = sync
    Checks(loader, dataset, reader, policy, journal, asks_again=asks_again).ranges([RANGE])
    return ledger.behaviour(RANGE, Grain.DAY), sync.outcome


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


def test_a_window_whose_own_list_is_cut_off_is_named_where_nothing_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    server, home = world(30, cut=1)
    monkeypatch.setattr(Sync, "commits", False)
    _, outcome = checked(ServerBehaviour(), server, home)
    assert sorted(str(task.window) for task in outcome.truncated) == [str(day) for day in DAYS[:30]]
