"""Record an organization by reading it. No request changes anything."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote, urlencode, urlsplit

from azure_devops_simulator.api.parsing import as_list, as_object, as_text
from azure_devops_simulator.state.values import JsonObject, JsonValue, timestamp

_VERSION = "7.1"
_COMMENTS = "7.1-preview.4"
_BATCH = 200
_MOST = 100
"""How many pull requests, builds and commits of each kind are recorded."""
_MOST_FILES = 2000
_SECONDS = 60


class _Reader:
    """Sends requests that read, and keeps them with their answers."""

    def __init__(self, base_url: str, token: str) -> None:
        self._base, self.exchanges = base_url.rstrip("/"), list[JsonValue]()
        self._headers = {
            "Authorization": "Basic " + base64.b64encode(f":{token}".encode()).decode("ascii"),
            "Accept": "application/json",
            "X-TFS-FedAuthRedirect": "Suppress",
        }

    def get(
        self, path: str, query: Mapping[str, str] | None = None, *, version: str = _VERSION, accept: str = ""
    ) -> JsonValue:
        """Read one address and return its JSON, or None for anything else. A refusal is kept as well."""
        return self._send("GET", quote(path, safe="/$"), {**(query or {}), "api-version": version}, None, accept)

    def batch(self, project: str, ids: Sequence[int]) -> None:
        """Read several work items. This POST reads."""
        body: JsonObject = {"ids": list(ids), "$expand": "all", "errorPolicy": "omit"}
        self._send("POST", f"/{quote(project)}/_apis/wit/workitemsbatch", {"api-version": _VERSION}, body, "")

    def ask(self, project: str, wiql: str) -> list[int]:
        """Return the ids that a query finds. This POST reads."""
        path = f"/{quote(project)}/_apis/wit/wiql"
        answer = self._send("POST", path, {"api-version": _VERSION, "$top": "20000"}, {"query": wiql}, "")
        rows = map(as_object, as_list(as_object(answer).get("workItems")))
        return [number for row in rows if isinstance(number := row.get("id"), int)]

    def rows(self, path: str, query: Mapping[str, str] | None = None) -> list[JsonObject]:
        """Return the rows of one page of a list."""
        found = self.get(path, query)
        return [as_object(row) for row in as_list(as_object(found).get("value"))]

    def projects(self, wanted: set[str]) -> list[str]:
        """Return the names of the wanted projects, or of all when none is. The kept answer lists no others."""
        rows = self.rows("/_apis/projects", {"$top": "10000"})
        if wanted:
            rows = [row for row in rows if as_text(row.get("name")).lower() in wanted]
            self.exchanges[-1] = {**as_object(self.exchanges[-1]), "body": {"count": len(rows), "value": [*rows]}}
        return [as_text(row.get("name")) for row in rows]

    def _send(self, method: str, path: str, query: dict[str, str], body: JsonObject | None, accept: str) -> JsonValue:
        data = None if body is None else json.dumps(body).encode()
        headers = {**self._headers, **({"Accept": accept} if accept else {})}
        if data is not None:
            headers["Content-Type"] = "application/json"
        url = f"{self._base}{path}?{urlencode(query)}"
        request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - the scheme was checked
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - checked as well
                status, kind, content = answer.status, answer.headers.get("Content-Type", ""), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                status, kind, content = error.code, error.headers.get("Content-Type", ""), error.read()
        form, value = _form(kind, content)
        pairs: list[JsonValue] = [list(pair) for pair in sorted(query.items()) if pair[0] != "api-version"]
        row: JsonObject = {"method": method, "path": path, "query": pairs, "sent": body or "", "status": status}
        self.exchanges.append({**row, "headers": {"content-type": kind}, form: value})
        return value if form == "body" and 200 <= status < 300 else None


def _form(kind: str, content: bytes) -> tuple[str, JsonValue]:
    if kind.startswith("application/json"):
        try:
            return "body", json.loads(content)
        except ValueError:
            return "text", content.decode("utf-8", "replace")
    try:
        return "text", content.decode("utf-8")
    except UnicodeDecodeError:
        return "base64", base64.b64encode(content).decode("ascii")


def record_organization(base_url: str, token: str, *, projects: Sequence[str] = ()) -> JsonObject:
    """Read an organization and return a recording of it, with people and secrets as they are.

    It reads all work items, the newest 100 builds of each project, the newest 100 pull requests of each repository, and
    the newest 100 commits of each branch; of each repository the files at the tip of the default branch and those that
    these commits changed, at most 2000.

    Args:
        base_url: the address of the organization, for example `https://dev.azure.com/contoso`.
        token: a personal access token that may read code, builds, work items and projects.
        projects: the names of the projects; all of them by default. The recording then lists no others.

    Raises:
        ValueError: the address is not one of an organization.
    """
    split = urlsplit(base_url)
    name = split.path.strip("/") or split.netloc.partition(".")[0]
    if split.scheme not in {"http", "https"} or not split.netloc or "/" in name:
        raise ValueError(f"{base_url!r} is not the address of an organization")
    reader = _Reader(base_url, token)
    reader.get("/_apis/connectionData", version="7.1-preview.1")
    wanted = {project.lower() for project in projects}
    for project in reader.projects(wanted):
        _record_project(reader, project)
    provenance: JsonObject = {
        "recorded": timestamp(datetime.now(UTC).replace(microsecond=0)),
        "source": "live",
        "api_version": _VERSION,
        "organization": name,
        "world": "",
    }
    return {"provenance": provenance, "exchanges": reader.exchanges}


def _record_project(reader: _Reader, project: str) -> None:
    reader.get(f"/_apis/projects/{project}", {"includeCapabilities": "true"})
    for team in reader.rows(f"/_apis/projects/{project}/teams"):
        reader.get(f"/_apis/projects/{project}/teams/{as_text(team.get('id'))}/members")
    reader.get(f"/{project}/_apis/wit/classificationnodes", {"$depth": "10"})
    reader.get(f"/{project}/_apis/policy/configurations")
    for repository in reader.rows(f"/{project}/_apis/git/repositories"):
        _record_repository(reader, f"/{project}/_apis/git/repositories/{as_text(repository.get('id'))}", repository)
    for definition in reader.rows(f"/{project}/_apis/build/definitions"):
        reader.get(f"/{project}/_apis/build/definitions/{definition.get('id')}")
    for build in reader.rows(f"/{project}/_apis/build/builds", {"$top": str(_MOST)}):
        _record_build(reader, f"/{project}/_apis/build/builds/{build.get('id')}")
    _record_work_items(reader, project)


def _record_repository(reader: _Reader, path: str, repository: JsonObject) -> None:
    refs = [as_text(row.get("name")) for row in reader.rows(f"{path}/refs", {"peelTags": "true"})]
    branches = [ref.removeprefix("refs/heads/") for ref in refs if ref.startswith("refs/heads/")]
    blobs: dict[str, None] = {}
    commits: dict[str, None] = {}
    for branch in branches:
        query = {"searchCriteria.itemVersion.version": branch, "searchCriteria.$top": str(_MOST)}
        commits |= dict.fromkeys(as_text(row.get("commitId")) for row in reader.rows(f"{path}/commits", query))
    if as_text(repository.get("defaultBranch")):
        items = reader.rows(f"{path}/items", {"recursionLevel": "full", "scopePath": "/"})
        blobs |= dict.fromkeys(as_text(item.get("objectId")) for item in items if item.get("gitObjectType") == "blob")
    for commit in commits:
        reader.get(f"{path}/commits/{commit}")
        changes = as_object(reader.get(f"{path}/commits/{commit}/changes")).get("changes")
        for item in (as_object(as_object(change).get("item")) for change in as_list(changes)):
            if item.get("gitObjectType") == "blob":
                blobs |= {as_text(item[name]): None for name in ("objectId", "originalObjectId") if item.get(name)}
    for blob in list(blobs)[:_MOST_FILES]:
        reader.get(f"{path}/blobs/{blob}", accept="application/octet-stream")
    pull_requests = reader.rows(f"{path}/pullrequests", {"searchCriteria.status": "all", "$top": str(_MOST)})
    for number in (row.get("pullRequestId") for row in pull_requests):
        for part in ("", "/threads", "/iterations", "/workitems"):
            reader.get(f"{path}/pullRequests/{number}{part}")


def _record_build(reader: _Reader, path: str) -> None:
    reader.get(path)
    reader.get(f"{path}/timeline")
    for log in reader.rows(f"{path}/logs"):
        reader.get(f"{path}/logs/{log.get('id')}")
    reader.get(f"{path}/artifacts")


def _record_work_items(reader: _Reader, project: str) -> None:
    query = "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project ORDER BY [System.Id]"
    for ids in _parts(reader.ask(project, query), _BATCH):
        reader.batch(project, ids)
        for number in ids:
            item = f"/{project}/_apis/wit/workItems/{number}"
            reader.get(f"{item}/revisions")
            reader.get(f"{item}/updates")
            reader.get(f"{item}/comments", version=_COMMENTS)


def _parts(numbers: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]
