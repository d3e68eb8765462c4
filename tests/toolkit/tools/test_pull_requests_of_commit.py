"""Which pull requests brought a commit: those that contain it, and the one that it merged."""

import pytest
from tool_calls import READ, call, refusal, text_of

from azure_devops_simulator import SimulatorServer, build_organization
from langchain_azure_devops import AzureDevOps, load_settings
from langchain_azure_devops.errors import InvalidRequest, NotFound


def test_the_merged_pull_request_and_those_that_contain_a_commit_are_found():
    organization = build_organization("contoso")
    api = organization.add_project("Platform").add_repository("api", files={"a.txt": "1"})
    api.commit("Change", {"a.txt": "2"}, branch="topic")
    pull = api.open_pull_request("Bring the change", source="topic")
    change, first = api.repository.refs["refs/heads/topic"], api.repository.refs["refs/heads/main"]
    pull.complete()
    merge = api.repository.refs["refs/heads/main"]
    organization.add_token(READ)
    with SimulatorServer(organization) as server:
        settings = load_settings(base_url=server.base_url, pat=READ, default_project="Platform")
        with AzureDevOps(settings) as client:

            def found(commit):
                page = call(client, "list_pull_requests_of_commit", repository="api", commit=commit)
                return [(row.title, row.status, row.merged_by_it) for row in page.items]

            assert found(change) == [("Bring the change", "completed", False)]
            assert found(merge.upper()) == [("Bring the change", "completed", True)]
            assert found(first) == []
            text = text_of(client, "list_pull_requests_of_commit", repository="api", commit=first)
    assert "pushed to its branch directly" in text


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"repository": "platform-api", "commit": "0" * 40}, NotFound, "no commit '0000"),
        ({"repository": "platform-apj", "commit": "0" * 40}, NotFound, "Did you mean 'platform-api'?"),
        ({"repository": "platform-api", "commit": "3b55ede"}, InvalidRequest, "40 hexadecimal digits"),
    ],
)
def test_what_does_not_fit_is_explained(platform_reader, arguments, kind, words):
    assert words in refusal(platform_reader, "list_pull_requests_of_commit", kind, **arguments)
