"""Files that are there whole or as they were before, and that whoever reads them meanwhile sees so."""

import os
import tempfile
from pathlib import Path
from typing import Final

PRIVATE: Final = 0o600
"""For the user alone."""


def write_whole(file: Path, content: bytes, mode: int = PRIVATE) -> None:
    """Put a file in the place of the one that may be there, at once.

    Args:
        file: where; its folder is there.
        content: all of it.
        mode: who may read it; nobody else can before.

    Raises:
        OSError: it cannot be written; the one that was there stays.
    """
    handle, name = tempfile.mkstemp(dir=file.absolute().parent, prefix=f".{file.name}.")  # for the user alone
    made = Path(name)
    try:
        with os.fdopen(handle, "wb") as written:
            written.write(content)
            written.flush()
            os.fsync(written.fileno())
        made.chmod(mode)
        made.replace(file)
    except BaseException:
        made.unlink(missing_ok=True)
        raise
