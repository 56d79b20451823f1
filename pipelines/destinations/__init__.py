"""Where rows go: destinations by name, opened, locked, and what their errors mean."""

import ctypes
import os
import warnings
from contextlib import suppress
from typing import Final

SETTINGS: Final = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",
    "LOAD__DELETE_COMPLETED_JOBS": "true",
    "LOAD__TRUNCATE_STAGING_DATASET": "true",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}
"""Promises that hold in whatever folder a run is started: no telemetry, nothing loaded stays behind, and memory of a
slice goes back to the system (Arrow's own pool keeps a hundred megabytes more)."""

# dlt and Arrow read them once, when they are first used
for _name, _value in SETTINGS.items():
    os.environ.setdefault(_name, _value)

_MMAP_THRESHOLD: Final = -3, 1024 * 1024
"""glibc's option: bytes from which on a piece of memory is the system's again once it is freed. By itself glibc raises
it with every large piece that is freed, so that memory of one commit lies between what the next ones need and is kept,
more of it with each (https://man7.org/linux/man-pages/man3/mallopt.3.html). With its default of 128 kB a load takes a
tenth longer."""

# other systems have no such option: None names no library, or the library has no such function
with suppress(TypeError, OSError, AttributeError):
    ctypes.CDLL(None).mallopt(*_MMAP_THRESHOLD)

# said of dlt's own statement, once in every run through SQLAlchemy
warnings.filterwarnings("ignore", "implicitly coercing SELECT object to scalar subquery")

# a window that is read for the first time replaces nothing
warnings.filterwarnings("ignore", "Delete operation did not match any records")
