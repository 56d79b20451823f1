"""What is given on the command line, read as what it stands for."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pendulum import Date

from pipelines.destinations.trust import trust_settings
from pipelines.telling.log import STREAM, warn
from sources.rest.errors import ConfigurationError, did_you_mean
from sources.rest.windows import DAYS, known_day

if TYPE_CHECKING:
    from pipelines.destinations.ledgers import Profile
    from pipelines.planning.request import Request
    from pipelines.running.profiles import Done
    from pipelines.telling.operating import Operating
    from sources.rest.vendor.source import Source

UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
"""Last letter of an age, and how long it is."""

_DIGITS: Final = 6


def request(
    destination: str,
    dataset: str | None,
    *,
    resources: str | None = None,
    since: str | None = None,
    until: str | None = None,
    today: str | None = None,
    full: bool = False,
) -> "Request":
    """What is asked for, with texts read as what they stand for.

    Raises:
        ConfigurationError: one of them stands for nothing.
    """
    from pipelines.planning.request import Request  # noqa: PLC0415 - see `pipelines.cli`

    return Request(
        resources=_names(resources),
        since=day("--since", since),
        until=day("--until", until),
        today=day("--today", today),
        destination=destination,
        dataset=_named(dataset) or "",
        full=full,
    )


@contextmanager
def configured(
    source_name: str,
    asked: "Request",
    profiles: str | None,
    *,
    everyone: bool,
    sandbox: bool = False,
    keyless: bool = False,
    **given: Any,
) -> Iterator[list["Done[Any]"]]:
    """Give what a command is about, for each profile, with its options read from files and environment.

    Args:
        source_name: name of the source.
        asked: what is asked for.
        profiles: their names, with commas between; None for the one without a name.
        everyone: all profiles that are configured.
        sandbox: everything is read from a made-up world.
        keyless: the command makes no calls, so that it runs without a key.
        given: options of the command line.

    Raises:
        ConfigurationError: there is no such profile, or the settings cannot be read.
    """
    operated()
    from pipelines.destinations.errors import destination_errors  # noqa: PLC0415 - see `pipelines.cli`
    from pipelines.destinations.ledgers import Profile  # noqa: PLC0415 - as above
    from pipelines.running.profiles import with_something_of_their_own  # noqa: PLC0415 - as above
    from sources.rest.calling.keys import fingerprint_of  # noqa: PLC0415 - as above
    from sources.rest.options.sections import chosen_profiles, profile_names  # noqa: PLC0415 - as above

    source: Source = import_module(f"sources.{source_name}.source").SOURCE
    with ExitStack() as stack:
        # what dlt says of files that it cannot read becomes advice
        with destination_errors(asked.destination, personal=True):
            names = chosen_profiles(source.name, profiles, everyone=everyone)
            keys = {name: source.fingerprints(name) for name in {*profile_names(source.name), *names}}
        worlds: Mapping[str, Mapping[str, Any]]
        worlds = {name: source.without_key(name) if keyless else {} for name in names}
        if sandbox:
            from pipelines.commands.sandbox import running  # noqa: PLC0415 - as above

            worlds = stack.enter_context(running(source.name, asked.today, names))
            keys = {name: (fingerprint_of(options["api_key"]),) for name, options in worlds.items()}
        places = {name: asked.dataset or source.dataset(name) for name in keys}

        def profile(name: str) -> Profile:
            others = (theirs for other, theirs in keys.items() if other != name and places[other] == places[name])
            elsewhere = frozenset(key for theirs in others for key in theirs)
            return Profile(name=name, keys=keys[name], elsewhere=elsewhere)

        yield with_something_of_their_own(
            [_configured(source, asked, profile(name), {**given, **worlds[name]}) for name in names]
        )


def operated() -> "Operating":
    """Read how the program tells what it does, and tell it so from now on.

    Raises:
        ConfigurationError: an option of `[elt]` cannot work, or the settings cannot be read.
    """
    _refuse_lost_folder()
    for open_to_all in trust_settings(Path("destinations.toml")):  # before dlt reads any
        warn(open_to_all)
    from pipelines.destinations.errors import destination_errors  # noqa: PLC0415 - see `pipelines.cli`
    from pipelines.telling.operating import Operating  # noqa: PLC0415 - as above
    from sources.rest.options.resolve import resolve  # noqa: PLC0415 - as above
    from sources.rest.options.sections import ProgramSection  # noqa: PLC0415 - as above

    with destination_errors("", personal=True):  # what dlt says of files that it cannot read becomes advice
        options = resolve(Operating, ProgramSection(""), {})
    if options.log_format:
        STREAM.log_format = STREAM.log_format or options.log_format
    return options


def _configured(source: "Source", asked: "Request", profile: "Profile", given: Mapping[str, Any]) -> "Done[Any]":
    from pipelines.running.config import RunConfig  # noqa: PLC0415 - see above
    from pipelines.running.profiles import Done  # noqa: PLC0415 - see above

    try:
        options = source.configured(profile.name, **given)
    except ConfigurationError as error:
        return Done(name=profile.name, error=error)
    return Done(name=profile.name, config=RunConfig(source, options, asked, profile))


def day(option: str, value: str | None) -> Date | None:
    """Read a day of the command line.

    Raises:
        ConfigurationError: it is none.
    """
    try:
        return known_day(value) if value else None
    except ValueError:
        raise ConfigurationError(f"{option} takes a day as YYYY-MM-DD, {DAYS}, not {value!r}") from None


def named_values(option: str, texts: Sequence[str]) -> dict[str, str]:
    """Read values with their names, each as `name=value`.

    Raises:
        ConfigurationError: one of them is none.
    """
    found = dict(text.partition("=")[::2] for text in texts)
    for name, value in found.items():
        if not name or not value:
            raise ConfigurationError(f"{option} takes name=value, not {name or '='}")
    return found


def ages(texts: Sequence[str], resources: Mapping[str, object]) -> dict[str, timedelta] | None:
    """Read how old resources may be, each as `26h` or `channels=3d`; None where nobody asks.

    Args:
        texts: as they are given.
        resources: names that there are.

    Raises:
        ConfigurationError: one of them is none, or names no resource.
    """
    found = {}
    for text in texts:
        name, _, age = text.rpartition("=")
        if name and name not in resources:
            raise ConfigurationError(f"--max-age: there is no resource {name!r}{did_you_mean(name, resources)}")
        number, unit = age[:-1], UNITS.get(age[-1:])
        if unit is None or not number.isdecimal() or len(number) > _DIGITS:
            raise ConfigurationError(f"--max-age takes an age as 90m, 26h or 3d, or resource=3d, not {text!r}")
        found[name] = int(number) * unit
    return found or None


def _refuse_lost_folder() -> None:
    try:
        os.getcwd()  # noqa: PTH109 - the call itself is what fails
    except OSError as error:
        raise ConfigurationError(
            f"the folder that this was started in cannot be read ({error.strerror}); go to one that is there"
        ) from None


def _named(dataset: str | None) -> str | None:
    if dataset and not any(map(str.isalnum, dataset)):
        raise ConfigurationError("--dataset takes a name with letters or digits")
    return dataset


def _names(text: str | None) -> tuple[str, ...]:
    names = tuple(name.strip() for name in (text or "").split(",") if name.strip())
    if text is not None and not names:
        raise ConfigurationError("--resources names none; leave it out for the default ones")
    return names
