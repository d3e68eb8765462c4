"""The changes, work items and artifacts of a build."""

from __future__ import annotations

from html import escape

from azure_devops_simulator.api.call import Answer, Call, collection, page
from azure_devops_simulator.api.parsing import as_list, as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.builds.archives import artifact_archive
from azure_devops_simulator.areas.builds.lookup import build_error, commits_between, find_build, work_items_of
from azure_devops_simulator.areas.builds.shapes import artifact_body, change_body
from azure_devops_simulator.areas.git.content import wanted_format
from azure_devops_simulator.state.builds import Artifact, Build
from azure_devops_simulator.state.git_objects import Commit
from azure_devops_simulator.state.values import JsonValue

area = Area("build")
_READ, _EXECUTE = ("vso.build",), ("vso.build_execute",)
_PAGE, _LARGEST_PAGE = 50, 10_000


@area.get(
    "{project}/_apis/build/builds/{build}/changes", scopes=_READ, query="$top continuationToken includeSourceChange"
)
def list_changes(call: Call) -> Answer | JsonValue:
    """Return the commits since the build before it on the same branch, newest first.

    A build of a commit that was built before has none. With `includeSourceChange`, it has the commit that it built.
    """
    build = find_build(call)
    commits = commits_between(call.organization.builds.previous(build), build)
    built = build.definition.repository.objects.commit(build.source_version)
    if call.query.flag("includeSourceChange") and not commits and built:
        commits = [built]
    return _changes(call, build, commits)


@area.get("{project}/_apis/build/changes", scopes=_READ, query="$top continuationToken fromBuildId toBuildId")
def list_changes_between(call: Call) -> Answer | JsonValue:
    """Return the commits that one build has and another has not."""
    older, newer = _two_builds(call)
    return _changes(call, newer, commits_between(older, newer))


@area.get("{project}/_apis/build/builds/{build}/report", scopes=_READ)
def get_report(call: Call) -> Answer | JsonValue:
    """Return the summary of a build as a page, or as a JSON record that contains the page."""
    build = find_build(call)
    failed = [record for record in build.records or [] if record.type == "Task" and record.result == "failed"]
    steps = "".join(f"<li>{escape(record.name)}: {record.result}</li>" for record in failed)
    outcome = build.result or build.status
    page = f"<h1>{escape(build.definition.name)} {escape(build.number)}</h1><p>{outcome}</p><ul>{steps}</ul>"
    if "text/html" in call.headers.get("accept", "").lower():
        return Answer(body=page, content_type="text/html; charset=utf-8")
    return {"buildId": build.id, "content": page, "type": "html"}


def _changes(call: Call, build: Build, commits: list[Commit]) -> Answer:
    return page(call, commits, lambda commit: change_body(call, build, commit), _PAGE, _LARGEST_PAGE)


def _two_builds(call: Call) -> tuple[Build, Build]:
    call.path |= {"from": call.query.text("fromBuildId"), "to": call.query.text("toBuildId")}
    return find_build(call, "from"), find_build(call, "to")


@area.get("{project}/_apis/build/builds/{build}/workitems", scopes=_READ, query="$top")
def list_work_items(call: Call) -> Answer | JsonValue:
    """Return work items linked to the build or to what it brought."""
    build = find_build(call)
    commits = commits_between(call.organization.builds.previous(build), build)
    return _work_items(call, work_items_of(call.organization, build, (commit.id for commit in commits)))


@area.post("{project}/_apis/build/builds/{build}/workitems", scopes=_EXECUTE, query="$top")
def list_work_items_of_commits(call: Call) -> Answer | JsonValue:
    """Return work items linked to the commits of the body. A read, although it needs the scope of a write."""
    build = find_build(call)
    return _work_items(call, work_items_of(call.organization, build, (as_text(c) for c in as_list(call.json()))))


@area.get("{project}/_apis/build/workitems", scopes=("vso.build", "vso.work"), query="$top fromBuildId toBuildId")
def list_work_items_between(call: Call) -> Answer | JsonValue:
    """Return work items linked to what one build has and another has not."""
    older, newer = _two_builds(call)
    commits = (commit.id for commit in commits_between(older, newer))
    return _work_items(call, work_items_of(call.organization, newer, commits))


def _work_items(call: Call, numbers: list[int]) -> Answer:
    top = call.query.count("$top", _PAGE)
    return collection({"id": str(number), "url": call.url(f"_apis/wit/workItems/{number}")} for number in numbers[:top])


@area.get("{project}/_apis/build/builds/{build}/artifacts", scopes=_READ, query="$format artifactName", ranges=True)
def list_artifacts(call: Call) -> Answer | JsonValue:
    """Return the artifacts, or the one named by `artifactName`. `$format=zip` returns its content, or a range of it."""
    build, name = find_build(call), call.query.text("artifactName")
    if not name:
        return collection(artifact_body(call, build, artifact) for artifact in build.artifacts)
    artifact = find_artifact(build, name)
    if wanted_format(call) == "zip":
        return artifact_archive(artifact)
    return artifact_body(call, build, artifact)


def find_artifact(build: Build, name: str) -> Artifact:
    """Return an artifact by name, or 404."""
    for artifact in build.artifacts:
        if artifact.name.lower() == name.lower():
            return artifact
    raise build_error(404, "ArtifactNotFoundException", f"Artifact {name} was not found for build {build.id}.")
