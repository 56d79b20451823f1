"""Load packages that an earlier run has made and not loaded: whether they may still be loaded."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Final, cast

import dlt
import pendulum
import pyarrow as pa
from dlt.common.destination.client import WithStateSync
from dlt.common.destination.exceptions import DestinationUndefinedEntity
from dlt.common.storages.load_package import PackageStorage

ASIDE_MAX: Final = 3
"""Most folders with packages that were set aside; of more the oldest are removed, so that they fill no disk."""


def can_be_loaded(pipeline: dlt.Pipeline, state_before: str | None) -> bool:
    """Whether the normalised packages of a pipeline can be loaded without doubling or losing a row.

    Otherwise what they hold is read from the API again.

    Args:
        pipeline: has made them.
        state_before: what `stored_state` said when it began to.
    """
    if not _can_be_read(Path(pipeline.working_dir)):
        return False
    # the package may have brought its state before the process died; to load it again then changes nothing
    seen = {state_before, *pipeline.list_normalized_load_packages()}
    return not _died_while_copying(pipeline) and stored_state(pipeline) in seen


def _can_be_read(folder: Path) -> bool:
    """Whether the files of the normalised packages are whole: after a power cut some may be empty or cut off.

    A database would say of them what it says of a disk that fails, for ever.
    """
    from pyarrow import parquet  # noqa: PLC0415 - hardly ever is something left to be loaded

    try:
        for file in folder.glob("load/normalized/*/*.json"):
            json.loads(file.read_bytes())
        for file in folder.glob("load/normalized/*/*_jobs/*"):
            if file.suffix == ".parquet":
                parquet.read_metadata(file)
            elif not file.stat().st_size:
                return False
    except (ValueError, OSError, pa.ArrowException):
        return False
    return True


def _died_while_copying(pipeline: dlt.Pipeline) -> bool:
    """Whether a process died while it copied rows of a package: nobody can tell whether they arrived.

    To copy them again could double them. Statements that merge what was copied may run twice, and so may what brings
    files into a table of a lake (`reference`): each replaces rows by key.
    """
    packages = map(pipeline.get_load_package_info, pipeline.list_normalized_load_packages())
    jobs = [
        job
        for package in packages
        for job in package.jobs["started_jobs"]
        if job.job_file_info.file_format not in ("sql", "reference")
    ]
    files = [Path(job.file_path) for job in jobs]
    return not all((file.parents[1] / PackageStorage.PENDING_TRANSITIONS_FOLDER / file.name).exists() for file in files)


def stored_state(pipeline: dlt.Pipeline) -> str | None:
    """Load id of the package that the destination has its state from, ledger included; None where it has none.

    It is another one when the file was deleted or replaced, or when another program has gone on.
    """
    try:
        with pipeline.destination_client() as client:
            stored = cast("WithStateSync", client).get_stored_state(pipeline.pipeline_name)
    except DestinationUndefinedEntity:
        return None
    return stored._dlt_load_id if stored else None  # noqa: SLF001 - a field that is called as its column


def set_aside(pipeline: dlt.Pipeline, aside: Path) -> Path:
    """Move the normalised packages of a pipeline to a private folder of their own; return it.

    The newest few such folders are kept.

    Args:
        pipeline: has made them.
        aside: folder above; it is made.
    """
    aside.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = Path(tempfile.mkdtemp(prefix=f"{pendulum.now('UTC'):%Y%m%dT%H%M%S}-", dir=aside))
    for package in Path(pipeline.working_dir).glob("load/normalized/*"):
        shutil.move(package, folder)
    for old in sorted(aside.iterdir())[:-ASIDE_MAX]:
        shutil.rmtree(old)
    for path in (aside, *aside.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return folder
