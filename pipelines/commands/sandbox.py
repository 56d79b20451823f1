"""The sandbox servers, for `elt sandbox` and `elt sync --sandbox`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import pendulum
from pendulum import Date
from rich.console import Console
from starlette.applications import Starlette

from pipelines.destinations.named import SANDBOX
from sandbox import atatus, atribu
from sandbox.server import running as running_app
from sandbox.server import serve as serve_app
from sandbox.server.state import choices_of
from sources.rest.errors import ConfigurationError, did_you_mean

FIRST_DAY: Final = Date(2025, 4, 1)
"""First day of the sandbox's world; always the same, so that another day shows the same world a day later."""

QUICK_LIMIT: Final = 1000
"""Units per second in a demo: the world is on this machine, and nobody shares the key."""


@dataclass(frozen=True, kw_only=True)
class StandIn:
    """The sandbox of one source.

    Attributes:
        app: makes the server; given the last day of its world, the units and seconds of its rate limit, the options of
            each profile that it has a world of its own for, and settings.
        choices: settings that can be chosen, and their values by how they are written.
        base_path: where the API begins.
        options: what it takes to read from it.
        own: the same for a profile of a name.
    """

    app: Callable[[Date, int, float, Sequence[Mapping[str, str]], Mapping[str, Any]], Starlette]
    choices: Mapping[str, Mapping[str, object]]
    base_path: str
    options: Mapping[str, str]
    own: Callable[[str], Mapping[str, str]]


STAND_INS: Final[Mapping[str, StandIn]] = {
    "atribu": StandIn(
        app=lambda today, limit, period, profiles, chosen: _atribu(
            {"first_day": FIRST_DAY, "today": today, "limit": limit, "period": period, **chosen}, profiles
        ),
        choices=choices_of(atribu.Settings),
        base_path="/api/v1",
        options={"api_key": atribu.FULL_KEY},
        own=lambda name: {"api_key": f"{atribu.FULL_KEY}_{name}"},
    ),
    "atatus": StandIn(
        app=lambda today, limit, period, profiles, chosen: atatus.create_app(
            atatus.Settings(
                first_day=FIRST_DAY,
                as_of=today,
                limit=limit,
                period=period,
                keys={one["api_key"]: atatus.Key("Read") for one in profiles} or {atatus.READ_KEY: atatus.Key("Read")},
                projects=(*atatus.PROJECTS, *(one["projects"] for one in profiles)),
                **chosen,
            )
        ),
        choices=choices_of(atatus.Settings),
        base_path="/v2",
        options={"api_key": atatus.READ_KEY, "projects": ",".join(atatus.PROJECTS)},
        own=lambda name: {"api_key": f"{atatus.READ_KEY}{name}", "projects": name.encode().hex()},
    ),
}


def _atribu(settings: dict[str, Any], profiles: Sequence[Mapping[str, str]]) -> Starlette:
    """The Atribu sandbox, with a brand for each profile."""
    brands = {
        one["api_key"]: atribu.Settings(
            **settings, seed=seed, profile_id=str(UUID(int=seed)), keys={one["api_key"]: atribu.ALL_SCOPES}
        )
        for seed, one in enumerate(profiles, 2)
    }
    return atribu.create_app(atribu.Settings(**settings, brands=brands))


@contextmanager
def running(source: str, today: Date | None, profiles: Sequence[str]) -> Iterator[Mapping[str, Mapping[str, Any]]]:
    """Serve a sandbox while the block runs; give the options with which to read from it, for each profile."""
    one = STAND_INS[source]
    options = {name: one.own(name) if name else one.options for name in profiles}
    own = [found for name, found in options.items() if name]
    app = one.app(today or pendulum.today("UTC").date(), QUICK_LIMIT, 1.0, own, {})
    with running_app(app, base_path=one.base_path) as base_url:
        server = {"base_url": base_url, "rate_limit": QUICK_LIMIT, "rate_period": 1.0}
        yield {name: {**found, **server} for name, found in options.items()}


def serve(
    source: str, port: int, today: Date | None, rate_limit: int, rate_period: float, *, settings: Sequence[str] = ()
) -> None:
    """Serve a sandbox until interrupted.

    Args:
        source: whose.
        port: on this machine.
        today: last day of its world.
        rate_limit: units per period and key.
        rate_period: seconds of that period.
        settings: how it reads what its vendor leaves open, each as `name=value`.

    Raises:
        ConfigurationError: the port is taken or not allowed, or there is no such setting or value.
    """
    one = STAND_INS[source]
    chosen = dict(_chosen(one, text) for text in settings)
    options = {"base_url": f"http://127.0.0.1:{port}{one.base_path}", **one.options}
    variables = " ".join(f"SOURCES__{source}__{name}".upper() + f"={value}" for name, value in options.items())
    Console().print(
        f"serving the {source} sandbox, stop with Ctrl-C; read from it with\n"
        f"{variables} elt sync {source} --destination {SANDBOX}",
        soft_wrap=True,
        highlight=False,
    )
    try:
        serve_app(one.app(today or pendulum.today("UTC").date(), rate_limit, rate_period, (), chosen), port)
    except OSError as error:
        raise ConfigurationError(f"port {port} cannot be used: {error.strerror}") from None


def _chosen(one: StandIn, text: str) -> tuple[str, Any]:
    """Read a setting.

    Raises:
        ConfigurationError: there is none like it.
    """
    name, _, value = text.partition("=")
    if name not in one.choices:
        raise ConfigurationError(f"the sandbox has no setting {name!r}{did_you_mean(name, one.choices)}")
    if value.lower() not in one.choices[name]:
        raise ConfigurationError(f"setting {name} is one of {', '.join(one.choices[name])}, not {value!r}")
    return name, one.choices[name][value.lower()]
