"""Pull requests: people, long discussions, diffs of every kind, changes that must not do more than they say."""

import httpx
import pytest
from rs_bpe.bpe import openai
from stub_service import StubService, ok

from langchain_azure_devops import TOOLS, AzureDevOps, load_settings
from langchain_azure_devops.adapters.langchain import bind
from langchain_azure_devops.calls.approval import approve_writes_with
from langchain_azure_devops.errors import Conflict, InvalidRequest, WriteBlocked
from langchain_azure_devops.results.rendering import render
from langchain_azure_devops.safety.grants import Approval
from langchain_azure_devops.tools.pull_requests.tools import (
    create_pull_request,
    get_pull_request,
    list_pull_requests,
    update_pull_request,
)

ENCODER = openai.o200k_base()
DOCS = {"project": "Platform", "repository": "docs"}
DRAFT, APPROVED = 17, 15


def text_of(client, name, **arguments) -> str:
    return bind(TOOLS[name], client).invoke({"type": "tool_call", "id": "1", "name": name, "args": arguments}).content


@pytest.fixture
def branch(server, push, tls):
    """Makes a branch of docs with these files from main, and what is deleted or renamed."""

    def make(name: str, *changes) -> None:
        base = f"{server.base_url}/Platform/_apis/git/repositories/docs"
        with httpx.Client(auth=("", "full-access-token"), params={"api-version": "7.1"}, verify=tls) as http:
            refs = http.get(f"{base}/refs", params={"filter": "heads/main"}).json()["value"]
            tip = refs[0]["objectId"]
            new = {"name": f"refs/heads/{name}", "oldObjectId": "0" * 40, "newObjectId": tip}
            assert http.post(f"{base}/refs", json=[new]).json()["value"][0]["success"]
            body = {
                "refUpdates": [{"name": f"refs/heads/{name}", "oldObjectId": tip}],
                "commits": [{"comment": "Change by test", "changes": list(changes)}],
            }
            answer = http.post(f"{base}/pushes", json=body)
            assert answer.status_code == 201, answer.text

    return make


def edit(path: str, text: str, kind: str = "edit") -> dict:
    return {"changeType": kind, "item": {"path": path}, "newContent": {"content": text, "contentType": "rawtext"}}


# -- lists ---------------------------------------------------------------------------------------------------------


def test_a_hundred_rows_stay_within_the_budget():
    words = ["Rename DB_TIMEOUT to DATABASE_TIMEOUT in settings", "Paginate the shipment search", "Retry carrier calls"]
    people = ["Dana Ortiz", "Priya Raman", "Mina Sato"]
    rows = [
        {
            "pullRequestId": 1000 + number,
            "title": words[number % 3],
            "createdBy": {"displayName": people[number % 3]},
            "repository": {"name": "platform-api"},
            "sourceRefName": f"refs/heads/feature/change-{number}",
            "targetRefName": "refs/heads/main",
            "status": "active",
            "isDraft": number % 5 == 0,
            "creationDate": "2026-11-19T10:44:00Z",
        }
        for number in range(100)
    ]
    with (
        StubService([ok({"value": rows})]) as service,
        AzureDevOps(load_settings(base_url=service.base_url, pat="x" * 52, default_project="P")) as client,
    ):
        page = list_pull_requests.call_sync(client, limit=100)
        assert len(service.seen) == 1
    assert ENCODER.count(render(page, "nonce").text) <= 4_900


async def test_people_by_name_id_or_oneself(client, organization):
    mina = organization.named("Mina Sato")
    by_name = await list_pull_requests(client, project="Platform", status="all", author="mina sato")
    by_id = await list_pull_requests(client, project="Platform", status="all", author=mina.id)
    assert [row.id for row in by_name.items] == [row.id for row in by_id.items] == [17, 9, 3]
    priya = organization.named("Priya Raman")
    assert [row.id for row in (await list_pull_requests(client, project="Platform", reviewer=priya.id)).items] == [
        row.id
        for row in (
            await list_pull_requests(client, project="Platform", reviewer="priya.raman@tidewater.example")
        ).items
    ]
    assert (await list_pull_requests(client, project="Platform", author="@me")).items == []
    update = {"project": "Platform", "repository": "platform-api", "source": "release/2.8", "target": "main"}
    made = await create_pull_request(client, **update, title="Bring the label fix to main")
    assert [row.id for row in (await list_pull_requests(client, project="Platform", author="@me")).items] == [made.id]


