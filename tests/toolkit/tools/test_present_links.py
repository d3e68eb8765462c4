"""A link that a work item has is not sent again, whichever tool names it in whichever form; another one always is."""

import json

import pytest
from tool_calls import Recorder, call, refusal, writes

from langchain_azure_devops import approve_writes_with
from langchain_azure_devops.errors import NotFound
from langchain_azure_devops.safety.allowed_targets import allow_targets, find_named_targets
from langchain_azure_devops.safety.grants import Approval

ADD, ONE, MANY = "add_work_item_links", "update_work_item", "update_work_items"
TOOLS_WITH_LINKS = pytest.mark.parametrize("tool", [ADD, ONE, MANY])
FEATURE = "feature/async-sqlalchemy"


@pytest.fixture(autouse=True)
def _wiki_is_named():
    with allow_targets(find_named_targets("Link pages of https://wiki.example and https://WIKI.example.")):
        yield


@pytest.fixture
def lonely(platform_client):
    """A work item without links."""
    return call(platform_client, "create_work_item", type="Task", title="Alone").id


@pytest.fixture
def asking(connect, server, sent):
    """A client that asks before it writes."""
    return connect(transport=Recorder(server.base_url, sent))


@pytest.fixture
def every_form(platform_client):
    """One link of each form, each with another way to write the same."""
    found = call(platform_client, "list_branches", repository="platform-api", contains="main").items[0].commit
    repository = call(platform_client, "list_repositories").items
    [own] = [row.id for row in repository if row.name == "platform-api"]
    return {
        "work_item:5": "work_item:5",
        "build:35": "build:35",
        "pull_request:13": "pull_request:13",
        f"commit:platform-api@{found}": f"commit:{own}@{found.upper()}",
        f"branch:platform-api@{FEATURE}": f"branch:Platform-API@refs/heads/{FEATURE}",
        "https://wiki.example/A?b=C": "https://WIKI.example/A?b=C",
        "https://wiki.example": "https://wiki.example/",
    }


def make_arguments(tool, number, revision, links, **others):
    if tool == ADD:
        return {"id": number, "revision": revision, "links": [{"target": link} for link in links]}
    one = {"id": number, "revision": revision, "links": [*links], **others}
    return one if tool == ONE else {"updates": [one]}


def revision_of(client, number):
    return call(client, "get_work_item", ids=[number]).revision


def read_targets(client, number):
    rows = call(client, "list_work_item_links", id=number).items
    return sorted(row.url if row.kind == "hyperlink" else row.target for row in rows)


def find_sent_links(sent):
    patches = [json.loads(write.content) for write in writes(sent)]
    return [each["value"]["url"] for patch in patches for each in patch if each["path"] == "/relations/-"]


@TOOLS_WITH_LINKS
def test_a_link_that_is_there_is_neither_asked_about_nor_sent(asking, platform_client, lonely, every_form, sent, tool):
    call(platform_client, ADD, **make_arguments(ADD, lonely, 1, every_form))
    revision, asked = revision_of(platform_client, lonely), []
    del sent[:]
    with approve_writes_with(asked.append):
        for client in (platform_client, asking):
            for links in (every_form, every_form.values()):
                done = call(client, tool, **make_arguments(tool, lonely, revision, links))
                assert "already" in done.notes[0]
    assert asked == []
    assert writes(sent) == []


@TOOLS_WITH_LINKS
def test_a_new_link_is_sent_without_those_that_are_there(asking, platform_client, lonely, every_form, sent, tool):
    call(platform_client, ADD, **make_arguments(ADD, lonely, 1, every_form))
    revision, asked = revision_of(platform_client, lonely), []

    def agree(request):
        asked.append(request.current)
        return Approval(True, request.digest, "dana")

    del sent[:]
    with approve_writes_with(agree):
        given = make_arguments(tool, lonely, revision, [*every_form.values(), "pull_request:2"])
        call(asking, tool, **given)
    [url] = find_sent_links(sent)
    assert url.endswith("%2F2")
    told = json.dumps(asked[0])
    assert told.count("already") == len(every_form)


@pytest.mark.parametrize("tool", [ONE, MANY])
def test_other_changes_of_a_call_are_written_beside_links_that_are_there(
    platform_client, lonely, every_form, sent, tool
):
    call(platform_client, ADD, **make_arguments(ADD, lonely, 1, every_form))
    revision = revision_of(platform_client, lonely)
    del sent[:]
    call(platform_client, tool, **make_arguments(tool, lonely, revision, every_form, title="Another title"))
    assert find_sent_links(sent) == []
    assert call(platform_client, "get_work_item", ids=[lonely]).title == "Another title"
    assert len(read_targets(platform_client, lonely)) == len(every_form)


@TOOLS_WITH_LINKS
def test_the_letter_case_of_pages_and_branches_tells_them_apart(platform_client, push, lonely, tool):
    pairs = (
        ("https://wiki.example/a/Page", "https://wiki.example/a/page"),
        ("branch:platform-api@Staging", "branch:platform-api@staging"),
    )
    for first, second in pairs:
        for link in (first, second):
            if link.startswith("branch"):
                push("Platform", "platform-api", {f"{link[-7:]}.txt": b"x"}, link[-7:])
            call(platform_client, tool, **make_arguments(tool, lonely, revision_of(platform_client, lonely), [link]))
    assert read_targets(platform_client, lonely) == sorted(link for pair in pairs for link in pair)
    for row in call(platform_client, "list_work_item_links", id=lonely).items:
        name = row.target if row.kind == "branch" else row.url
        if name in {second for _, second in pairs}:
            revision = revision_of(platform_client, lonely)
            links = [{"target": row.target}]
            call(platform_client, "remove_work_item_links", id=lonely, revision=revision, links=links)
    assert read_targets(platform_client, lonely) == sorted(first for first, _ in pairs)


def test_a_branch_in_another_letter_case_is_not_removed(platform_client, lonely, sent):
    call(platform_client, ADD, **make_arguments(ADD, lonely, 1, [f"branch:platform-api@{FEATURE}"]))
    del sent[:]
    wrong = [{"target": f"branch:platform-api@{FEATURE.upper()}"}]
    told = refusal(platform_client, "remove_work_item_links", NotFound, id=lonely, revision=2, links=wrong)
    assert FEATURE in told
    assert writes(sent) == []
