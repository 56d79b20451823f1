"""Load packages that an earlier run has made and not loaded: whether they may still be loaded."""

from pathlib import Path
from typing import cast

import dlt
from dlt.common.destination.client import WithStateSync
from dlt.common.destination.exceptions import DestinationUndefinedEntity
from dlt.common.storages.load_package import PackageStorage


def can_be_loaded(pipeline: dlt.Pipeline) -> bool:
    """Whether the normalised packages of a pipeline can be loaded without doubling or losing a row.

    Otherwise what they hold is read from the API again.
    """
    return not _died_while_copying(pipeline) and _follows_on(pipeline)


def _died_while_copying(pipeline: dlt.Pipeline) -> bool:
    """Whether a process died while it copied rows of a package: nobody can tell whether they arrived.

    To copy them again could double them. Statements that merge what was copied may run twice.
    """
    packages = map(pipeline.get_load_package_info, pipeline.list_normalized_load_packages())
    jobs = [
        job for package in packages for job in package.jobs["started_jobs"] if job.job_file_info.file_format != "sql"
    ]
    files = [Path(job.file_path) for job in jobs]
    return not all((file.parents[1] / PackageStorage.PENDING_TRANSITIONS_FOLDER / file.name).exists() for file in files)


def _follows_on(pipeline: dlt.Pipeline) -> bool:
    """Whether the destination is as it was when the package was made, ledger included.

    It is not when the file was deleted or replaced since, or when a run on another machine has gone on.
    """
    try:
        with pipeline.destination_client() as client:
            stored = cast("WithStateSync", client).get_stored_state(pipeline.pipeline_name)
    except DestinationUndefinedEntity:
        stored = None
    behind = pipeline.state["_state_version"] - (stored.version if stored else 0)
    return behind in (0, 1)
