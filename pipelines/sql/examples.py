"""Queries for a person to try."""

from typing import Final

CHANNELS: Final = """\
SELECT value AS channel, round(sum(revenue), 2) AS revenue, sum(conversions) AS conversions
FROM atribu.channels
GROUP BY channel ORDER BY revenue DESC LIMIT 5"""
"""Which channels earned what, in a DuckDB file."""
