"""A stand-in for the Atatus REST API, answering from a synthetic world."""

from sandbox.atatus.app import create_app
from sandbox.atatus.server import running, serve
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
from sandbox.faults import Fault

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
