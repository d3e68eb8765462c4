"""The logs and artifacts of runs, and the signed links that give their content to anybody who has the link."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from urllib.parse import urlencode

from azure_devops_simulator.api.call import Answer, Call
from azure_devops_simulator.api.parsing import read_date, whole_number
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.builds.archives import artifact_archive, log_archive, text_of
from azure_devops_simulator.areas.builds.details import find_artifact
from azure_devops_simulator.areas.builds.logs import TEXT
from azure_devops_simulator.areas.pipelines.pipelines import pipeline_error, pipeline_url
from azure_devops_simulator.areas.pipelines.runs import find_run
from azure_devops_simulator.state.builds import Build, Log
from azure_devops_simulator.state.values import JsonObject, JsonValue, guid, timestamp

area = Area("pipelines")
_READ = ("vso.build",)
_RUN = "{project}/_apis/pipelines/{pipeline:int}/runs/{run}"
_LINK_HOURS = 1
_NOTHING: Mapping[str, str] = MappingProxyType({})


@area.get(_RUN + "/logs", scopes=_READ, query="$expand")
def list_run_logs(call: Call) -> Answer | JsonValue:
    """Return the logs of a run, without their lines. `$expand=signedContent` adds links to the lines."""
    run = find_run(call)
    body: JsonObject = {
        "logs": [_log_body(call, run, log) for log in run.logs.values()],
        "url": pipeline_url(call, run.definition, f"/runs/{run.id}/logs"),
    }
    return body | _signed_content(call, run, "signedlogcontent")


@area.get(_RUN + "/logs/{log}", scopes=_READ, query="$expand")
def get_run_log(call: Call) -> Answer | JsonValue:
    """Return one log without its lines. `$expand=signedContent` adds a link to them."""
    run = find_run(call)
    return _log_body(call, run, _find_log(run, call.path["log"]))


def _find_log(run: Build, wanted: str) -> Log:
    found = run.logs.get(whole_number(wanted) or 0)
    if found is None:
        raise pipeline_error(404, "LogNotFoundException", f"Log {wanted} of run {run.id} not found.")
    return found


def _log_body(call: Call, run: Build, log: Log) -> JsonObject:
    body: JsonObject = {
        "createdOn": timestamp(log.start),
        "id": log.id,
        "lastChangedOn": timestamp(log.end),
        "lineCount": log.line_count,
        "url": pipeline_url(call, run.definition, f"/runs/{run.id}/logs/{log.id}"),
    }
    return body | _signed_content(call, run, f"signedlogcontent/{log.id}")


@area.get(_RUN + "/artifacts", scopes=_READ, query="artifactName $expand")
def get_run_artifact(call: Call) -> Answer | JsonValue:
    """Return an artifact of a run by `artifactName`. `$expand=signedContent` adds a link to its content."""
    run = find_run(call)
    name = find_artifact(run, call.query.text("artifactName")).name
    own = pipeline_url(call, run.definition, f"/runs/{run.id}/artifacts")
    body: JsonObject = {"name": name, "url": f"{own}?{urlencode({'artifactName': name})}"}
    return body | _signed_content(call, run, "signedartifactscontent", {"artifactName": name})


def _signed_content(call: Call, run: Build, what: str, query: Mapping[str, str] = _NOTHING) -> JsonObject:
    """Return the link to some content of a run, if the request asks for links."""
    if call.query.text("$expand").lower() != "signedcontent":
        return {}
    expires = timestamp(call.organization.clock.now() + timedelta(hours=_LINK_HOURS))
    signed = urlencode({**query, "urlExpires": expires, "urlSignature": _signature(run, what, query, expires)})
    url = f"{pipeline_url(call, run.definition, f'/runs/{run.id}/{what}')}?{signed}"
    return {"signedContent": {"url": url, "signatureExpires": expires}}


def _signature(run: Build, what: str, query: Mapping[str, str], expires: str) -> str:
    return guid(f"signature/{run.id}/{what}?{urlencode(query)}/{expires}").replace("-", "")


def _check_link(call: Call, run: Build, what: str, query: Mapping[str, str] = _NOTHING) -> None:
    """Refuse a link with 401 when it is for something else or too old."""
    expires = call.query.text("urlExpires")
    until = read_date(expires)
    if until is None or call.query.text("urlSignature") != _signature(run, what, query, expires):
        raise pipeline_error(401, "SignatureInvalidException", "The signature of the link is not valid.")
    if until < call.organization.clock.now():
        raise pipeline_error(401, "SignatureInvalidException", "The link has expired.")


@area.get(_RUN + "/signedlogcontent", scopes=(), anonymous=True, query="urlExpires urlSignature")
def get_signed_logs(call: Call) -> Answer | JsonValue:
    """Return all logs as a zip archive to anybody who has the signed link, without a credential."""
    run = find_run(call)
    _check_link(call, run, "signedlogcontent")
    return log_archive(run)


@area.get(_RUN + "/signedlogcontent/{log}", scopes=(), anonymous=True, query="urlExpires urlSignature")
def get_signed_log(call: Call) -> Answer | JsonValue:
    """Return the lines of a log to anybody who has the signed link, without a credential."""
    run = find_run(call)
    log = _find_log(run, call.path["log"])
    _check_link(call, run, f"signedlogcontent/{log.id}")
    return Answer(body=text_of(log), content_type=TEXT)


@area.get(
    _RUN + "/signedartifactscontent",
    scopes=(),
    anonymous=True,
    query="artifactName urlExpires urlSignature",
    ranges=True,
)
def get_signed_artifact(call: Call) -> Answer | JsonValue:
    """Return an artifact as a zip archive, or a range of it, to anybody who has the signed link."""
    run, name = find_run(call), call.query.text("artifactName")
    _check_link(call, run, "signedartifactscontent", {"artifactName": name})
    return artifact_archive(find_artifact(run, name))
