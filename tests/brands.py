"""Several profiles behind one address: a key, a world, a rate limit each; and how they are configured."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, Final
from uuid import NAMESPACE_DNS, uuid5

from sandbox.atribu import ALL_SCOPES, Settings, Size, create_app, running
from sandbox.atribu.state import Sandbox

SMALL: Final = Size(visits_per_day=20, conversions_per_day=3, campaigns=2, ad_sets=1, ads=1, pages=5, keywords=5)
FIRST_DAY: Final = date(2026, 1, 1)


def key_of(name: str) -> str:
    """Key of a profile."""
    return f"atb_live_of_{name}"


def id_of(name: str) -> str:
    """The vendor's id of a profile."""
    return str(uuid5(NAMESPACE_DNS, name))


def brand(name: str, **settings: Any) -> Settings:
    """Make the settings of a profile: nobody else has its world."""
    usual = {"limit": 1_000_000, "period": 1.0, "size": SMALL, "first_day": FIRST_DAY, "levels": "own_ids"}
    own = {"profile_id": id_of(name), "keys": {key_of(name): ALL_SCOPES}}
    return Settings(**{**usual, **own, **settings})


@contextmanager
def served_brands(
    names: Sequence[str], differing: Mapping[str, Mapping[str, Any]] | None = None, **settings: Any
) -> Iterator[tuple[Mapping[str, Sandbox], str]]:
    """Serve profiles; give the sandbox of each, and their address.

    Args:
        names: of the profiles.
        differing: settings of single ones.
        settings: of all of them.
    """
    own = {
        key_of(name): brand(name, **{"seed": seed, **settings, **(differing or {}).get(name, {})})
        for seed, name in enumerate(names, 2)
    }
    app = create_app(Settings(keys={}, brands=own, size=SMALL))
    with running(app) as url:
        yield {name: app.state.sandbox.brands[key_of(name)] for name in names}, url


def variables(url: str, names: Sequence[str], **options: Any) -> dict[str, str]:
    """Variables of the environment that configure the profiles, and options that all of them have."""
    common = {"BASE_URL": url, "RATE_LIMIT": 1000, "RATE_PERIOD": 1.0, **options}
    found = {f"SOURCES__ATRIBU__{name}": str(value) for name, value in common.items()}
    return found | {f"SOURCES__ATRIBU__PROFILES__{name.upper()}__API_KEY": key_of(name) for name in names}
