"""How things come to happen: ads, visits and conversions, made day by day from a seed."""

from sandbox.atribu.world.growth import World
from sandbox.atribu.world.population import PopulatedWorld

__all__ = ["PopulatedWorld", "World"]
