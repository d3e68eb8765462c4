"""The tags of builds."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.parsing import as_list, as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.builds.lookup import find_build
from azure_devops_simulator.state.builds import Build
from azure_devops_simulator.state.values import JsonValue

area = Area("build")
_READ, _EXECUTE = ("vso.build",), ("vso.build_execute",)
_TAGS = "{project}/_apis/build/builds/{build}/tags"


@area.get(_TAGS, scopes=_READ)
def list_tags(call: Call) -> Answer | JsonValue:
    """Return the tags of a build."""
    return collection(find_build(call).tags)


@area.get("{project}/_apis/build/tags", scopes=_READ)
def list_all_tags(call: Call) -> Answer | JsonValue:
    """Return the tags of every build of a project."""
    builds = call.organization.builds.builds.values()
    return collection(sorted({tag for b in builds if b.definition.project is call.in_project() for tag in b.tags}))


@area.post(_TAGS, scopes=_EXECUTE)
def add_tags(call: Call) -> Answer | JsonValue:
    """Add tags."""
    build = find_build(call)
    return _set_tags(call, build, {*build.tags, *(as_text(tag) for tag in as_list(call.json()))})


@area.patch(_TAGS, scopes=_EXECUTE, body="tagsToAdd tagsToRemove")
def update_tags(call: Call) -> Answer | JsonValue:
    """Add tags and remove others in one request. A tag that is in both lists is removed, which is a guess."""
    build, body = find_build(call), call.json_object()
    gone = {as_text(tag).lower() for tag in as_list(body.get("tagsToRemove"))}
    tags = {*build.tags, *(as_text(tag) for tag in as_list(body.get("tagsToAdd")))}
    return _set_tags(call, build, {tag for tag in tags if tag.lower() not in gone})


@area.put(_TAGS + "/{tag...}", scopes=_EXECUTE)
def add_tag(call: Call) -> Answer | JsonValue:
    """Add one tag."""
    build = find_build(call)
    return _set_tags(call, build, {*build.tags, call.path["tag"]})


@area.delete(_TAGS + "/{tag...}", scopes=_EXECUTE)
def delete_tag(call: Call) -> Answer | JsonValue:
    """Remove one tag."""
    build = find_build(call)
    return _set_tags(call, build, {tag for tag in build.tags if tag.lower() != call.path["tag"].lower()})


def _set_tags(call: Call, build: Build, tags: set[str]) -> Answer:
    build.tags = sorted(tags - {""})
    build.changed, build.changed_by = call.organization.clock.tick(), call.user
    return collection(build.tags)
