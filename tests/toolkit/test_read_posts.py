"""The two lists of requests that pass the write gate without a grant: what they may do is tried out."""

import pytest
from calls import FULL, READ, connected, seed_with_tokens

from azure_devops_simulator import SimulatorServer
from langchain_azure_devops.errors import ScopeMissing
from langchain_azure_devops.passage import PROBES, READ_POSTS

WIQL = {"query": "SELECT [System.Id] FROM WorkItems WHERE [System.WorkItemType] = 'Bug'"}
CODE = {"searchText": "DB_TIMEOUT", "$skip": 0, "$top": 5, "filters": {}, "includeFacets": False}
BODIES = {
    "/{project}/_apis/wit/wiql": (WIQL, "workItems"),
    "/{project}/_apis/wit/workitemsbatch": ({"ids": [1, 4], "fields": ["System.Title"]}, "value"),
    "/{project}/_apis/search/codesearchresults": (CODE, "results"),
}
POSTS = sorted(operation.template for operation in READ_POSTS)


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
    return client.run_sync(client.post(template, BODIES[template][0], path={"project": "Platform"}, area="core"))


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
        granted = client.run_sync(client.probe(scope))
    with connected(service.base_url, READ) as client:
        refused = client.run_sync(client.probe(scope))
    assert granted.is_error
    assert granted.status_code != 401
    assert "x-vss-userdata" in granted.headers
    assert (refused.status_code, refused.content) == (401, b"")
    assert picture(service.organization) == before


def test_every_write_scope_of_a_tool_has_a_probe():
    from langchain_azure_devops import TOOLS

    needed = {scope.value for tool in TOOLS.values() if tool.access == "write" for scope in tool.scopes}
    assert needed == set(PROBES)
