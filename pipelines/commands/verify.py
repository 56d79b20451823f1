"""`elt verify`: prove that what is loaded is what the API says."""

from pipelines.planning.plan import proof_plan
from pipelines.running.config import RunConfig
from pipelines.running.datasets import each_dataset
from pipelines.running.outcome import Outcome
from pipelines.running.prepare import DatasetRun, prepared_run
from pipelines.running.together import Together
from pipelines.running.work import Watcher
from pipelines.storing.history import VERIFY


def verify(
    config: RunConfig, *, repair: bool = False, watcher: Watcher | None = None, together: Together | None = None
) -> Outcome:
    """Compare everything loaded with what the API says; the outcome's changes are the differences.

    Personal rows are left out: every sync counts them.

    Args:
        config: what to prove.
        repair: load the windows that differ again.
        watcher: sees the run go on.
        together: what it shares with the runs of other profiles.

    Raises:
        ConfigurationError: something has to be changed before this can work.
        DestinationBusyError: another process holds the destination.
    """
    config = config.without_personal_data()
    with prepared_run(VERIFY, config, proof_plan, watcher, together or Together()) as prepared:
        chosen = {row.name for row in config.endpoints}

        def prove(part: DatasetRun) -> Outcome:
            outcome = part.run.verify(part.plan, repair=repair)
            outcome.not_compared = (part.ledger.endpoints() & chosen) - outcome.compared
            outcome.as_read, outcome.texts = {}, {}
            for row in config.endpoints:
                if row.name in outcome.compared and not row.by_day:
                    rest = [one for one in row.columns if not (one.key or one.additive or one.name in row.sum_by)]
                    outcome.as_read[row.name] = tuple(one.name for one in rest if one.is_metric)
                    outcome.texts[row.name] = tuple(one.name for one in rest if not one.is_metric)
            outcome.left_out = {row.name: row.left_out for row in config.endpoints if row.left_out}
            return outcome

        return each_dataset(prepared, prove)
