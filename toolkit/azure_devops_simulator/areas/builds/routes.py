"""List, read, queue and change builds."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import partial, reduce
from operator import or_
from typing import TypeVar

from azure_devops_simulator.api.call import Answer, Call, page
from azure_devops_simulator.api.contract import numbers_of
from azure_devops_simulator.api.errors import ArgumentError, NotSimulatedError
from azure_devops_simulator.api.parsing import as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.builds.lookup import build_error, find_build, find_definition, full_branch, words_of
from azure_devops_simulator.areas.builds.run import cancel, cancel_stage, run_again
from azure_devops_simulator.areas.builds.shapes import build_body, pool_of
from azure_devops_simulator.state.builds import Build, Record
from azure_devops_simulator.state.values import JsonValue

area = Area("build")
_Value = TypeVar("_Value", int, str)
_READ, _EXECUTE = ("vso.build",), ("vso.build_execute",)
_PAGE, _LARGEST_PAGE = 1000, 5000
_NOT_IN_NUMBERS = re.compile(r'["/:<>\\|?@*]|\.$')
_LONGEST_NUMBER = 255
_FLAGS = {"statusFilter": "BuildStatus", "resultFilter": "BuildResult", "reasonFilter": "BuildReason"}
_ENDED_BADLY = {"failed", "canceled", "abandoned"}

_TIMES: dict[str, Callable[[Build], datetime | None]] = {
    "queuetime": lambda build: build.queued,
    "starttime": lambda build: build.start,
    "finishtime": lambda build: build.finish,
}


@area.get(
    "{project}/_apis/build/builds",
    scopes=_READ,
    query="$top branchName buildIds buildNumber continuationToken definitions deletedFilter maxBuildsPerDefinition "
    "maxTime minTime properties queryOrder queues reasonFilter repositoryId repositoryType requestedFor resultFilter "
    "statusFilter tagFilters",
)
def list_builds(call: Call) -> Answer | JsonValue:
    """Return builds of a project, newest first unless `queryOrder` says otherwise."""
    project, matches = call.in_project(), _filters(call)
    builds = [b for b in _known(call) if b.definition.project is project and all(match(b) for match in matches)]
    time, descending = _order(call)
    bounds = [call.query.date(name) for name in ("minTime", "maxTime")]
    if any(bounds):
        builds = [build for build in builds if _between(_TIMES[time](build), bounds[0], bounds[1])]
    latest = call.organization.clock.now()
    builds.sort(key=lambda build: (_TIMES[time](build) or latest, build.id), reverse=descending)
    builds = _capped_per_definition(builds, call.query.count("maxBuildsPerDefinition", 0))
    properties = words_of(call, "properties")
    return page(call, builds, lambda build: build_body(call, build, properties), _PAGE, _LARGEST_PAGE)


def _known(call: Call) -> list[Build]:
    """Return the builds of the organization, the deleted ones, or both."""
    store, which = call.organization.builds, call.query.text("deletedFilter", "excludeDeleted")
    builds = [] if which == "onlyDeleted" else list(store.builds.values())
    return builds if which == "excludeDeleted" else [*builds, *store.deleted.values()]


def _order(call: Call) -> tuple[str, bool]:
    wanted = call.query.text("queryOrder", "queueTimeDescending").lower()
    found = re.fullmatch(r"(finishtime|starttime|queuetime)(ascending|descending)", wanted)
    if found is None:
        raise ArgumentError(
            f"The value '{wanted}' is not valid.", "queryOrder", type_key="InvalidEnumArgumentException"
        )
    return found[1], found[2] == "descending"


def _between(when: datetime | None, low: datetime | None, high: datetime | None) -> bool:
    if when is None:
        return False
    return (low is None or when >= low) and (high is None or when <= high)


def _capped_per_definition(builds: list[Build], most: int) -> list[Build]:
    if not most:
        return builds
    counts: dict[int, int] = {}
    kept = []
    for build in builds:
        counts[build.definition.id] = counts.get(build.definition.id, 0) + 1
        if counts[build.definition.id] <= most:
            kept.append(build)
    return kept


def _covered(enumeration: str, words: frozenset[str]) -> frozenset[str]:
    """Return values of an enumeration with those that they stand for: `all`, and `triggered` for most reasons."""
    numbers = {name.lower(): number or 0 for name, number in numbers_of(enumeration).items()}
    given = reduce(or_, (numbers.get(word, 0) for word in words), 0)
    return words | {name for name, number in numbers.items() if number and number & given == number}


def _is_one_of(value: Callable[[Build], _Value], wanted: frozenset[_Value], build: Build) -> bool:
    return value(build) in wanted


def _filters(call: Call) -> list[Callable[[Build], bool]]:
    filters: list[Callable[[Build], bool]] = []
    chosen: dict[str, Callable[[Build], str]] = {
        "repositoryType": lambda _build: "tfsgit",
        "statusFilter": lambda build: build.status.lower(),
        "resultFilter": lambda build: (build.result or "none").lower(),
        "reasonFilter": lambda build: build.reason.lower(),
    }
    numbered: dict[str, Callable[[Build], int]] = {
        "definitions": lambda build: build.definition.id,
        "buildIds": lambda build: build.id,
        "queues": lambda build: pool_of(build.definition)[1],
    }
    for name, number_of in numbered.items():
        if numbers := frozenset(call.query.numbers(name)):
            filters.append(partial(_is_one_of, number_of, numbers))
    for name, value in chosen.items():
        if wanted := words_of(call, name):
            wanted = _covered(_FLAGS[name], wanted) if name in _FLAGS else wanted
            filters.append(partial(_is_one_of, value, wanted))
    if branch := call.query.text("branchName"):
        filters.append(lambda build: build.source_branch == branch)
    if repository := call.query.text("repositoryId").lower():
        filters.append(lambda build: build.definition.repository.id == repository)
    if number := call.query.text("buildNumber"):
        pattern = re.compile(re.escape(number).replace(r"\*", ".*"), re.IGNORECASE)
        filters.append(lambda build: pattern.fullmatch(build.number) is not None)
    if who := call.query.text("requestedFor"):
        user = call.organization.user(who)
        filters.append(lambda build: user is not None and build.requested_for is user)
    if tags := words_of(call, "tagFilters"):
        filters.append(lambda build: tags <= {tag.lower() for tag in build.tags})
    return filters


@area.get("{project}/_apis/build/builds/{build}", scopes=_READ, query="propertyFilters")
def get_build(call: Call) -> Answer | JsonValue:
    """Return one build."""
    return build_body(call, find_build(call), words_of(call, "propertyFilters"))


@area.get("{project}/_apis/build/latest/{definition...}", scopes=_READ, version="7.1-preview.1", query="branchName")
def get_latest(call: Call) -> Answer | JsonValue:
    """Return the newest completed build of a definition, named by id or name."""
    wanted, store = call.path["definition"], call.organization.builds
    named = [
        d for d in store.definitions.values() if d.project is call.in_project() and d.name.lower() == wanted.lower()
    ]
    definition = named[0] if named else find_definition(call, wanted)
    branch = full_branch(call.query.text("branchName") or definition.default_branch)
    for build in store.of(definition):
        if build.status == "completed" and build.source_branch == branch:
            return build_body(call, build)
    message = f"No completed builds were found for pipeline {definition.id}."
    raise build_error(404, "BuildNotFoundException", message)


@area.patch("{project}/_apis/build/builds/{build}", scopes=_EXECUTE, query="retry")
def update_build(call: Call) -> Answer | JsonValue:
    """Cancel a build (`status: cancelling`), keep it, give it a number, or run it again (`retry=true`)."""
    build = find_build(call)
    request = call.json_object()
    status = as_text(request.get("status")).lower()
    number = as_text(request.get("buildNumber"))
    if number and (_NOT_IN_NUMBERS.search(number) or len(number) > _LONGEST_NUMBER):
        # The rule is the service's, and the text is a guess.
        raise ArgumentError("The build number has invalid characters, is too long, or ends with '.'.", "buildNumber")
    if call.query.flag("retry"):
        _retry(call, build)
    elif status in {"cancelling", "completed"}:
        _cancel(call, build)
    if isinstance(keep := request.get("keepForever"), bool):
        build.keep_forever = keep
        _note_change(call, build)
    if number and number != build.number:
        build.number = number
        _note_change(call, build)
    return build_body(call, build)


def _note_change(call: Call, build: Build) -> None:
    build.changed, build.changed_by = call.organization.clock.tick(), call.user


def _cancel(call: Call, build: Build) -> None:
    if build.status == "completed":
        message = f"Build {build.id} cannot be canceled, because it has completed."
        raise build_error(400, "BuildStatusInvalidChangeException", message)
    cancel(call.organization.builds, build, call.organization.clock.tick())
    build.changed_by = call.user


def _retry(call: Call, build: Build) -> None:
    if build.status != "completed" or build.result == "succeeded":
        message = f"Build {build.id} cannot be run again in its current state."
        raise build_error(400, "BuildStatusInvalidChangeException", message)
    failed = [record for record in build.records or [] if record.result in _ENDED_BADLY]
    _run_again(call, build, failed)


def _run_again(call: Call, build: Build, records: list[Record]) -> None:
    run_again(build, records, call.organization.clock.tick())
    build.changed_by = call.user
    call.organization.builds.watch(build)


@area.delete("{project}/_apis/build/builds/{build}", scopes=_EXECUTE)
def delete_build(call: Call) -> Answer:
    """Delete a build, unless it is kept."""
    build = find_build(call)
    if build.keep_forever:
        # The type key and the text are a guess.
        message = f"Build {build.id} cannot be deleted, because it is retained."
        raise build_error(400, "CannotDeleteRetainedBuildException", message)
    call.organization.builds.remove(build, call.user, call.organization.clock.tick())
    return Answer(204)


@area.patch("{project}/_apis/build/builds/{build}/stages/{stage}", scopes=_EXECUTE, body="forceRetryAllJobs state")
def update_stage(call: Call) -> Answer | JsonValue:
    """Cancel a stage or run it again."""
    build, wanted = find_build(call), call.path["stage"].lower()
    records = build.records or []
    stage = next((r for r in records if r.type == "Stage" and r.identifier.lower() == wanted), None)
    if stage is None:
        message = f"The stage {call.path['stage']} of build {build.id} could not be found."
        raise build_error(404, "StageNotFoundException", message)
    state = as_text(call.json_object().get("state")).lower()
    if state not in {"cancel", "retry"}:
        raise ArgumentError(f"The value '{state}' is not valid.", "state")
    inside = [record for record in records if record is stage or record.identifier.startswith(f"{stage.identifier}.")]
    if state == "retry":
        _check_retry(build, stage)
        failed = [record for record in inside if record.result in _ENDED_BADLY]
        everything = call.json_object().get("forceRetryAllJobs") is True or not failed
        _run_again(call, build, inside if everything else failed)
    elif build.status != "completed":
        cancel_stage(build, inside, call.organization.clock.tick())
        build.changed_by = call.user
    return Answer(204)


def _check_retry(build: Build, stage: Record) -> None:
    if stage.state != "completed":
        # The type key and the text are a guess.
        message = f"The stage {stage.name} of build {build.id} cannot be retried, because it has not completed."
        raise build_error(400, "InvalidStageStateException", message)
    if build.status != "completed":
        raise NotSimulatedError("the retry of a stage while other stages run")
