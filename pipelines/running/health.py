"""Whether somebody has to look: what is older than it may be, and what in the last runs does not heal by itself."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Final

from pipelines.running.config import RunConfig
from pipelines.running.endings import LastEnd
from pipelines.running.exit_codes import WELL, ExitCode, named_code
from pipelines.storing.history import KILLED, RUNNING, SYNC, VERIFY, RunRow
from pipelines.storing.status import Freshness
from sources.rest.catalogue.endpoints import Kind

LOOKED_BACK: Final = timedelta(days=14)
"""How far back runs say something of today."""

ALLOWANCE_DAYS: Final = 3
"""Days in a row on which every run has stopped at its allowance: from then on nobody can believe that it catches up."""

RUN_HOURS: Final = 24
"""Hours after which a run that is still at work is believed to hang."""

MaxAges = Mapping[str, timedelta]
"""Resource -> how long ago it may have been read last; the empty name stands for all others."""


def trouble(
    runs: Sequence[RunRow],
    keys: Sequence[str],
    key: str,
    now: datetime,
    *,
    ends: Mapping[str, LastEnd],
    error_of: Callable[[str], str],
) -> Iterator[str]:
    """Say what the last runs of a profile into one dataset say that needs a person.

    A proof loads nothing, so that it does not hide how the last sync went; a sync that came later hides a proof.

    Args:
        runs: the last ones, newest first.
        keys: fingerprints of the keys that are configured.
        key: that of the one that was used last.
        now: the present moment.
        ends: how runs from this machine have ended that did not end well, by command; some leave no row.
        error_of: tells what has failed in the run of an id, as far as its rows tell.
    """
    syncs = [run for run in runs if run.command != VERIFY]
    yield from _of_last(SYNC, next(iter(syncs), None), ends.get(SYNC), now, error_of)
    yield from _of_last(VERIFY, next(iter(runs), None), ends.get(VERIFY), now, error_of)
    stopped = list(takewhile(lambda run: run.exit_code == ExitCode.ALLOWANCE, syncs))
    days = {run.started_at.date() for run in stopped}
    if len(days) >= ALLOWANCE_DAYS:
        yield (
            f"every run of {len(days)} days has stopped at its allowance: raise max_units or max_minutes, or load fewer"
            " resources"
        )
    if key and key in keys[1:]:
        yield "api_key is refused and next_api_key is used: put it in the place of api_key"


def _of_last(
    command: str, run: RunRow | None, here: LastEnd | None, now: datetime, error_of: Callable[[str], str]
) -> Iterator[str]:
    """Say how the last run of a command went, unless a newer one of another command is what counts."""
    is_other = run is not None and command == VERIFY and run.command != VERIFY
    # what is remembered here, to the second, says more, unless another machine or command has run since
    since = None
    if run:
        since = run.started_at if is_other else run.started_at.replace(microsecond=0)
    if here and (since is None or datetime.fromisoformat(here.at) >= since):
        is_same = run is not None and run.exit_code == here.exit_code
        began = run.started_at if run and is_same else datetime.fromisoformat(here.at)  # else it has left no row
        yield _ended(command, began, here.exit_code, here.error)
    elif run is None or is_other:
        return
    elif run.outcome == KILLED:
        yield (
            f"the {command} of {_moment(run.started_at)} was killed, or could not write how it ended: see its lines in"
            " the log, and whether memory or disk are full"
        )
    elif run.outcome == RUNNING and now - run.started_at > timedelta(hours=RUN_HOURS):
        yield f"a {command} is at work since {_moment(run.started_at)}: it may hang"
    elif run.exit_code is not None and run.exit_code not in WELL:
        yield _ended(command, run.started_at, run.exit_code, error_of(run.run_id))


def stale(config: RunConfig, loaded: Sequence[Freshness], ages: MaxAges, now: datetime) -> Iterator[str]:
    """Say which resources are older than they may be, or lack something.

    The age of all others holds for what a sync would load and was asked for before: a scope that lacks is told by the
    exit code of the run. Details are read only where somebody's figures have changed, so that they have no age.

    Args:
        config: what a sync would load.
        loaded: how far each resource is loaded.
        ages: how old it may be.
        now: the present moment.
    """
    if not loaded:
        yield "nothing is loaded yet"
    chosen = {row.name for row in config.endpoints if "" in ages} | (ages.keys() - {""})
    alike: dict[str, list[str]] = defaultdict(list)
    for name, row in config.catalogue.items():
        if name not in chosen or row.kind is Kind.DETAIL:
            continue
        configured = {" ".join(value for _, value in one) for one in row.variants(config.policy.values)}
        lines = [one for one in loaded if one.resource == name and (not configured or one.variant in configured)]
        if not lines and name in ages:
            alike["never read"].append(name)
        for variant in dict.fromkeys(one.variant for one in lines):
            for what in _about([one for one in lines if one.variant == variant], ages, now):
                alike[what].append(f"{name} {variant}".strip())
    yield from (f"{what}: {', '.join(names)}" for what, names in alike.items())


def _about(lines: Sequence[Freshness], ages: MaxAges, now: datetime) -> Iterator[str]:
    """Say what is to be said of one variant, whose windows may have several lengths."""
    first = lines[0]
    most = ages.get(first.resource, ages.get("", timedelta.max))
    if first.read_at is None:
        yield "never answered"
    elif now - first.read_at > most:
        yield f"read {_age(now - first.read_at)} ago, and may be {_age(most)} old"
    if first.failed:
        yield f"{first.failed} windows failed in the last run that asked"
    if days := sum(one.open_days for one in lines):
        yield f"{days} days are missing between those that are loaded"


def _ended(command: str, moment: datetime, code: int, error: str) -> str:
    why = f": {error}" if error else _WHY.get(code, "")
    return f"the {command} of {_moment(moment)} has ended with {named_code(code)}{why}"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _age(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.1f} hours"  # noqa: PLR2004 - up to there, hours say more


_WHY: Final[Mapping[int, str]] = {
    ExitCode.REFUSED: ": the key is refused, or lacks a scope",
    ExitCode.CONFIGURATION: ": it cannot work before somebody changes something",
    ExitCode.LATER: ": the server or the destination was away or full",
    ExitCode.INTERNAL: ": nobody foresaw it, see the log",
}
