"""Repositories, branches, directories and files, as a model calls for them."""

import asyncio

import pytest
from tool_calls import call, refusal, text_of

from langchain_azure_devops import TOOLS, AzureDevOpsToolkit
from langchain_azure_devops.errors import InvalidRequest, NotFound, ProjectNotFound

API = {"repository": "platform-api"}
LABELS = "/src/platform_api/routes/labels.py"


def test_projects_and_repositories(reader):
    assert [row.name for row in call(reader, "list_projects").items] == ["Data", "Mobile App", "Payments", "Platform"]
    names = [row.name for row in call(reader, "list_repositories").items]
    assert sorted(names) == ["docs", "infrastructure", "platform-api"]
    [app] = call(reader, "list_repositories", project="Mobile App").items
    assert (app.name, app.project, app.default_branch) == ("tidewater-app", "Mobile App", "main")


def test_one_row_is_called_by_its_singular(reader):
    assert text_of(reader, "list_repositories", project="Mobile App").startswith("1 of 1 repository\n")
    assert text_of(reader, "list_branches", contains="carrier", **API).startswith("1 branch, all\n")


def test_without_a_project_all_repositories_of_the_organization_are_listed(seeded):
    with AzureDevOpsToolkit(base_url=seeded.base_url, pat="read-token") as toolkit:
        names = {row.name for row in call(toolkit.client, "list_repositories").items}
        assert {"platform-api", "ledger", "tidewater-app", "empty-lake"} <= names
        message = refusal(toolkit.client, "list_branches", InvalidRequest, **API)
    assert "Visible projects: Data, Mobile App, Payments, Platform" in message


async def test_sync_and_async_bring_the_same(reader):
    inside = await TOOLS["list_branches"](reader, **API)
    assert inside == await asyncio.to_thread(call, reader, "list_branches", **API)
    assert {"main", "release/2.8", "feature/paginate-search"} <= {row.name for row in inside.items}


def test_a_directory_is_listed_to_the_depth_asked_for(reader):
    top = [row.path for row in call(reader, "list_repository_files", **API).items]
    assert {"/src/", "/README.md"} <= set(top)
    assert all(path.strip("/").count("/") == 0 for path in top)
    below = [row.path for row in call(reader, "list_repository_files", path="/src/platform_api/", depth=2, **API).items]
    assert {"/src/platform_api/tracking/carriers/", "/src/platform_api/settings.py"} <= set(below)
    assert "/src/platform_api/tracking/carriers/northline.py" not in below


def test_a_file_at_a_branch_a_tag_and_a_commit(reader):
    path = "/pyproject.toml"
    assert 'version = "2.7.0"' in text_of(
        reader, "read_repository_file", path=path, version="v2.7.0", version_type="tag", **API
    )
    assert 'version = "2.8.0"' in text_of(reader, "read_repository_file", path=path, version="release/2.8", **API)
    [main] = [row for row in call(reader, "list_branches", **API).items if row.name == "main"]
    at_commit = call(reader, "read_repository_file", path=path, version=main.commit, version_type="commit", **API)
    assert at_commit.text == call(reader, "read_repository_file", path=path, **API).text


def test_what_a_reader_would_not_see_is_left_out_for_the_model(reader):
    text = text_of(reader, "read_repository_file", path=LABELS, **API)
    assert "LABEL_WIDTH_MM" in text
    assert not set(text) & set("\u202e\u202c\u200b\u2066\u2069")
    assert "\u202e" in call(reader, "read_repository_file", path=LABELS, **API).text


def test_a_binary_is_said_and_not_dumped(reader):
    text = text_of(reader, "read_repository_file", path="/assets/logo.png", **API)
    assert "binary" in text
    assert "IHDR" not in text


def test_an_lfs_pointer_is_said_to_be_one(reader):
    assert "Git LFS pointer" in text_of(reader, "read_repository_file", path="/assets/demand-model.bin", **API)


def test_line_ends_of_windows_are_line_ends(reader):
    found = call(reader, "read_repository_file", path="/scripts/restart-agent.cmd", **API)
    assert found.total_lines == 6
    assert found.text.split("\n")[0] == "@echo off"
    assert "\r" not in found.text


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [(1, 1, (1, 1)), (2999, 3001, (2999, 3001)), (3000, 9999, (3000, 3001)), (3001, None, (3001, 3001))],
)
def test_a_range_of_lines(reader, first, last, shown):
    found = call(reader, "read_repository_file", path="/data/ports.csv", first_line=first, last_line=last, **API)
    assert (found.first_line, found.last_line) == shown
    assert found.total_lines == 3001


def test_a_range_outside_the_file_is_said(reader):
    assert "no lines of 3,001" in text_of(
        reader, "read_repository_file", path="/data/ports.csv", first_line=5000, **API
    )
    message = refusal(reader, "read_repository_file", InvalidRequest, path="/a", first_line=5, last_line=4, **API)
    assert "last_line 4 lies before first_line 5" in message


def test_a_long_file_is_cut_at_a_line_and_read_on_without_loss(reader):
    lines, following = [], 1
    while following:
        text = text_of(reader, "read_repository_file", path="/data/ports.csv", first_line=following, **API)
        assert len(text) <= 32_000
        head, body = text.split("\n", 1)
        last = int(head.split("-")[1].split(" ")[0].replace(",", ""))
        lines += body.split("\n")[-2 - last + following : -1]
        following = int(head.split("first_line=")[1]) if "first_line=" in head else 0
    halves = ((1, 1500), (1501, 3001))
    parts = [
        call(reader, "read_repository_file", path="/data/ports.csv", first_line=a, last_line=b, **API)
        for a, b in halves
    ]
    assert lines == [line for part in parts for line in part.text.split("\n")]
    assert len(lines) == 3001


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
        ("read_repository_file", {**API, "path": "/REAMDE.md"}, NotFound, "Did you mean '/README.md'?"),
        ("read_repository_file", {**API, "path": "/no/such/file"}, NotFound, "list_repository_files"),
        ("read_repository_file", {**API, "path": "/README.md", "version": "mian"}, NotFound, "Did you mean 'main'?"),
        ("read_repository_file", {**API, "path": "/src"}, InvalidRequest, "list_repository_files"),
        ("list_repository_files", {**API, "path": "/README.md"}, InvalidRequest, "read_repository_file"),
        ("list_repository_files", {**API, "path": "/nothing"}, NotFound, "/nothing"),
        ("list_repositories", {"project": "Platfrm"}, ProjectNotFound, "Did you mean 'Platform'?"),
        ("read_repository_file", {"repository": "a/../b", "path": "/a"}, InvalidRequest, "repository"),
        ("read_repository_file", {"repository": "..", "path": "/a"}, InvalidRequest, "repository"),
        ("read_repository_file", {"repository": "empty-lake", "project": "Data", "path": "/a"}, NotFound, "empty"),
    ],
)
def test_what_is_missing_is_said_with_what_there_is(reader, tool, arguments, kind, words):
    message = refusal(reader, tool, kind, **arguments)
    assert words in message
    assert "{" not in message


def test_an_empty_repository_has_no_branches(reader):
    assert text_of(reader, "list_branches", repository="empty-lake", project="Data") == "No branches found."


def test_a_hidden_project_is_not_found(client, organization):
    organization.hide_project(organization.project("Payments"), organization.named("svc-agent"))
    names = [row.name for row in call(client, "list_projects").items]
    assert names == ["Data", "Mobile App", "Platform"]
    message = refusal(client, "list_branches", ProjectNotFound, repository="ledger", project="Payments")
    assert "list_projects" in message
