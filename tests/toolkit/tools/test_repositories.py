"""Repositories and branches: lists, suggestions, what is hidden or missing."""

import asyncio

import pytest
from stub_service import StubService, failure, ok
from tool_calls import call, message_of, refusal, text_of

from langchain_azure_devops import TOOLS, AzureDevOps, AzureDevOpsToolkit, load_settings
from langchain_azure_devops.errors import (
    InvalidRequest,
    NotFound,
    PermissionDenied,
    ProjectNotFound,
    ScopeMissing,
)
from langchain_azure_devops.tools.repositories.tools import (
    list_branches,
    list_repositories,
    list_repository_files,
    read_repository_file,
)

API = {"project": "Platform", "repository": "platform-api"}
REPOSITORY = {"repository": "platform-api"}


# -- repositories and branches -------------------------------------------------------------------------------------


def test_repositories_of_the_whole_organization_and_of_a_project(reader):
    everything = list_repositories.call_sync(reader)
    assert {row.project for row in everything.items} == {"Platform", "Payments", "Mobile App", "Data"}
    assert (everything.total, everything.cursor) == (7, None)
    mobile = list_repositories.call_sync(reader, project="Mobile App")
    assert [(row.name, row.default_branch) for row in mobile.items] == [("tidewater-app", "main")]


async def test_the_default_project_applies(shared_server):
    async with AzureDevOps(
        load_settings(base_url=shared_server.base_url, pat="read-token", default_project="Payments")
    ) as client:
        assert [row.name for row in (await list_repositories(client)).items] == ["checkout-service", "ledger"]
        assert (await read_repository_file(client, repository="ledger", path="go.mod")).total_lines


async def test_a_missing_project_is_named_with_a_suggestion(reader):
    with pytest.raises(ProjectNotFound, match="Did you mean 'Platform'"):
        await list_repositories(reader, project="Platfrom")


async def test_pages_of_repositories_continue_where_they_ended(reader):
    first = await list_repositories(reader, limit=4)
    second = await list_repositories(reader, limit=4, cursor=first.cursor)
    whole = await list_repositories(reader)
    assert [*first.items, *second.items] == whole.items
    assert second.cursor is None
    with pytest.raises(InvalidRequest, match="other arguments"):
        await list_repositories(reader, project="Platform", cursor=first.cursor)


def test_the_default_branch_is_marked(reader, shared_server):
    page = list_branches.call_sync(reader, **API)
    assert [row.name for row in page.items if row.default] == ["main"]
    tips = shared_server.organization.repository("Platform", "platform-api").refs
    assert {f"refs/heads/{row.name}": row.commit for row in page.items} == {
        name: commit for name, commit in tips.items() if name.startswith("refs/heads/")
    }


def test_branches_are_filtered_and_paged_by_the_service(reader):
    features = list_branches.call_sync(reader, **API, contains="feature/")
    assert {row.name.split("/")[0] for row in features.items} == {"feature"}
    assert [row.name for row in list_branches.call_sync(reader, **API, contains="refs/heads/release/2.8").items] == [
        "release/2.8"
    ]
    first = list_branches.call_sync(reader, **API, limit=2)
    rest = list_branches.call_sync(reader, **API, limit=100, cursor=None)
    second = list_branches.call_sync(reader, **API, limit=2, cursor=first.cursor)
    assert [*first.items, *second.items] == rest.items[:4]


def test_an_empty_repository_has_no_branches_and_says_so(reader):
    assert message_of(reader, "list_branches", project="Data", repository="empty-lake") == (
        'No branches found in empty-lake of Data; project="*" without repository looks everywhere.'
    )
    for name, more in (("list_repository_files", {}), ("read_repository_file", {"path": "/x"})):
        text = message_of(reader, name, project="Data", repository="empty-lake", **more)
        assert text.startswith("[not_found NotFound empty-lake]\n")
        assert "is empty: it has no branches yet" in text


def test_a_repository_id_needs_no_project(reader, shared_server):
    ledger = shared_server.organization.repository("Payments", "ledger")
    assert list_repository_files.call_sync(reader, repository=ledger.id).items
    with pytest.raises(InvalidRequest, match="needs a project"):
        list_repository_files.call_sync(reader, repository="ledger")


@pytest.mark.parametrize(
    "tool", [list_branches, list_repository_files, read_repository_file], ids=lambda tool: tool.name
)
def test_a_misspelt_repository_gets_a_suggestion(reader, tool):
    more = {"path": "/README.md"} if tool is read_repository_file else {}
    with pytest.raises(NotFound, match="Did you mean 'platform-api'") as caught:
        tool.call_sync(reader, project="Platform", repository="Platform-Api-", **more)
    assert caught.value.subject == "Platform-Api-"


def test_projects_and_repositories(platform_reader):
    assert [row.name for row in call(platform_reader, "list_projects").items] == [
        "Data",
        "Mobile App",
        "Payments",
        "Platform",
    ]
    names = [row.name for row in call(platform_reader, "list_repositories").items]
    assert sorted(names) == ["docs", "infrastructure", "platform-api"]
    [app] = call(platform_reader, "list_repositories", project="Mobile App").items
    assert (app.name, app.project, app.default_branch) == ("tidewater-app", "Mobile App", "main")


