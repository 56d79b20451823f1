"""A stand-in for the Atatus REST API, answering from a made-up world.

A call comes in at `app`, its key is found by `keys`, its path by `resources`, its time range by `timing`, and it is
answered in `answers` from `world`. `state` is what a test holds in its hand.
"""

from functools import partial

from sandbox import server
from sandbox.atatus.app import BASE_PATH, create_app
from sandbox.atatus.settings import (
    ADMIN_KEY,
    PROJECTS,
    QUIET_PROJECT,
    READ_KEY,
    READ_WRITE_KEY,
    WRITE_KEY,
    Key,
    Settings,
    Size,
)
from sandbox.server import serve
from sandbox.server.faults import Fault

__all__ = [
    "ADMIN_KEY",
    "PROJECTS",
    "QUIET_PROJECT",
    "READ_KEY",
    "READ_WRITE_KEY",
    "WRITE_KEY",
    "Fault",
    "Key",
    "Settings",
    "Size",
    "create_app",
    "running",
    "serve",
]

running = partial(server.running, base_path=BASE_PATH.rstrip("/"))
