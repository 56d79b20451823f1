"""What goes wrong with a destination says what to do about it."""

import errno
import os

import pytest
from dlt.destinations.exceptions import DatabaseTransientException

from pipelines.destinations.errors import destination_errors
from pipelines.destinations.waiting import DestinationBusyError


@pytest.mark.parametrize(
    ("error", "says"),
    [
        pytest.param(
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/srv/elt/local.duckdb"),
            "No space left on device: '/srv/elt/local.duckdb'; make room on that disk, and run again",
            id="full-disk",
        ),
        pytest.param(
            DatabaseTransientException(OSError("could not extend file: No space left on device")),
            "could not extend file: No space left on device; make room on that disk, and run again",
            id="full-disk-of-a-server",
        ),
        pytest.param(OSError(errno.EIO, os.strerror(errno.EIO)), "Input/output error; run again later", id="other"),
    ],
)
def test_a_full_disk_wants_room_and_anything_else_time(error: Exception, says: str) -> None:
    with pytest.raises(DestinationBusyError) as caught, destination_errors("local"):
        raise error
    assert str(caught.value).endswith(says)