def test_one_row_is_called_by_its_singular(platform_reader):
    assert text_of(platform_reader, "list_repositories", project="Mobile App").startswith(
        "1 of 1 repository in Mobile App;"
    )
    assert text_of(platform_reader, "list_branches", contains="carrier", **REPOSITORY).startswith(
        "1 branch, all, in platform-api of Platform;"
    )


def test_without_a_project_all_repositories_of_the_organization_are_listed(shared_server):
    with AzureDevOpsToolkit(base_url=shared_server.base_url, pat="read-token") as toolkit:
        names = {row.name for row in call(toolkit.client, "list_repositories").items}
        assert {"platform-api", "ledger", "tidewater-app", "empty-lake"} <= names
        message = refusal(toolkit.client, "list_branches", InvalidRequest, **REPOSITORY)
    assert "Visible projects: Data, Mobile App, Payments, Platform" in message


async def test_sync_and_async_bring_the_same(platform_reader):
    inside = await TOOLS["list_branches"](platform_reader, **REPOSITORY)
    assert inside == await asyncio.to_thread(call, platform_reader, "list_branches", **REPOSITORY)
    assert {"main", "release/2.8", "feature/paginate-search"} <= {row.name for row in inside.items}


# -- refusals ------------------------------------------------------------------------------------------------------


def test_a_token_without_the_scope_is_denied_and_says_which(server, organization):
    organization.add_token("work-only-token", {"vso.work"})
    with AzureDevOps(load_settings(base_url=server.base_url, pat="work-only-token")) as client:
        with pytest.raises(ScopeMissing) as caught:
            read_repository_file.call_sync(client, **API, path="/README.md")
        assert caught.value.subject == "vso.code"
        assert message_of(client, "list_repositories").startswith("[denied ScopeMissing vso.code]\n")


def test_a_person_without_the_permission_is_denied():
    refusal = failure(403, "GitNeedsPermissionException", "TF401027: You need the Git 'GenericRead' permission.")
    with (
        StubService([refusal]) as service,
        AzureDevOps(load_settings(base_url=service.base_url, pat="x" * 52)) as client,
        pytest.raises(PermissionDenied, match="GenericRead"),
    ):
        list_repository_files.call_sync(client, project="P", repository="r")


async def test_each_reading_tool_takes_one_request():
    def answer(seen):
        return ok({"count": 0, "value": [{"name": "x", "path": "/a", "id": "1", "project": {"name": "P"}}]})

    with (
        StubService(answer) as service,
        AzureDevOps(load_settings(base_url=service.base_url, pat="x" * 52, default_project="P")) as client,
    ):
        await list_repositories(client)
        await list_repository_files(client, repository="r")
        assert len(service.seen) == 2


@pytest.mark.parametrize(
    ("tool", "arguments", "kind", "words"),
    [
        (
            "read_repository_file",
            {"repository": "platform-apj", "path": "/a"},
            NotFound,
            "Did you mean 'platform-api'?",
        ),
        ("list_branches", {"repository": "nothing"}, NotFound, "Repositories there: docs, infrastructure"),
        ("read_repository_file", {**REPOSITORY, "path": "/REAMDE.md"}, NotFound, "Did you mean '/README.md'?"),
        ("read_repository_file", {**REPOSITORY, "path": "/no/such/file"}, NotFound, "list_repository_files"),
        (
            "read_repository_file",
            {**REPOSITORY, "path": "/README.md", "version": "mian"},
            NotFound,
            "Did you mean 'main'?",
        ),
        ("read_repository_file", {**REPOSITORY, "path": "/src"}, InvalidRequest, "list_repository_files"),
        ("list_repository_files", {**REPOSITORY, "path": "/README.md"}, InvalidRequest, "read_repository_file"),
        ("list_repository_files", {**REPOSITORY, "path": "/nothing"}, NotFound, "/nothing"),
        ("list_repositories", {"project": "Platfrm"}, ProjectNotFound, "Did you mean 'Platform'?"),
        ("read_repository_file", {"repository": "a/../b", "path": "/a"}, InvalidRequest, "repository"),
        ("read_repository_file", {"repository": "..", "path": "/a"}, InvalidRequest, "repository"),
        ("read_repository_file", {"repository": "empty-lake", "project": "Data", "path": "/a"}, NotFound, "empty"),
    ],
)
def test_what_is_missing_is_said_with_what_there_is(platform_reader, tool, arguments, kind, words):
    message = refusal(platform_reader, tool, kind, **arguments)
    assert words in message
    assert "{" not in message


def test_a_hidden_project_is_not_found(platform_client, organization):
    organization.hide_project(organization.project("Payments"), organization.named("svc-agent"))
    names = [row.name for row in call(platform_client, "list_projects").items]
    assert names == ["Data", "Mobile App", "Platform"]
    message = refusal(platform_client, "list_branches", ProjectNotFound, repository="ledger", project="Payments")
    assert "List the projects" in message
