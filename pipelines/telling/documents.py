"""What `sync`, `verify`, `check` and `forget` have come to, as one JSON document: docs/output.schema.json."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, TypeVar

from pipelines.running.exit_codes import ExitCode
from pipelines.telling.boundary import sentence
from pipelines.telling.console import write_json
from pipelines.telling.verdict import Verdict
from sources.rest.reading.answers import Failure

if TYPE_CHECKING:
    from pipelines.commands.check import Checked
    from pipelines.running.outcome import Outcome
    from pipelines.running.profiles import Done
    from sources.rest.reading.tasks import Task

T = TypeVar("T")


def write_documents(
    done: "Sequence[Done[T]]",
    document_of: Callable[[T], Mapping[str, Any]],
    code_of: Callable[[T], int] = lambda _: ExitCode.DONE,
) -> None:
    """Print what has come of each profile; of several, each under its name.

    Args:
        done: the profiles.
        document_of: what has come of one that came to something.
        code_of: exit code that this calls for.
    """
    documents = {one.name: _document(one, document_of, code_of) for one in done}
    if len(done) == 1:
        write_json(documents[done[0].name])
    else:
        code = max(document["exit_code"] for document in documents.values())
        write_json({"exit_code": code, "outcome": ExitCode(code).name.lower(), "profiles": documents})


def _document(
    one: "Done[T]", document_of: Callable[[T], Mapping[str, Any]], code_of: Callable[[T], int]
) -> dict[str, Any]:
    config = one.config
    code = ExitCode(code_of(one.result)) if one.result is not None else one.error_code
    return {
        "source": config.source.name if config else None,
        "profile": one.name,
        "destination": config.target.destination if config else None,
        "dataset": config.target.dataset if config else None,
        "outcome": code.name.lower(),
        "exit_code": int(code),
        "minutes": round(one.seconds / 60, 1),
        "error": sentence(one.error) if one.error else None,
        **(document_of(one.result) if one.result is not None else {}),
    }


def code_of_run(result: "Outcome") -> ExitCode:
    """Exit code of a sync or a proof."""
    return result.exit_code


def run_document(result: "Outcome") -> dict[str, Any]:
    """What a sync or a proof has come to."""
    verdict = Verdict.of(result, result.exit_code, 0.0).fields
    return {
        **{name: verdict[name] for name in ("rows", "windows", "units", "restated_values")},
        "tables": dict(sorted(result.rows.items())),
        "resources": {
            name: {"windows": result.windows[name], "units": result.units.get(name, 0)}
            for name in sorted({*result.windows, *(name for name, units in result.units.items() if units)})
        },
        "failed": _failures(result.failures),
        "refused": _failures(result.refused),
        "not_asked": _tasks(result.skipped),
        "truncated": _tasks(result.truncated),
        "waiting": [{**_task(task), "again_from": day} for task, day in result.waiting],
        "unproved": _tasks(result.unproved),
        "missing_scopes": {scope: sorted(names) for scope, names in sorted(result.missing.items())},
        "unknown_fields": [
            {"table": table, "field": name} for table, name in sorted(result.unknown | result.dropped_fields)
        ],
        "notes": result.notes,
        **({"error": str(result.stopped)} if result.stopped else {}),
    }


def proof_document(result: "Outcome") -> dict[str, Any]:
    """What `verify` has found out: a run, its differences, and what was not compared."""
    return {
        **run_document(result),
        "differences": [
            {
                **_task(change.task),
                "date": change.date,
                "dimension_value": change.key,
                "metric": change.metric,
                "loaded": change.old,
                "told": change.new,
            }
            for change in result.changes
        ],
        "compared": sorted(result.compared),
        "not_compared": sorted(result.not_compared),
        "not_summed": [
            {"resource": name, "variant": variant, "metric": metric}
            for name, variant, metric in sorted(result.not_summed)
        ],
        "rounded": sorted(result.rounded),
        "compared_where_read": {name: list(columns) for name, columns in sorted(result.as_read.items()) if columns},
        "texts_not_compared": {name: list(columns) for name, columns in sorted(result.texts.items()) if columns},
    }


def check_document(found: "Checked") -> dict[str, Any]:
    """What `check` has found out."""
    failed = [Failure(task, error) for task, error in found.failed.items()]
    return {**asdict(replace(found, failed={})), "failed": _failures(failed)}


def forget_document(rows: Mapping[str, int], *, erased: bool) -> dict[str, Any]:
    """Where a person was found."""
    return {"erased": erased, "tables": dict(rows)}


def _tasks(tasks: "Iterable[Task]") -> list[dict[str, Any]]:
    return [_task(task) for task in tasks]


def _task(task: "Task") -> dict[str, Any]:
    return {
        "resource": task.endpoint.name,
        "variant": task.variant_text,
        "first_day": task.window.start if task.window else None,
        "last_day": task.window.end if task.window else None,
    }


def _failures(failures: "Iterable[Failure]") -> list[dict[str, Any]]:
    return [{**_task(one.task), "error": str(one.error), "request_id": one.error.request_id} for one in failures]
