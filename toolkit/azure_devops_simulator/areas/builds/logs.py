"""Timelines and logs of builds."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.parsing import whole_number
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.builds.archives import log_archive, single_log_archive, text_of
from azure_devops_simulator.areas.builds.lookup import build_error, find_build
from azure_devops_simulator.areas.builds.shapes import log_body, timeline_body
from azure_devops_simulator.areas.git.content import wanted_format
from azure_devops_simulator.state.values import JsonValue

area = Area("build")
_READ = ("vso.build",)
TEXT = "text/plain; charset=utf-8"


@area.get("{project}/_apis/build/builds/{build}/timeline", scopes=_READ, query="planId")
def get_timeline(call: Call) -> Answer | JsonValue:
    """Return the timeline. The answer is 204 for a build that never started, and for another plan."""
    return _timeline(call, call.query.text("planId"))


@area.get("{project}/_apis/build/builds/{build}/timeline/{timeline}", scopes=_READ, query="planId")
def get_timeline_by_id(call: Call) -> Answer | JsonValue:
    """Return the timeline by its id, also that of an earlier attempt. For other ids and plans the answer is 204."""
    build, wanted = find_build(call), call.path["timeline"].lower()
    for attempt in build.attempts:
        if attempt.id == wanted and call.query.text("planId").lower() in {"", build.plan}:
            return timeline_body(call, build, attempt.id, attempt.records)
    return _timeline(call, call.path["timeline"], call.query.text("planId"))


def _timeline(call: Call, *ids: str) -> Answer | JsonValue:
    """Return the timeline if it has these ids. The ids of the timeline and of its plan are the same."""
    build = find_build(call)
    if build.records is None or any(number.lower() not in {"", build.plan} for number in ids):
        return Answer(204)
    return timeline_body(call, build, build.plan, build.records)


@area.get("{project}/_apis/build/builds/{build}/logs", scopes=_READ, query="$format")
def list_logs(call: Call) -> Answer | JsonValue:
    """Return the logs with their numbers of lines, or all of them as a zip archive (`$format=zip`)."""
    build = find_build(call)
    if wanted_format(call) == "zip":
        return log_archive(build)
    return collection(log_body(call, build, log) for log in build.logs.values())


@area.get("{project}/_apis/build/builds/{build}/logs/{log}", scopes=_READ, query="endLine startLine $format")
def get_log(call: Call) -> Answer | JsonValue:
    """Return the lines `startLine` to `endLine`, counted from 1: text, a JSON list, or the log as a zip archive."""
    build, number = find_build(call), call.path["log"]
    log = build.logs.get(whole_number(number) or 0)
    if log is None:
        message = f"The log {number} of build {build.id} could not be found."
        raise build_error(404, "BuildLogNotFoundException", message)
    first = call.query.integer("startLine", 1)
    last = call.query.integer("endLine", log.line_count)
    wanted = wanted_format(call)
    if wanted == "zip":
        return single_log_archive(log)
    if wanted == "json":
        return collection(log.lines(first, last))
    return Answer(body=text_of(log, first, last), content_type=TEXT)
