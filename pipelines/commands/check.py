"""`elt check`: whether the key works, what it may spend, and whether the destination takes rows; loads nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipelines.destinations.read_only import ReadOnlyDestination
from pipelines.destinations.scratch import try_writing
from pipelines.people.scope_probes import NOBODYS_DAY, missing_scopes, probe, probes_of, scopes_of
from pipelines.planning.ledger import Ledger
from pipelines.running.config import RunConfig
from pipelines.running.exit_codes import ExitCode, exit_code
from pipelines.running.first_contact import ask, open_questions
from pipelines.running.opening import split_by_privacy
from pipelines.running.range_contact import advice, range_questions, reading_of
from sources.rest.errors import (
    ApiError,
    BadRequestError,
    ConfigurationError,
    MissingScopeError,
    UnauthorizedError,
    UnknownHostError,
)
from sources.rest.reading.reader import Reader
from sources.rest.reading.tasks import Task, VariantValues
from sources.rest.windows import Window


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What the key may do, and which resources need it; `granted` is None where the API does not tell."""

    name: str
    granted: bool | None
    resources: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Value:
    """Whether the server takes a value of a parameter; None where its answer does not tell."""

    param: str
    name: str
    taken: bool | None
    refused: str


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What `check` has found out.

    Attributes:
        profile_id: the profile of the key; None where the API does not tell.
        limit_seen: units per period that the server names; None where it names none.
        asked: the resources that were asked for it, in the variants that were.
        scopes: what the key may do; none, where the vendor names no scopes.
        values: what not every server takes, and whether this one does.
        personal: whether scopes for personal data were asked about.
        second_key: `api_key` was refused, `next_api_key` works.
        written: whether a row was written to the destination, and removed again.
        units: units that this has cost.
        ranges: what the server has told of how it reads ranges, in sentences.
        wrong: options are other than the server reads ranges, as one of the sentences says.
        failed: variants that could not be asked for, and why.
    """

    profile_id: str | None
    limit_seen: int | None
    asked: tuple[str, ...]
    scopes: list[Scope]
    values: list[Value]
    personal: bool
    second_key: bool
    written: bool
    units: int
    ranges: tuple[str, ...] = ()
    wrong: bool = False
    failed: Mapping[Task, ApiError] = field(default_factory=dict)

    @property
    def exit_code(self) -> ExitCode:
        """The code that a sync would end with, as far as this tells."""
        codes = [exit_code(error) for error in self.failed.values()]
        codes = [ExitCode.FAILED_WINDOWS if code is ExitCode.LATER else code for code in codes]
        return max([*codes, ExitCode.CONFIGURATION if self.wrong else ExitCode.DONE])


def check(config: RunConfig, *, write: bool = True) -> Checked:
    """Ask the destination whether it takes rows, and the API what the key may read; load nothing.

    Args:
        config: what a sync would do.
        write: write a row to the destination and remove it.

    Raises:
        ApiError: the key is not accepted, or none of the resources can be asked for.
        ConfigurationError: something has to be changed.
        DestinationBusyError: the destination does not answer.
    """
    chosen = config.endpoints
    for rows in split_by_privacy(chosen):  # before a unit is spent
        target = config.target.for_personal_data() if rows[0].pii else config.target
        # a sync may be at work: its folder and what it still has to load are left alone
        with ReadOnlyDestination(target) as destination:
            destination.open()
        if write:
            try_writing(target)
    reader = config.open_reader()
    wanted = scopes_of(chosen) or {"": sorted(chosen, key=lambda row: row.units)[:1]}
    questions = probes_of(wanted, _values(config, reader), config.policy.today)
    try:
        answers, failed = _asked(reader, questions)
    except BadRequestError as error:
        raise _refused(config, reader, error) from None
    except UnknownHostError as error:  # somebody is looking: a misspelt name would be away for ever
        raise ConfigurationError(str(error)) from None
    missing = missing_scopes(answers)
    if missing.keys() == wanted.keys():
        raise next(iter(missing.values()))
    taken = _taken(config, reader)
    wrong, ranges = _ranges(config, reader, questions, failed)
    return Checked(
        profile_id=reader.tenant,
        limit_seen=reader.session.limit_seen,
        asked=tuple(
            f"{task.endpoint.name} {task.variant_text}".strip()
            for scope, tasks in questions.items()
            for task in tasks
            if answers[scope] is None and task not in failed
        ),
        scopes=[
            Scope(
                name=name,
                granted=True if answers[name] is None else False if name in missing else None,
                resources=tuple(row.name for row in rows),
            )
            for name, rows in wanted.items()
            if name
        ],
        values=taken,
        personal=any(row.pii for row in chosen),
        second_key=bool(reader.session.keys.current),
        written=write,
        units=reader.session.budget.spent,
        ranges=ranges,
        wrong=wrong,
        failed=failed,
    )


def _asked(
    reader: Reader, questions: Mapping[str, Sequence[Task]]
) -> tuple[dict[str, ApiError | None], dict[Task, ApiError]]:
    """Ask about scopes; where several variants are asked for, one that fails is noted, and the others are asked.

    Raises:
        ApiError: the key is not accepted, or nothing of a scope can be asked for.
    """
    answers: dict[str, ApiError | None] = {}
    failed: dict[Task, ApiError] = {}
    for scope, tasks in questions.items():
        if len(tasks) == 1:
            answers |= probe(reader, {scope: tasks}, strict=True)
            continue
        errors: dict[Task, ApiError] = {}
        for task in tasks:
            try:
                found = probe(reader, {scope: [task]}, strict=True)[scope]
            except UnauthorizedError:
                raise
            except ApiError as error:
                if error.ends_run:
                    raise
                found = error
            errors |= {task: found} if found else {}
        if len(errors) == len(tasks):
            raise next(iter(errors.values()))
        answers[scope] = None
        failed |= errors
    return answers, failed


def _ranges(
    config: RunConfig, reader: Reader, questions: Mapping[str, Sequence[Task]], failed: Mapping[Task, ApiError]
) -> tuple[bool, tuple[str, ...]]:
    """Whether options are wrong, and what the server tells of how it reads ranges, in sentences."""
    doubt = reader.session.api.range_doubt
    bad, values = {task.variant for task in failed}, config.policy.values
    days = [one for one in range_questions(config.endpoints, values, config.policy.today) if one.variant not in bad]
    if doubt is None or not days:
        return False, ()
    found = reading_of(reader, days, doubt)
    known = f"ends of ranges: read as {doubt.option} = {doubt.configured} has it"
    wrong = advice(found, doubt)
    texts = [wrong or (known if found.ends else "ends of ranges: not known before there are figures")]
    nobodys = next((task for tasks in questions.values() for task in tasks if task not in failed and task.window), None)
    if nobodys:
        nothing = replace(nobodys, window=Window(NOBODYS_DAY, NOBODYS_DAY))
        texts.append(f"days without figures: {_answer_of(reader, nothing)}")
    return bool(wrong), tuple(texts)


def _refused(config: RunConfig, reader: Reader, error: ApiError) -> Exception:
    """What to set where the range of today is refused, or the refusal itself."""
    doubt, source = reader.session.api.range_doubt, f"under [sources.{config.source.name}]"
    days = list(range_questions(config.endpoints, config.policy.values, config.policy.today))
    if doubt is None or not days:
        return error
    text = advice(reading_of(reader, days, doubt), doubt)
    if text:
        return ConfigurationError(f"{text} {source}")
    try:
        reader.read(days[0])
    except ApiError:
        return error
    return ConfigurationError(f"the API refuses a range that ends in the future: set lag_days = 1 {source}")


def _answer_of(reader: Reader, task: Task) -> str:
    try:
        answer = reader.read(task)
    except ApiError as error:
        if error.ends_run:
            raise
        return f"refused, so that days before the first figures fail ({error})"
    return "no content (204), taken for no rows" if answer.empty else f"a list of {answer.rows} rows"


def _taken(config: RunConfig, reader: Reader) -> list[Value]:
    """Ask with a call each for what not every server takes."""
    questions = list(open_questions(config, config.endpoints, config.policy.values, Ledger()))
    found = ask(reader, questions)
    return [
        Value(
            param=one.param,
            name=one.value,
            taken=True
            if one.value in found.taken.get(one.param, ())
            else False
            if one.value in found.refused.get(one.param, ())
            else None,
            refused=config.doubtful[one.param].refused,
        )
        for one in questions
    ]


def _values(config: RunConfig, reader: Reader) -> VariantValues:
    """Values of the parameters that multiply calls; the API may not tell those that nobody has configured."""
    try:
        return config.discovered_values(config.endpoints, reader)
    except MissingScopeError:
        return config.policy.values
