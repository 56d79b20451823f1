"""`elt forget`: erase a person from every personal table and keep them out."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace

from pipelines.destinations.destination import Destination
from pipelines.people.finding import PersonFinder
from pipelines.people.personal_tables import PersonalTables
from pipelines.running.config import RunConfig
from pipelines.storing.commit import Committer
from pipelines.storing.dataset import open_dataset
from pipelines.storing.forgotten_people import keep_out
from sources.rest.errors import ConfigurationError
from sources.rest.privacy.forgotten import Forgotten


def forget(
    config: RunConfig, *, email: str | None = None, customer_id: str | None = None, erase: bool = False
) -> Mapping[str, int]:
    """Count the rows of a person in every personal table; erase them, and keep the person out, if told so.

    Raises:
        ConfigurationError: something has to be changed before this can work.
        DestinationBusyError: another process holds the destination.
    """
    if not any(row.pii for row in config.catalogue.values()):
        raise ConfigurationError(f"{config.source.name} has no personal data")
    policy = config.policy
    target = config.target.for_personal_data()
    found = config.loaded_at(target)
    if found is None:
        raise ConfigurationError(
            f"the dataset {target.dataset_name} holds nothing of {config.profile}, as far as its name and key tell; if"
            " it was loaded under another one, a sync finds that out, and --all-profiles means those that have a name"
        )
    destination = Destination(found)
    with destination.lock(), ExitStack() as stack:
        dataset = open_dataset(destination, policy.grain, config.catalogue)
        stack.callback(dataset.warehouse.release)
        tables = PersonalTables(dataset.warehouse, config.privacy.catalogue)
        finder = PersonFinder(tables, config.privacy)
        person = finder.find(email=email, customer_id=customer_id)
        rows = tables.count(person)
        if erase:
            # first the list, so that nobody comes back if the rest is cut off
            forgotten = finder.kept_out(person, dataset.forgotten or Forgotten())
            keep_out(dataset.warehouse, forgotten)
            dataset.ledger.kept_out = len(forgotten.marks)
            dataset = replace(dataset, forgotten=forgotten)
            Committer(dataset, destination.load, grain=policy.grain, today=policy.today).commit([], None)
            tables.erase(person)
            dataset.warehouse.release()
            destination.rewrite()
    return rows
