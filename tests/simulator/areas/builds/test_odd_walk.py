"""Every operation of builds, pipelines, projects, people and search, where what they need is missing or odd."""

from collections.abc import Iterator
from itertools import product

import httpx
from contract_calls import router

from azure_devops_simulator import Organization
from azure_devops_simulator.api.routing import Route, variants
from azure_devops_simulator.server.app import create_app
from azure_devops_simulator.state.builds import Artifact
from azure_devops_simulator.state.projects import Project, Repository

AREAS = {"build", "pipelines", "core", "ims", "search"}
BODIES = {
    "POST": (
        "{}",
        "[]",
        '{"definition": {"id": %(definition)s}, "sourceBranch": "refs/tags/tree"}',
        '{"definition": {"id": %(definition)s}}',
        '{"resources": {"repositories": {"self": {"version": "ffff"}}}, "stagesToSkip": ["__default"]}',
        '{"searchText": "a NEAR b", "$top": 1, "includeFacets": true}',
        '["ffff", 5, null]',
    ),
    "PATCH": ("{}", '{"status": "cancelling"}', '{"state": "retry"}', '[{"op": "add", "path": "/a", "value": {}}]'),
    "PUT": ("{}",),
}
QUERIES = ("", "?$expand=signedContent&artifactName=a", "?$format=zip&artifactName=a", "?retry=true")
BETWEEN = ("build/changes", "build/workitems")


def odd_world(organization: Organization) -> dict[str, list[str]]:
    """Make an organization odd, and return the values for the parameters of paths."""
    builds, author, now = organization.builds, organization.named("Dana Ortiz"), organization.clock.now()
    api, docs = (organization.repository("Platform", name) for name in ("platform-api", "docs"))
    api.refs["refs/tags/tree"] = api.commit(api.default_tip() or "").tree
    api.refs["refs/heads/empty"] = ""
    empty = Repository("11111111-1111-1111-1111-111111111111", "empty", api.project)
    api.project.repositories[empty.id] = empty
    hollow = Project("22222222-2222-2222-2222-222222222222", "Hollow", "", "private", "Agile", now)
    organization.projects[hollow.id] = hollow
    lost = organization.repository("Platform", "infrastructure")
    del api.project.repositories[lost.id]
    for name, repository in (("empty", empty), ("docs", docs)):
        builds.add_definition(repository, name, "/none.yml", author=author, when=now, pool=name)
    for definition in list(builds.definitions.values()):
        for version in ("", "f" * 40, docs.default_tip() or ""):
            builds.add_build(definition, branch="refs/heads/x", version=version, by=author, when=now)
    last = builds.builds[max(builds.builds)]
    last.artifacts = [Artifact(1, "a", {}), Artifact(2, "a/b", {"..": b""})]
    last.records, last.status = [], "completed"
    numbers, definitions = [*map(str, builds.builds)], [*map(str, builds.definitions)]
    return {
        "project": ["Platform", "Hollow"],
        "build": ["27", "35", "38", *numbers[-3:]],
        "run": numbers[-2:],
        "definition": ["3", definitions[-1], "999"],
        "pipeline": ["1", definitions[-1], "999"],
        "log": ["1", "99"],
        "timeline": [last.plan],
        "stage": ["Build", "__default"],
    }


def requests(route: Route, values: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    for segments in variants(route.template):
        names = [segment.strip("{}").partition(":")[0].rstrip(".") if "{" in segment else "" for segment in segments]
        choices = [values.get(name, ["x"]) if name else [part] for name, part in zip(names, segments, strict=True)]
        for parts in product(*choices):
            path = "/".join(parts)
            yield from ((path + query, "") for query in (QUERIES if route.method == "GET" else QUERIES[::3]))
            yield from ((path, body % {"definition": n}) for body in BODIES.get(route.method, ()) for n in (1, 3, 8))


async def test_no_operation_breaks(organization: Organization) -> None:
    """A handler that raises would raise here: there is no server between the client and the application."""
    values, tried = odd_world(organization), 0
    transport = httpx.ASGITransport(create_app(organization))
    routes = [route for route in router().routes if route.area in AREAS and route.method != "DELETE"]
    pairs = [
        f"Platform/_apis/{what}?fromBuildId={old}&toBuildId={new}"
        for what, old, new in product(BETWEEN, values["build"], values["build"])
    ]
    base = "http://127.0.0.1:1/tidewater"
    async with httpx.AsyncClient(transport=transport, base_url=base, auth=("", "full-token")) as client:
        for route in routes:
            asked = [*requests(route, values), *((path, "") for path in pairs if route.template.endswith(BETWEEN))]
            for target, body in asked:
                url = httpx.URL(target).copy_merge_params({"api-version": route.version})
                kind = "application/json-patch+json" if body.startswith("[{") else "application/json"
                answer = await client.request(route.method, url, content=body, headers={"Content-Type": kind})
                tried += 1
                assert answer.status_code < 500 or answer.json()["typeKey"], (route.method, target, body)
    assert tried > 1_000
