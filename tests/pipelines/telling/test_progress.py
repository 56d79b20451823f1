"""How far a run is never looks like its end while nobody knows how much is to come."""

from collections.abc import Sequence

import pytest
from rich.progress import Progress

from pipelines.running.work import Work
from pipelines.telling import progress
from pipelines.telling.progress import ProfileProgress
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.calling.budget import Budget
from sources.rest.reading.tasks import Task
from tests.clock import Clock

DONE, OPEN = Task(ENDPOINTS["overview"]), Task(ENDPOINTS["goals"])


def work(found: Sequence[Task], to_come: Sequence[str]) -> Work:
    made = Work(Budget(60, 60.0), slice_units=60, clock=Clock())
    made.plan([DONE, *found], to_come=to_come, usual_load=12.0 if found else 0.0)
    made.end(DONE)
    return made


@pytest.mark.parametrize(
    ("found", "to_come", "line", "bar"),
    [
        pytest.param([], [], "1 of 1 units, about 0 s left", ("1", "0 s left"), id="the-end"),
        pytest.param(
            [],
            ["journeys"],
            "1 of at least 1 units (those of journeys are not known yet)",
            ("1+", "more left"),
            id="nothing-that-is-known",
        ),
        pytest.param(
            [OPEN],
            ["journeys"],
            "1 of at least 2 units (those of journeys are not known yet), at least 16 s left",
            ("2+", "16 s+ left"),
            id="something-that-is-known",
        ),
    ],
)
def test_a_line_and_a_bar_say_how_much_is_left(
    monkeypatch: pytest.MonkeyPatch,
    found: Sequence[Task],
    to_come: Sequence[str],
    line: str,
    bar: tuple[str, str],
) -> None:
    said, clock = list[str](), Clock()
    monkeypatch.setattr(progress, "note", said.append)
    drawn = Progress(disable=True)
    made = ProfileProgress(drawn, "", clock=clock)
    made.begin(work(found, to_come))
    clock.sleep(60.0)
    made.look()
    assert said[-1] == f"{line}; at work on the destination, or waiting for it"

    drawn.disable = False
    made.look()
    (task,) = drawn.tasks
    assert (task.fields["of"], task.fields["left"]) == bar
