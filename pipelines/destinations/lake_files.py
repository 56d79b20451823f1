"""Files of a lake that are made at once or not at all, and tables that are small enough to be one such file.

No transaction spans two files of a lake. What has to be decided between two writers is decided by whose file comes to
be: nobody can make one whose name is taken.
"""

import errno
import os
import re
import uuid
from collections.abc import Iterable
from typing import Final

import pyarrow as pa
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem
from pyarrow import parquet

from pipelines.destinations.verdicts import WrittenMeanwhileError
from sources.rest.errors import ConfigurationError

PROTOCOLS: Final = ("file", "s3")
"""Where it was tried that a name is given to one writer only: link(2), and `If-None-Match` of a PUT."""

_NUMBERED: Final = re.compile(r"(\d{12})\.parquet")

_KEPT: Final = 5
"""How many versions of such a table stay, so that whoever has just looked for the newest can read it."""

_TRIES: Final = 10


def create(files: AbstractFileSystem, path: str, content: bytes) -> None:
    """Make a file, whole, if there is none of its name.

    Raises:
        FileExistsError: there is one.
    """
    if isinstance(files, LocalFileSystem):
        part = _part(path, content)
        try:
            os.link(part, path)
        finally:
            os.unlink(part)  # noqa: PTH108 - the file system's own paths are texts
        return
    try:
        files.pipe_file(path, content, mode="create")
    except OSError as error:
        # s3fs tells a PUT whose condition fails (412), or that meets another one (409), by this number
        if isinstance(error, FileExistsError) or error.errno in (errno.EINVAL, errno.EBUSY):
            raise FileExistsError(path) from error
        raise


def put(files: AbstractFileSystem, path: str, content: bytes) -> None:
    """Make a file, whole, or put it in the place of another."""
    if isinstance(files, LocalFileSystem):
        os.replace(_part(path, content), path)  # noqa: PTH105 - as above
    else:
        files.pipe_file(path, content)


def make_folder(files: AbstractFileSystem, path: str) -> None:
    """Make a folder where there are folders; on S3 that would make a bucket, which is up to its owner."""
    if isinstance(files, LocalFileSystem):
        files.makedirs(path, exist_ok=True)


def names_in(files: AbstractFileSystem, folder: str) -> list[str]:
    """Names of what is in a folder now; none where it is not there."""
    files.invalidate_cache(folder)
    try:
        return [str(one).rstrip("/").rpartition("/")[2] for one in files.ls(folder, detail=False)]
    except FileNotFoundError:
        return []


def newest(names: Iterable[str]) -> int | None:
    """Number of the newest version among the files of a table; None where none is one."""
    return max((int(found[1]) for one in names if (found := _NUMBERED.fullmatch(one))), default=None)


def read_numbered(files: AbstractFileSystem, folder: str) -> tuple[int, pa.Table]:
    """Read the newest version of a table that is one file, and its number.

    Raises:
        FileNotFoundError: there is none.
    """
    for left in reversed(range(_TRIES)):
        number = newest(names_in(files, folder))
        if number is None:
            break
        try:
            return number, parquet.read_table(pa.BufferReader(files.cat_file(_version(folder, number))))
        except FileNotFoundError:
            if not left:  # each time others have gone on so far that this one was removed
                raise
    raise FileNotFoundError(folder)


def write_numbered(files: AbstractFileSystem, folder: str, content: pa.Table, number: int) -> None:
    """Write a version of a table that is one file.

    Args:
        files: where.
        folder: that of the table.
        content: all of its rows.
        number: that of the version which was read, and one more.

    Raises:
        WrittenMeanwhileError: somebody else has written one.
        ConfigurationError: the store would not notice.
    """
    table = folder.rpartition("/")[2]
    make_folder(files, folder)
    sink = pa.BufferOutputStream()
    parquet.write_table(content, sink)
    written = sink.getvalue().to_pybytes()
    try:
        create(files, _version(folder, number), written)
    except FileExistsError:
        raise WrittenMeanwhileError(table) from None
    if number == 1:
        _refuse_to_share(files, _version(folder, number), written)
    there = sorted(int(found[1]) for one in names_in(files, folder) if (found := _NUMBERED.fullmatch(one)))
    if there and there[-1] != number:  # the one before was removed since it was read, so long ago was that
        files.rm_file(_version(folder, number))
        raise WrittenMeanwhileError(table)
    for old in there[:-_KEPT]:
        remove(files, _version(folder, old))


def _refuse_to_share(files: AbstractFileSystem, path: str, content: bytes) -> None:
    """Make a file again that was just made, once in the life of a table: it has to fail."""
    try:
        create(files, path, content)
    except FileExistsError:
        return
    remove(files, path)
    raise ConfigurationError(
        "the store of this lake lets two writers make one file (a PUT with If-None-Match: * succeeds though there is"
        " one), so that nothing would keep two runs apart; use another store"
    )


def remove(files: AbstractFileSystem, path: str) -> None:
    """Remove a file, which somebody else may do at the same moment."""
    try:
        files.rm_file(path)
    except FileNotFoundError:
        return


def _version(folder: str, number: int) -> str:
    return f"{folder}/{number:012d}.parquet"


def _part(path: str, content: bytes) -> str:
    """Write a file beside the one that it is to become; a process that is killed meanwhile leaves it, hidden."""
    folder, _, name = path.rpartition("/")
    part = f"{folder}/.{name}.{uuid.uuid4().hex}"
    with open(part, "wb") as file:  # noqa: PTH123 - as above
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return part
