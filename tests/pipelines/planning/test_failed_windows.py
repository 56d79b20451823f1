"""Windows that fail in run after run are asked for less and less often, for at most a month."""

from pendulum import Date

from pipelines.planning.failed_windows import FailedWindows
from sources.rest.windows import Window

KEY, DAY, TODAY = "transactions|day|p1", Window(Date(2026, 3, 1), Date(2026, 3, 1)), Date(2026, 3, 31)


def test_the_longer_a_window_fails_the_longer_it_waits() -> None:
    failed, gaps = FailedWindows(), []
    for _ in range(8):
        failed.failed(KEY, DAY, TODAY)
        again = FailedWindows.from_state(failed.to_state()).waits(KEY, DAY, TODAY)
        gaps.append((again - TODAY).days if again else 0)
    assert gaps == [0, 1, 3, 7, 15, 31, 31, 31]


def test_an_answer_forgets_them_and_a_day_that_a_wrong_clock_has_noted_holds_nobody_up() -> None:
    failed = FailedWindows()
    for _ in range(3):
        failed.failed(KEY, DAY, TODAY.add(years=1))
    assert failed.waits(KEY, DAY, TODAY) is None
    failed.answered(KEY, DAY)
    assert (failed.has(KEY, DAY), failed.to_state()) == (False, {})
