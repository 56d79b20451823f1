"""`elt sync`: load what is new, missing or restated."""

from pipelines.planning.plan import plan
from pipelines.running.config import RunConfig
from pipelines.running.datasets import each_dataset
from pipelines.running.job import Job, Watcher, opened
from pipelines.running.outcome import Outcome


def sync(config: RunConfig, watcher: Watcher | None = None) -> Outcome:
    """Load what is new, missing or restated, and return what happened.

    Raises:
        ApiError: the key is refused before anything is read.
        ConfigurationError: something has to be changed before this can work.
        DestinationBusyError: another process holds the destination.
    """
    with opened(config, plan, watcher) as work:

        def load(job: Job) -> Outcome:
            return job.run.execute(job.plan, tuple if job.personal else work.extra_resources)

        return each_dataset(work, load)
