"""`elt views`: models of the dbt package, and tables under names of the user's, as views; asks nothing of the API."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from pipelines.destinations.destination import Destination
from pipelines.destinations.errors import destination_errors
from pipelines.destinations.target import MODELS
from pipelines.running.config import RunConfig
from pipelines.sql.views import VIEWS
from pipelines.storing.dataset import open_dataset
from pipelines.storing.models import Model, buildable, models_of
from pipelines.storing.renamed import renamed_tables
from pipelines.storing.views import existing_tables, make_views
from sources.rest.errors import ConfigurationError
from sources.rest.windows import Grain


@dataclass(frozen=True, kw_only=True)
class Views:
    """What was made.

    Attributes:
        schema: where the views are.
        made: a view for each.
        lacking: what could not be made, and the tables that it needs.
    """

    schema: str
    made: Sequence[Model]
    lacking: Mapping[str, frozenset[str]]


def views(config: RunConfig) -> Views:
    """Make the models views in a schema beside the dataset, and the tables whose columns have other names.

    Raises:
        ConfigurationError: nothing is loaded, not by day, or something is in the way.
        DestinationBusyError: another process holds the destination.
    """
    names = config.renamed
    daily = config.policy.grain is Grain.DAY
    if not (daily or names):
        raise ConfigurationError(f"the models have a row per day, and option grain is {config.policy.grain}")
    target = config.loaded_at(config.target)
    if target is None:
        raise ConfigurationError(f"the dataset {config.target.dataset_name} holds nothing of {config.profile}")
    name, dataset_name = config.source.name, target.dataset_name
    places = {**target.places, VIEWS: f"{dataset_name}{MODELS}"}
    chosen = next(iter(config.options.values.get("model", ())), None)
    models = models_of(name, chosen) if daily else []
    if taken := {one.name for one in models} & names.keys():
        raise ConfigurationError(f"option rename: a view of the models is called {min(taken)} already")
    destination = Destination(target)
    with destination.lock(), ExitStack() as stack:
        dataset = open_dataset(destination, config.policy.grain, config.catalogue)
        stack.callback(dataset.warehouse.release)
        with destination_errors(destination.name), destination.turn():
            tables = existing_tables(dataset.pipeline, places, models)
            renamed = renamed_tables(dataset.warehouse, name, config.catalogue, names)
            if not (tables or renamed):
                raise ConfigurationError(
                    f"nothing is loaded into the dataset {dataset_name}; run elt sync {name} first"
                )
            made, lacking = buildable(models, tables)
            made += renamed
            gone = [one for one in (*reversed(lacking), *config.catalogue) if one not in {view.name for view in made}]
            make_views(dataset.pipeline, places, made, gone)
    return Views(schema=places[VIEWS], made=made, lacking=lacking)
