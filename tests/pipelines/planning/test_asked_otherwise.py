"""What was loaded by questions that are put otherwise now is looked at again, all of it, and old verdicts too."""

from dataclasses import replace

import pytest

from pipelines.planning.plan import plan
from pipelines.planning.server_behaviour import ServerBehaviour
from sources.atribu.api import ATRIBU
from sources.rest.windows import Window
from tests.pipelines.planning.planned import CHANNELS, POLICY, TODAY, days, ledger_of

EVERYTHING = Window(TODAY.subtract(days=300), TODAY.subtract(days=1))
CUT = Window(TODAY.subtract(days=40), TODAY.subtract(days=31))
ASKED = replace(ATRIBU.date_range, end_exclusive=True)
NOW = replace(POLICY, date_range=ATRIBU.date_range)
ALL_METRICS = frozenset(CHANNELS.additive)


def known(**facts: object) -> ServerBehaviour:
    return ServerBehaviour(checked=TODAY, **facts)  # type: ignore[arg-type] # facts of any kind


@pytest.mark.parametrize(
    ("behaviour", "checked", "read_again"),
    [
        pytest.param(known(), 90, 0, id="not-known-how"),
        pytest.param(known(asked_as=str(ATRIBU.date_range)), 90, 0, id="as-now"),
        pytest.param(known(asked_as=str(ASKED)), 300, 0, id="otherwise"),
        pytest.param(known(asked_as=str(ASKED), not_additive=ALL_METRICS, learned=TODAY), 300, 0, id="and-a-verdict"),
        pytest.param(known(asked_as=str(ASKED), whole_days=7, cut=(CUT,)), 290, 10, id="and-lists-that-are-cut-off"),
        pytest.param(known(asked_as=str(ATRIBU.date_range), whole_days=7, cut=(CUT,)), 80, 0, id="cut-off-as-now"),
        pytest.param(known(not_additive=ALL_METRICS, learned=TODAY.subtract(days=6)), 0, 90, id="verdict-of-the-week"),
        pytest.param(known(not_additive=ALL_METRICS, learned=TODAY.subtract(days=7)), 90, 90, id="old-verdict"),
        pytest.param(known(not_additive=ALL_METRICS), 90, 90, id="verdict-of-an-earlier-version"),
    ],
)
def test_how_days_were_asked_for_decides_what_is_looked_at(
    behaviour: ServerBehaviour, checked: int, read_again: int
) -> None:
    made = plan([CHANNELS], days("2026-03-31"), NOW, ledger_of([EVERYTHING], behaviour))
    assert sum(task.window.days for task in made.checks if task.window) == checked
    assert sum(task.window.days for task in made.again if task.window) == read_again
