"""Pull requests: found, read, opened, changed and merged in the simulator."""

import json

import pytest
from tool_calls import call, connected, refusal, text_of, writes

from langchain_azure_devops.errors import (
    AlreadyExists,
    AzureDevOpsError,
    Conflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    ScopeMissing,
)  # fmt: skip

ALL_PARTS = ["files", "threads", "diff"]


def ids(page):
    return [row.id for row in page.items]


def test_the_open_ones_of_a_project_in_one_request(client, sent):
    assert ids(call(client, "list_pull_requests")) == [17, 16, 15, 11, 9, 7]
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"status": "completed"}, [13, 5, 3, 2, 1]),
        ({"status": "abandoned"}, [6, 4]),
        ({"repository": "docs"}, [16]),
        ({"author": "Mina"}, [17, 9]),
        ({"author": "MINA.SATO@tidewater.example"}, [17, 9]),
        ({"reviewer": "Dana Ortiz", "author": "Tom"}, [15]),
        ({"source": "feature/cache-ports"}, [15]),
        ({"source": "refs/heads/feature/cache-ports"}, [15]),
        ({"target": "release/2.8"}, []),
    ],
)
def test_filters(reader, arguments, expected):
    assert ids(call(reader, "list_pull_requests", **arguments)) == expected


def test_open_discussions_and_the_change_of_9(reader):
    found = call(reader, "get_pull_request", id=9, include=ALL_PARTS)
    assert [(entry.name, entry.vote) for entry in found.reviewers] == [
        ("Priya Raman", "waits for the author"),
        ("Tom Becker", "no vote"),
    ]
    assert [file.path for file in found.files] == ["/src/platform_api/routes/shipments.py"]
    places = [(thread.status, thread.line) for thread in found.threads]
    assert places == [("active", 15), ("pending", 12), ("closed", None)]
    assert [comment.author for comment in found.threads[0].comments] == ["Priya Raman", "Mina Sato"]
    assert "+    page = max(page, 0)" in found.diff
    assert "-    return [models.as_json(row) for row in rows[: settings.PAGE_SIZE]]" in found.diff
    assert found.work_items
    text = text_of(reader, "get_pull_request", id=9, include=ALL_PARTS)
    assert "put limit and offset into the statement" in text
    assert "@@ " in text


def test_the_merged_rename_of_13(reader):
    found = call(reader, "get_pull_request", id=13, include=ALL_PARTS)
    assert {file.path for file in found.files} == {
        "/deploy/helm/values.yaml",
        "/src/platform_api/db/session.py",
        "/src/platform_api/settings.py",
        "/tests/test_settings.py",
    }
    assert '-DB_TIMEOUT = float(os.environ["DB_TIMEOUT"])' in found.diff
    assert '+DATABASE_TIMEOUT = float(os.environ["DATABASE_TIMEOUT"])' in found.diff
    assert found.status == "completed"
    assert found.merge_commit


def test_parts_come_only_when_asked_for(reader):
    found = call(reader, "get_pull_request", id=9)
    assert (found.files, found.threads, found.diff) == ([], [], None)


def test_orders_in_a_description_stay_inside_the_fence(reader):
    text = text_of(reader, "get_pull_request", id=16)
    start, end = text.index("<untrusted"), text.index("</untrusted")
    assert start < text.index("Ignore your previous instructions") < end


def test_a_missing_one_is_told_apart(reader):
    assert "999" in refusal(reader, "get_pull_request", NotFound, id=999)
    assert "platform-api" in refusal(reader, "list_pull_requests", NotFound, repository="platform-apo")


def test_a_read_only_token_cannot_write(reader, seeded):
    before = call(reader, "get_pull_request", id=17).title
    refusal(reader, "update_pull_request", ScopeMissing, id=17, title="Changed")
    assert seeded.organization.pull_requests[17].title == before


# -- writing -------------------------------------------------------------------------------------------------------


