"""`elt sync`: load what is new, missing or restated."""

from pipelines.planning.plan import plan
from pipelines.running.config import RunConfig
from pipelines.running.datasets import each_dataset
from pipelines.running.outcome import Outcome
from pipelines.running.prepare import DatasetRun, prepared_run
from pipelines.running.together import Together
from pipelines.running.work import Watcher
from pipelines.storing.history import SYNC


def sync(config: RunConfig, watcher: Watcher | None = None, together: Together | None = None) -> Outcome:
    """Load what is new, missing or restated, and return what happened.

    Args:
        config: what to load.
        watcher: sees the run go on.
        together: what it shares with the runs of other profiles.

    Raises:
        ApiError: the key is refused before anything is read.
        ConfigurationError: something has to be changed before this can work.
        DestinationBusyError: another process holds the destination.
    """
    with prepared_run(SYNC, config, plan, watcher, together or Together()) as prepared:
        prepared.scopes.warn_unused(include_pii=config.include_pii)

        def load(part: DatasetRun) -> Outcome:
            return part.run.execute(part.plan, tuple if part.personal else prepared.extra_resources)

        return each_dataset(prepared, load)