def test_nobody_by_that_name_is_said(reader):
    text = text_of(reader, "list_pull_requests", project="Platform", author="Nobody Known")
    assert text.startswith("No pull requests found.")
    assert "compared with the names" in text


def test_a_project_with_a_space_and_a_misspelt_repository(reader):
    assert [row.id for row in list_pull_requests.call_sync(reader, project="Mobile App").items] == [12]
    assert "Did you mean 'docs'" in text_of(reader, "list_pull_requests", project="Platform", repository="doc")


# -- one -----------------------------------------------------------------------------------------------------------


def test_system_comments_are_left_out_and_long_ones_are_shown_whole(client, organization, server, tls):
    long = "A long remark. " * 100
    url = f"{server.base_url}/Platform/_apis/git/repositories/platform-api/pullRequests/{APPROVED}/threads"
    with httpx.Client(auth=("", "full-access-token"), params={"api-version": "7.1"}, verify=tls) as http:
        http.post(url, json={"comments": [{"content": long, "commentType": "text"}], "status": "active"})
    assert any(c.type == "system" for t in organization.pull_requests[APPROVED].threads for c in t.comments)
    found = get_pull_request.call_sync(client, id=APPROVED, include=["threads"])
    assert [comment.text for thread in found.threads for comment in thread.comments] == [long]
    assert long.strip() in text_of(client, "get_pull_request", id=APPROVED, include=["threads"])


def test_no_discussion_is_not_the_same_as_not_asked(reader):
    assert "There are no threads." in text_of(reader, "get_pull_request", id=DRAFT, include=["threads"])
    assert "threads" not in text_of(reader, "get_pull_request", id=DRAFT)


def test_the_diff_of_added_deleted_renamed_binary_and_reformatted_files(client, branch, push):
    push(
        "Platform",
        "docs",
        {"/windows.txt": b"one\r\ntwo\r\n", "/ends.txt": b"one\ntwo\n", "/old-name.md": b"a\nb\nc\n"},
    )
    branch(
        "feature/all-kinds",
        edit("/added.md", "new\n", "add"),
        {"changeType": "delete", "item": {"path": "/mkdocs.yml"}},
        {"changeType": "rename", "item": {"path": "/new-name.md"}, "sourceServerItem": "/old-name.md"},
        edit("/blob.bin", "\0\0\0", "add"),
        edit("/windows.txt", "one\r\nthree\r\n"),
        edit("/ends.txt", "one\r\ntwo\r\n"),
    )
    made = create_pull_request.call_sync(client, **DOCS, source="feature/all-kinds", target="main", title="All")
    found = get_pull_request.call_sync(client, id=made.id, include=["diff"])
    kinds = {file.path: (file.change, file.was) for file in found.files}
    assert kinds["/added.md"][0] == "add"
    assert kinds["/mkdocs.yml"][0] == "delete"
    assert kinds["/new-name.md"][1] == "/old-name.md"
    assert "+++ b/added.md\n@@ -0,0 +1 @@\n+new" in found.diff
    assert "--- a/mkdocs.yml" in found.diff
    assert "/blob.bin: binary" in found.diff
    assert "-two\n+three" in found.diff
    assert "/ends.txt: edit, no line differs but perhaps line ends" in found.diff
    assert "\r" not in found.diff


