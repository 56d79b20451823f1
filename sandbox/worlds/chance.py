"""Repeatable chance: the same seed always gives the same sequence, whatever else was drawn before."""

import random
import uuid


def seeded(*parts: object) -> random.Random:
    """Give a random generator that depends on `parts` only."""
    return random.Random(":".join(map(str, parts)))  # noqa: S311 - a made-up world has to be repeatable, not secret


def chance(rng: random.Random, share: float) -> bool:
    """Tell whether something that happens in `share` (0 to 1) of all cases happens now."""
    return rng.random() < share


def make_uuid(rng: random.Random) -> str:
    """Draw a UUID, as text."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))
