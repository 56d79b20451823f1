"""Atatus: metrics of custom transactions, per project and day, as a dlt source."""

from sources.atatus.options import Options
from sources.atatus.source import atatus

__all__ = ["Options", "atatus"]
