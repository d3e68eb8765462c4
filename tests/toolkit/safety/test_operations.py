"""What passes the write gate without a grant: tried out on the simulator, and held against the published scopes."""

import re
from pathlib import Path

import pytest
from official_facts import rows
from published import shape_of
from tool_calls import FULL, READ, connected, seed_with_tokens

from azure_devops_simulator import SimulatorServer
from langchain_azure_devops.errors import ScopeMissing
from langchain_azure_devops.http.request import PROBES
from langchain_azure_devops.safety.grants import Operation
from langchain_azure_devops.safety.operations import READ_POSTS, READ_SCOPE_WRITES, WRITE_GETS, is_read
from langchain_azure_devops.scopes import Scope

WIQL = {"query": "SELECT [System.Id] FROM WorkItems WHERE [System.WorkItemType] = 'Bug'"}
CODE = {"searchText": "DB_TIMEOUT", "$skip": 0, "$top": 5, "filters": {}, "includeFacets": False}
PAGES = {"searchText": "runbook", "$skip": 0, "$top": 5}
ITEMS = {"searchText": "search", "$skip": 0, "$top": 5}
BODIES = {
    "/{project}/_apis/wit/wiql": (WIQL, "workItems"),
    "/{project}/_apis/wit/workitemsbatch": ({"ids": [1, 4], "fields": ["System.Title"]}, "value"),
    "/{project}/_apis/search/codesearchresults": (CODE, "results"),
    "/{project}/_apis/search/wikisearchresults": (PAGES, "results"),
    "/{project}/_apis/search/workitemsearchresults": (ITEMS, "results"),
    "/{project}/_apis/pipelines/{pipeline}/preview": ({"previewRun": True}, "finalYaml"),
}
POSTS = sorted(BODIES)


@pytest.fixture(scope="module")
def service():
    organization = seed_with_tokens()
    organization.add_token("project-token", ("vso.project",))
    with SimulatorServer(organization) as running:
        yield running


def picture(organization):
    """Everything a write would move: the clock, the counters, refs, pull requests, work items, builds."""
    return (
        organization.clock.now(),
        dict(organization.counters),
        {r.id: dict(r.refs) for p in organization.projects.values() for r in p.repositories.values()},
        {number: repr(found) for number, found in organization.pull_requests.items()},
        repr(vars(organization.work_items)),
        repr(sorted(vars(organization.builds))),
        sorted(organization.projects),
    )


def post(client, template):
    return client.run_sync(
        client.post(template, BODIES[template][0], path={"project": "Platform", "pipeline": 1}, area="core")
    )


@pytest.mark.parametrize("template", POSTS)
def test_a_reading_post_needs_no_more_than_a_read_scope_and_stores_nothing(service, template):
    before = picture(service.organization)
    with connected(service.base_url, READ) as client:
        answer = post(client, template)
    assert answer.json()[BODIES[template][1]]
    assert picture(service.organization) == before


@pytest.mark.parametrize("template", POSTS)
def test_a_reading_post_does_need_its_scope(service, template):
    with connected(service.base_url, "project-token") as client:
        with pytest.raises(ScopeMissing):
            post(client, template)


@pytest.mark.parametrize("scope", PROBES)
def test_a_probe_changes_nothing_whoever_sends_it(service, scope):
    before = picture(service.organization)
    with connected(service.base_url, FULL) as client:
        granted = client.run_sync(client.probe(scope, "Platform"))
    with connected(service.base_url, READ) as client:
        refused = client.run_sync(client.probe(scope, "Platform"))
    assert granted.is_error
    assert granted.status_code != 401
    assert "x-vss-userdata" in granted.headers
    assert (refused.status_code, refused.content) == (401, b"")
    assert picture(service.organization) == before


def test_every_write_scope_of_a_tool_has_a_probe():
    from langchain_azure_devops import TOOLS

    needed = {scope.value for tool in TOOLS.values() if tool.access == "write" for scope in tool.scopes}
    assert needed == set(PROBES)


def test_the_reading_posts_that_tools_send_are_all_tried_out():
    assert {Operation("POST", template) for template in BODIES} <= set(READ_POSTS)
    folder = Path(__file__).parents[3] / "toolkit" / "langchain_azure_devops"
    code = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py") if path.name != "operations.py")
    sent = [operation.template for operation in READ_POSTS if operation.template.rpartition("/_apis")[2] in code]
    assert sorted(sent) == POSTS


def test_the_tables_do_not_contradict_each_other():
    assert not set(READ_POSTS) & set(READ_SCOPE_WRITES)
    assert not any(is_read(operation) for operation in (*READ_SCOPE_WRITES, *WRITE_GETS))
    assert all(is_read(operation) for operation in READ_POSTS)
    assert all(operation.method == "POST" for operation in READ_POSTS)
    assert is_read(Operation("GET", "/_apis/projects"))


@pytest.mark.parametrize(
    ("method", "template"),
    [
        ("POST", "/_apis/wit/$batch"), ("POST", "/{project}/_apis/git/repositories/{repository}/pushes"),
        ("POST", "/{project}/_apis/pipelines/{pipeline}/runs"), ("DELETE", "/_apis/projects/{project}"),
        ("POST", "/{project}/_apis/wit/WIQL"), ("PATCH", "/{project}/_apis/wit/wiql"), ("post", "/_apis/x"),
        ("QUERY", "/_apis/x"), ("PUT", "/_apis/x"), ("POST", "/_apis/pipelines/{pipeline}/preview"),
    ],
)  # fmt: skip
def test_what_no_table_names_is_a_write(method, template):
    assert not is_read(Operation(method, template))


# The levels of a scope that let it change something; every other scope is for reading.
_WRITES = re.compile(r"_(write|manage|execute|full|acquire|publish|interact|use|query|status)$")


def published():
    """Every operation of the service's own description: (method, shape of the path) -> scopes."""
    found = {}
    for row in rows():
        found.setdefault((row.method, tuple(row.path.split("/"))), []).append(set(row.scopes))
    return found


def key(operation):
    return operation.method, shape_of(operation.template)


def test_the_tables_agree_with_the_published_scopes():
    known = published()
    for table in (READ_POSTS, READ_SCOPE_WRITES, WRITE_GETS):
        for operation, scopes in table.items():
            assert {scope.value for scope in scopes} in known[key(operation)], operation


def test_every_published_write_that_a_scope_for_reading_allows_is_decided_in_a_table():
    decided = {key(operation) for operation in (*READ_POSTS, *READ_SCOPE_WRITES)}
    # Kept out of the gate's list until a tool needs them; unknown is a write.
    undecided = {
        "_apis/graph/subjectlookup", "_apis/graph/subjectquery", "_apis/hooks/notificationsquery",
        "_apis/hooks/publishersquery", "_apis/hooks/subscriptionsquery", "_apis/serviceendpoint/types",
        "_apis/git/repositories/*/blobs",
    }  # fmt: skip
    for (method, template), known in published().items():
        only_reads = any(scopes and not all(_WRITES.search(scope) for scope in scopes) for scopes in known)
        if method not in {"GET", "HEAD", "OPTIONS"} and only_reads and "/".join(template) not in undecided:
            assert (method, template) in decided, (method, template, known)


def test_the_scopes_in_the_tables_are_scopes():
    for table in (READ_POSTS, READ_SCOPE_WRITES, WRITE_GETS):
        assert all(isinstance(scope, Scope) and scopes for scopes in table.values() for scope in scopes)
