"""Tasks that are one call long."""

from pendulum import Date

from sources.atribu.endpoints import ENDPOINTS
from sources.rest.reading.tasks import Task, tasks_of
from sources.rest.windows import Grain, Window

TODAY = Date(2026, 2, 28)
DAY = Window(Date(2026, 2, 3), Date(2026, 2, 3))
FEBRUARY = Window(Date(2026, 2, 1), TODAY)
VALUES = {
    "model": ("last_touch",),
    "level": ("campaign",),
    "goal": ("payment_received",),
    "score_window": ("28d",),
}


def task_of(name: str, window: Window = DAY) -> Task:
    """The newest task of an endpoint over a window that is one call long."""
    grain = Grain.DAY if window == DAY else Grain.MONTH
    return tasks_of(ENDPOINTS[name], window, VALUES, grain, TODAY)[0]