def test_the_diff_is_against_the_common_commit_and_not_the_moved_target(client, branch, push):
    lines = [f"line {number}\n" for number in range(40)]
    push("Platform", "docs", {"/both.md": "".join(lines).encode()})
    branch("feature/mine", edit("/both.md", "".join([*lines, "mine\n"])))
    push("Platform", "docs", {"/both.md": "".join(["theirs\n", *lines]).encode(), "/theirs.md": b"theirs\n"})
    made = create_pull_request.call_sync(client, **DOCS, source="feature/mine", target="main", title="Mine")
    found = get_pull_request.call_sync(client, id=made.id, include=["diff"])
    assert [file.path for file in found.files] == ["/both.md"]
    assert "+mine" in found.diff
    assert "theirs" not in found.diff


def test_a_long_diff_is_cut_and_says_so(client, branch):
    branch("feature/long", *(edit(f"/long-{n}.txt", "a line of text\n" * 200, "add") for n in range(25)))
    made = create_pull_request.call_sync(client, **DOCS, source="feature/long", target="main", title="Long")
    found = get_pull_request.call_sync(client, id=made.id, include=["diff"])
    assert len(found.files) == 25
    assert len(found.diff) <= 20_000
    assert any("5 more changed files are not compared" in note for note in found.notes)
    assert any("characters shown" in note for note in found.notes)


# -- writing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [{"title": "New"}, {"description": "New"}, {"description": ""}, {"target": "release/2.8"}, {"status": "abandoned"}],
    ids=str,
)
def test_no_other_update_publishes_a_draft(client, organization, arguments):
    update_pull_request.call_sync(client, id=DRAFT, **arguments)
    assert organization.pull_requests[DRAFT].is_draft


def test_a_draft_is_published_only_when_asked(client, organization):
    update_pull_request.call_sync(client, id=DRAFT, draft=False)
    assert not organization.pull_requests[DRAFT].is_draft
    update_pull_request.call_sync(client, id=DRAFT, draft=True)
    assert organization.pull_requests[DRAFT].is_draft


def test_abandoning_and_reactivating(client, organization):
    assert update_pull_request.call_sync(client, id=DRAFT, status="abandoned").status == "abandoned"
    assert update_pull_request.call_sync(client, id=DRAFT, status="active").status == "active"


def test_completing_needs_the_reviewed_commit_and_nothing_else(client, organization):
    with pytest.raises(InvalidRequest, match="needs source_commit"):
        update_pull_request.call_sync(client, id=APPROVED, status="completed")
    tip = get_pull_request.call_sync(client, id=APPROVED).source_commit
    with pytest.raises(InvalidRequest, match="a call of its own"):
        update_pull_request.call_sync(client, id=APPROVED, status="completed", source_commit=tip, title="x")
    with pytest.raises(Conflict, match="by now; read and review it again"):
        update_pull_request.call_sync(client, id=APPROVED, status="completed", source_commit="0" * 40)
    assert organization.pull_requests[APPROVED].status == "active"
    assert (
        update_pull_request.call_sync(client, id=APPROVED, status="completed", source_commit=tip).status == "completed"
    )


async def test_without_a_yes_nothing_is_written(connect, organization):
    def refuse(request):
        return Approval(approved=False, digest=request.digest, approver="Dana", reason="not now")

    before = dict(organization.pull_requests)
    client = connect()
    with approve_writes_with(refuse), pytest.raises(WriteBlocked, match="not now"):
        await update_pull_request(client, id=DRAFT, draft=False)
    with approve_writes_with(refuse), pytest.raises(WriteBlocked, match="not now"):
        await create_pull_request(client, **DOCS, source="feature/rota-december", target="main", title="x")
    assert organization.pull_requests == before
    assert organization.pull_requests[DRAFT].is_draft


def test_a_new_draft_with_work_items(client, organization, branch):
    branch("feature/new", edit("/new.md", "new\n", "add"))
    made = create_pull_request.call_sync(
        client, **DOCS, source="refs/heads/feature/new", target="main", title="New", draft=True, work_items=[8]
    )
    assert made.draft
    assert organization.pull_requests[made.id].is_draft
    assert get_pull_request.call_sync(client, id=made.id).work_items == [8]
