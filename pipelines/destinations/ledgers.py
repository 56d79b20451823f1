"""Which ledger of a dataset is a profile's: it belongs to the vendor's id of the profile, whatever a file calls it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

from dlt.common.destination.client import WithStateSync
from dlt.common.destination.exceptions import DestinationUndefinedEntity
from dlt.common.schema import Schema
from dlt.pipeline.state_sync import load_pipeline_state_from_destination

from pipelines.destinations.attached import Attached
from pipelines.destinations.duckdb_file import DuckDbFile
from pipelines.destinations.errors import destination_errors
from pipelines.destinations.lease_table import TABLE, Known, known_profiles
from pipelines.destinations.lock import is_held
from pipelines.destinations.sqlite_file import is_missing, main_file
from pipelines.destinations.target import Target
from pipelines.planning.ledger import Ledger
from sources.rest.errors import ConfigurationError

Ask = Callable[[], str]
"""Asks the API which profile a key belongs to."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Whose rows a command is about, as far as the configuration says.

    Attributes:
        name: as it is configured; empty for the one without a name.
        keys: fingerprints of its keys.
        elsewhere: those of the keys of all other profiles that are configured for the same dataset.
        told: answers say whose rows they are; otherwise its first name does.
        variants: what of each endpoint is asked for, where nothing else tells what an earlier version has loaded.
    """

    name: str = ""
    keys: tuple[str, ...] = ()
    elsewhere: frozenset[str] = frozenset()
    told: bool = True
    variants: frozenset[str] = frozenset()

    def __str__(self) -> str:
        """Return what it is called in a sentence."""
        return f"profile {self.name}" if self.name else "the profile without a name"


def located(target: Target, profile: Profile, ask: Ask | None = None) -> Target | None:
    """Return where a profile's rows go; None where nobody knows whether it has been loaded.

    Its key tells which ledger is its own, if it is the one that was used last. Of another key the API is asked, once:
    then it is known too.

    Args:
        target: which destination and dataset.
        profile: whose rows.
        ask: asks the API whose key it is; without it, nothing is asked and the file is only opened for reading.

    Raises:
        ApiError: the API does not tell.
        ConfigurationError: the name has stood for another profile, the profile is still configured by another name, or
            the destination cannot work.
        DestinationBusyError: another process holds the destination, or it does not answer.
    """
    looking = _Looking(target, for_reading=ask is None)
    if looking.held and not profile.name:
        return target  # a sync is at work there, which its lock will say
    known = looking.profiles()
    target = replace(target, shared=bool(profile.name) or any(one.ledger_id for one in known))
    own = next((one for one in known if one.key in profile.keys), None)
    if own is None and not target.shared and not any(one.name for one in known):
        return target
    if own is not None and own.profile_id is None and not profile.told:
        own = replace(own, profile_id=profile.name or None)
    if own is not None:
        _refuse_second_name(own, profile)
        return _at(target, own)
    if not profile.told and not profile.name:
        return target
    known = looking.with_what_is_loaded(known, profile)
    own_id = (ask() if ask else None) if profile.told else profile.name
    if own_id is None:
        own = next((one for one in known if one.name == profile.name), None)
        return _at(target, own) if own else None
    own = next((one for one in known if one.profile_id == own_id), None)
    _refuse_another(own_id, known, profile)
    if own is not None:
        _refuse_second_name(own, profile)
    return _at(target, own) if own else target.with_ledger_of(own_id)


def noted_of(target: Target) -> Known | None:
    """Return what a destination has noted of the profile whose ledger a target names; it is only opened for reading.

    Raises:
        ConfigurationError: the destination cannot work.
        DestinationBusyError: another process holds the destination, or it does not answer.
    """
    known = _Looking(target, for_reading=True).profiles()
    return next((one for one in known if one.ledger_id == target.ledger_id), None)


def _at(target: Target, known: Known) -> Target:
    return replace(target, ledger_id=known.ledger_id, profile_id=known.profile_id, key=known.key)


def _refuse_another(own_id: str, known: Sequence[Known], profile: Profile) -> None:
    """A name stands for one profile, unless that is called otherwise now: a key may stand in the wrong place."""
    for one in known:
        if one.name == profile.name and one.profile_id not in (None, own_id) and one.key not in profile.elsewhere:
            raise ConfigurationError(
                f"the key belongs to profile {own_id}, but the dataset holds profile {one.profile_id} as {profile};"
                " correct the key, or give this one another name, or another dataset"
            )


def _refuse_second_name(own: Known, profile: Profile) -> None:
    """A profile may be called otherwise than before, unless it is still configured by that name too."""
    if own.name != profile.name and own.key in profile.elsewhere:
        before = Profile(name=own.name)
        raise ConfigurationError(
            f"the key belongs to profile {own.profile_id}, which the dataset holds as {before}, and that is configured"
            f" with its key, too: correct the key of {profile}, or remove one of the two"
        )


class _Looking(Attached):
    """Looks at a destination before it is known which ledger a run is about."""

    def __init__(self, target: Target, *, for_reading: bool) -> None:
        super().__init__(target)
        self.held = not for_reading and is_held(self._folder.with_suffix(".lock"))
        self._there = True
        if isinstance(self._factory, DuckDbFile):
            file = self._factory.file
            self._there = file.exists()
            if for_reading:
                self._factory = DuckDbFile(file, read_only=True, destination_name=self._name)
        elif for_reading and (main := main_file(self._configuration())):
            self._there = not is_missing(main, target.dataset_name)

    def profiles(self) -> list[Known]:
        """Profiles that have a ledger in the dataset."""
        if not self._there:
            return []
        self._be_patient()
        with destination_errors(self._name), self.turn(), self._client_of(Schema(TABLE)) as client:
            return known_profiles(client)

    def with_what_is_loaded(self, known: Sequence[Known], profile: Profile) -> list[Known]:
        """The same, with whose rows an earlier version has loaded, which has noted no profile."""
        if not self._there or any(not one.ledger_id and one.profile_id for one in known):
            return list(known)
        ledger = self._ledger()
        if ledger is None:
            return list(known)
        tenant = ledger.tenant
        if not profile.told and tenant is None and ledger.covers(profile.variants):
            tenant = profile.name
        first = next((one for one in known if not one.ledger_id), Known())
        return [*(one for one in known if one.ledger_id), replace(first, profile_id=tenant)]

    def _ledger(self) -> Ledger | None:
        """The ledger that belongs to a profile without a name."""
        name = self._target.pipeline_name
        with destination_errors(self._name), self.turn():
            config = self._factory.spec()._bind_dataset_name(self._target.dataset_name)  # noqa: SLF001 - dlt's way to say it
            with self._factory.client(Schema(name), config) as client:
                try:
                    state = load_pipeline_state_from_destination(name, cast("WithStateSync", client))
                except DestinationUndefinedEntity:
                    return None
        return Ledger.from_state(state.get("sources", {}).get(name, {})) if state else None