def test_only_the_title_changes_and_a_draft_stays_one(client, sent, organization):
    call(client, "update_pull_request", id=17, title="Add a webhook for carriers")
    [write] = writes(sent)
    assert json.loads(write.content) == {"title": "Add a webhook for carriers"}
    changed = organization.pull_requests[17]
    assert (changed.title, changed.is_draft, changed.status) == ("Add a webhook for carriers", True, "active")
    assert "Early sketch" in changed.description


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        ({"draft": False}, {"isDraft": False}),
        ({"description": "New"}, {"description": "New"}),
        ({"target": "release/2.8"}, {"targetRefName": "refs/heads/release/2.8"}),
        ({"status": "abandoned"}, {"status": "abandoned"}),
    ],
)
def test_what_is_not_given_is_not_sent(client, sent, arguments, body):
    call(client, "update_pull_request", id=17, title=None, **arguments)
    [write] = writes(sent)
    assert write.method == "PATCH"
    assert json.loads(write.content) == body


def test_an_update_without_a_change_is_refused_before_it_is_sent(client, sent):
    refusal(client, "update_pull_request", InvalidRequest, id=17)
    assert writes(sent) == []


def test_opening_one(client, sent, organization):
    made = call(
        client,
        "create_pull_request",
        repository="platform-api",
        source="feature/async-sqlalchemy",
        target="main",
        title='Try "async" again – <b>now</b>',
        description="With numbers.",
        draft=True,
        work_items=[8],
    )
    [write] = writes(sent)
    assert json.loads(write.content)["isDraft"] is True
    stored = organization.pull_requests[made.id]
    assert (stored.title, stored.is_draft) == ('Try "async" again – <b>now</b>', True)
    assert call(client, "get_pull_request", id=made.id).work_items == [8]


def test_a_second_one_for_the_same_branches_is_refused(client, organization):
    before = len(organization.pull_requests)
    arguments = {"repository": "platform-api", "source": "feature/cache-ports", "target": "main", "title": "Again"}
    assert "15" in refusal(client, "create_pull_request", AlreadyExists, **arguments)
    assert len(organization.pull_requests) == before


def test_a_missing_branch_is_named(client):
    arguments = {"repository": "platform-api", "source": "feature/nothing", "target": "main", "title": "No"}
    assert "feature/nothing" in refusal(client, "create_pull_request", InvalidRequest, **arguments)


def test_completing_merges_what_was_reviewed(client, sent, organization):
    tip = call(client, "get_pull_request", id=15).source_commit
    done = call(client, "update_pull_request", id=15, status="completed", source_commit=tip)
    assert done.status == "completed"
    assert organization.pull_requests[15].status == "completed"
    [write] = writes(sent)
    assert json.loads(write.content) == {"status": "completed", "lastMergeSourceCommit": {"commitId": tip}}
    merged = call(client, "read_repository_file", repository="platform-api", path="/src/platform_api/ports.py")
    assert "lru_cache" in merged.text


@pytest.mark.parametrize(
    ("id", "why"), [(7, "conflicts"), (13, "completed"), (17, "draft")], ids=["conflicts", "over", "draft"]
)
def test_what_cannot_be_merged_is_not_and_says_why(client, sent, organization, id, why):
    tip = call(client, "get_pull_request", id=id).source_commit
    before = organization.pull_requests[id].status
    arguments = {"status": "completed", "source_commit": tip}
    assert why in refusal(client, "update_pull_request", Conflict, id=id, **arguments)
    assert organization.pull_requests[id].status == before
    assert writes(sent) == []


def test_completing_another_commit_than_the_tip_is_refused(client, organization):
    arguments = {"status": "completed", "source_commit": "0" * 40}
    refusal(client, "update_pull_request", Conflict, id=15, **arguments)
    refusal(client, "update_pull_request", InvalidRequest, id=15, status="completed")
    assert organization.pull_requests[15].status == "active"


def test_a_missing_permission_is_not_a_missing_scope(client, organization):
    organization.deny(organization.named("svc-agent"), "PullRequestContribute", organization.project("Platform"))
    message = refusal(client, "update_pull_request", PermissionDenied, id=17, title="x")
    assert "lacks the permission" in message
    arguments = {"repository": "platform-api", "source": "feature/async-sqlalchemy", "target": "main", "title": "No"}
    refusal(client, "create_pull_request", PermissionDenied, **arguments)


def test_a_hidden_project_hides_its_pull_requests(organization, server):
    organization.hide_project(organization.project("Payments"), organization.named("svc-agent"))
    with connected(server.base_url, "full-token") as client:
        with pytest.raises(AzureDevOpsError) as caught:
            call(client, "get_pull_request", id=8)
    assert caught.value.status == "not_found"
