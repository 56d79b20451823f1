"""Atribu: marketing attribution (campaigns, ROAS, conversions, revenue) as a dlt source."""

from sources.atribu.options import Options
from sources.atribu.source import atribu

__all__ = ["Options", "atribu"]
