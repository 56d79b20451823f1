"""A stand-in for the Atatus REST API, answering from a made-up world."""

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
