"""Links are added and removed exactly as a call names them; what is there, or is not, is said and not sent."""

import json

import httpx
import pytest
from tool_calls import call, lose, refusal, writes

from azure_devops_simulator.state.work_items.records import Draft, NewRelation
from langchain_azure_devops import TOOLS
from langchain_azure_devops.errors import (
    AlreadyExists,
    Conflict,
    InvalidRequest,
    NotFound,
    RevisionConflict,
    WriteBlocked,
    WriteOutcomeUnknown,
)
from langchain_azure_devops.http.network import open_network
from langchain_azure_devops.safety.allowed_targets import allow_targets, find_named_targets

ADD, REMOVE = "add_work_item_links", "remove_work_item_links"


@pytest.fixture
def lonely(platform_client):
    """A work item without links."""
    return call(platform_client, "create_work_item", type="Task", title="Alone").id


def links_of(client, number: int) -> list[tuple[str, str]]:
    return [(row.kind, row.target) for row in call(client, "list_work_item_links", id=number).items]


async def asked(client, name: str, **arguments):
    """What the approver of a call is shown."""
    tool = TOOLS[name]
    request = tool.request(client, tool.validate(arguments))
    return await client.run(tool.current(client, request.arguments))


def save_links(organization, number: int, *, add=(), remove=()) -> None:
    """Change the links of a work item as another client does."""
    item = organization.work_items.items[number]
    draft = Draft(dict(item.revision.fields), added=list(add), removed=list(remove))
    organization.work_items.save(item, draft, by=organization.named("Tom Becker"), when=organization.clock.tick())


def test_each_kind_of_link_is_added_and_listed_again_with_its_comment(platform_client, lonely, sent):
    commit = call(platform_client, "list_branches", repository="platform-api", contains="main").items[0].commit
    wanted = [
        {"target": "work_item:2", "kind": "parent"},
        {"target": "work_item:4"},
        {"target": "work_item:5", "kind": "duplicate_of"},
        {"target": "work_item:9", "kind": "Predecessor"},
        {"target": "work_item:10", "kind": "tested by"},
        {"target": "work_item:12", "kind": "Shared Steps"},
        {"target": "build:35"},
        {"target": "pull_request:13", "kind": "pull request"},
        {"target": f"commit:platform-api@{commit}"},
        {"target": "branch:platform-api@feature/async-sqlalchemy"},
    ]
    del sent[:]
    done = call(platform_client, ADD, id=lonely, revision=1, links=wanted, comment="as agreed")
    assert len(writes(sent)) == 1
    assert len(done.added) == len(wanted)
    rows = call(platform_client, "list_work_item_links", id=lonely).items
    assert {(row.kind, row.target) for row in rows} == {
        ("parent", "work_item:2"), ("related", "work_item:4"), ("duplicate of", "work_item:5"),
        ("predecessor", "work_item:9"), ("tested by", "work_item:10"), ("shared steps", "work_item:12"),
        ("build", "build:35"), ("pull request", "pull_request:13"),
        ("fixed in commit", f"commit:platform-api@{commit}"),
        ("branch", "branch:platform-api@feature/async-sqlalchemy"),
    }  # fmt: skip
    assert {row.comment for row in rows} == {"as agreed"}
    gone = [{"target": row.target, "kind": row.kind} for row in rows]
    revision = call(platform_client, "get_work_item", ids=[lonely]).revision
    assert len(call(platform_client, REMOVE, id=lonely, revision=revision, links=gone).removed) == len(wanted)
    assert links_of(platform_client, lonely) == []


async def test_the_approver_sees_title_and_state_of_each_target(platform_client, lonely):
    links = [{"target": "work_item:4", "kind": "successor"}, {"target": "pull_request:13"}]
    shown = await asked(platform_client, ADD, id=lonely, revision=1, links=links)
    four = call(platform_client, "get_work_item", ids=[4])
    assert shown["new_1"] == f"successor work_item:4: {four.type}: {four.title} ({four.state})"
    assert shown["new_2"].endswith("Rename DB_TIMEOUT to DATABASE_TIMEOUT in settings (completed)")
    assert (shown["title"], shown["state"]) == ("Alone", "New")


def test_links_that_are_there_are_not_sent_and_are_said(platform_client, lonely, sent):
    first = [{"target": "work_item:4", "kind": "related"}]
    call(platform_client, ADD, id=lonely, revision=1, links=first)
    both = call(platform_client, ADD, id=lonely, revision=1, links=[*first, {"target": "work_item:5"}])
    assert both.notes[0].startswith("related work_item:4: ")
    assert [each.split(":")[1].split()[0] for each in both.added] == ["5"]
    del sent[:]
    idle = call(platform_client, ADD, id=lonely, revision=1, links=first)
    assert "Nothing was sent." in idle.notes[0]
    assert writes(sent) == []


def test_a_second_parent_is_refused_with_the_parent_that_is_there(platform_client, sent, lonely):
    call(platform_client, ADD, id=lonely, revision=1, links=[{"target": "work_item:2", "kind": "parent"}])
    del sent[:]
    told = refusal(
        platform_client, ADD, Conflict, id=lonely, revision=1, links=[{"target": "work_item:3", "kind": "parent"}]
    )
    assert "'parent' already: 2, Feature: Shipment search (Active)" in told
    told = refusal(
        platform_client, ADD, Conflict, id=4, revision=5, links=[{"target": f"work_item:{lonely}", "kind": "child"}]
    )
    assert "has a parent already: work item 2, Feature: Shipment search (Active)" in told
    two = [{"target": f"work_item:{number}", "kind": "parent"} for number in (2, 3)]
    refusal(platform_client, ADD, InvalidRequest, id=4, revision=5, links=two)
    assert writes(sent) == []


@pytest.mark.parametrize(
    ("kind", "link", "why"),
    [
        (InvalidRequest, {"target": "work_item:4"}, "linked to itself"),
        (InvalidRequest, {"target": "work_item:5", "kind": "predecesor"}, "Did you mean 'predecessor'?"),
        (InvalidRequest, {"target": "build:35", "kind": "parent"}, "leave kind out"),
        (InvalidRequest, {"target": "item 5"}, "must be build:35"),
        (NotFound, {"target": "work_item:4711"}, "4711"),
        (NotFound, {"target": "branch:platform-api@feature/async"}, "Did you mean 'feature/async-sqlalchemy'?"),
    ],
)
def test_what_cannot_be_linked_is_refused_before_anything_is_sent(platform_client, sent, kind, link, why):
    assert why in refusal(platform_client, ADD, kind, id=4, revision=5, links=[link])
    assert writes(sent) == []


def test_a_circle_is_refused_by_the_service_and_nothing_is_changed(platform_client):
    told = refusal(
        platform_client, ADD, InvalidRequest, id=1, revision=call(platform_client, "get_work_item", ids=[1]).revision,
        links=[{"target": "work_item:8", "kind": "parent"}],
    )  # fmt: skip
    assert "circular" in told
    assert "Nothing was changed." in told


@pytest.mark.parametrize("name", [ADD, REMOVE])
def test_another_revision_is_refused_before_anything_is_sent(platform_client, sent, name):
    told = refusal(platform_client, name, RevisionConflict, id=4, revision=4, links=[{"target": "pull_request:2"}]
                   if name == REMOVE else [{"target": "work_item:5"}])  # fmt: skip
    assert "at revision 5, not 4" in told
    assert writes(sent) == []


def test_exactly_the_named_links_are_removed_whatever_their_order(platform_client, organization, lonely):
    for kind in ("System.LinkTypes.Related", "System.LinkTypes.Dependency-Forward"):
        save_links(organization, lonely, add=[NewRelation(kind, number) for number in (4, 5, 9)])
    call(
        platform_client, REMOVE, id=lonely, revision=1,
        links=[{"target": "work_item:4", "kind": "related"}, {"target": "work_item:9", "kind": "successor"}],
    )  # fmt: skip
    assert links_of(platform_client, lonely) == [
        ("related", "work_item:5"), ("related", "work_item:9"), ("successor", "work_item:4"),
        ("successor", "work_item:5"),
    ]  # fmt: skip
    assert ("predecessor", f"work_item:{lonely}") not in links_of(platform_client, 9)


def test_a_link_that_is_not_there_or_not_told_apart_is_refused(platform_client, organization, lonely, sent):
    refusal(platform_client, REMOVE, NotFound, id=lonely, revision=1, links=[{"target": "work_item:4"}])
    for kind in ("System.LinkTypes.Related", "System.LinkTypes.Dependency-Forward"):
        save_links(organization, lonely, add=[NewRelation(kind, 4)])
    told = refusal(platform_client, REMOVE, NotFound, id=lonely, revision=1, links=[{"target": "work_item:44"}])
    assert "Did you mean 'work_item:4'?" in told
    told = refusal(platform_client, REMOVE, InvalidRequest, id=lonely, revision=1, links=[{"target": "work_item:4"}])
    assert "related, successor" in told
    file = NewRelation("AttachedFile", f"http://x/_apis/wit/attachments/{'a' * 36}", name="a.txt")
    save_links(organization, lonely, add=[file])
    named = {"target": f"attachment:{'a' * 36}"}
    told = refusal(platform_client, REMOVE, InvalidRequest, id=lonely, revision=2, links=[named])
    assert "attached file" in told
    assert writes(sent)[1:] == []


async def test_the_approver_is_asked_again_when_another_client_moves_the_links(platform_client, organization, lonely):
    save_links(organization, lonely, add=[NewRelation("System.LinkTypes.Related", number) for number in (4, 5)])
    given = {"id": lonely, "revision": 1, "links": [{"target": "work_item:5"}]}
    before = await asked(platform_client, REMOVE, **given)
    assert before["old_1"].endswith("[link 2 of 2]")
    first = organization.work_items.items[lonely].relations()[0]
    save_links(organization, lonely, remove=[first])
    assert await asked(platform_client, REMOVE, **given) != before


class Meddling(httpx.AsyncBaseTransport):
    """The network; another client changes the links right before the write arrives, which makes no new revision."""

    def __init__(self, inner, meddle):
        self._inner, self._meddle = inner, meddle

    async def handle_async_request(self, request):
        if writes([request]):
            self._meddle()
        return await self._inner.handle_async_request(request)

    async def aclose(self):
        await self._inner.aclose()


@pytest.mark.parametrize(
    ("named", "removed", "failed"),
    [
        ([5], [], ["/5", "/4", "/9"]),
        ([4, 5], [4, 5], ["/9"]),
        ([9, 4], [4], ["/9", "/5", "/10"]),
    ],
)
def test_only_what_is_gone_is_told_as_removed_when_another_client_moves_the_links(
    connect, server, organization, platform_client, lonely, named, removed, failed
):
    save_links(organization, lonely, add=[NewRelation("System.LinkTypes.Related", number) for number in (4, 5, 9, 10)])
    first = organization.work_items.items[lonely].relations()[0]
    meddling = Meddling(open_network(server.base_url), lambda: save_links(organization, lonely, remove=[first]))
    client = connect(writes="allow", transport=meddling)
    links = [{"target": f"work_item:{number}"} for number in named]
    done = call(client, REMOVE, id=lonely, revision=1, links=links)
    there = {target for _, target in links_of(platform_client, lonely)}
    assert done.removed == [f"related work_item:{number}" for number in named if number in removed]
    assert not {f"work_item:{number}" for number in removed} & there
    assert done.partial
    assert ["/" + each.place.rsplit("/", 1)[1] for each in done.unread] == failed
    assert {each.status for each in done.unread} == {"conflict"}
    assert "is gone as well" in " ".join(done.notes)


def test_two_clients_that_add_the_same_link_make_one(connect, organization, server, lonely, platform_client):
    meddling = Meddling(
        open_network(server.base_url),
        lambda: save_links(organization, lonely, add=[NewRelation("System.LinkTypes.Related", 4)]),
    )
    told = refusal(
        connect(writes="allow", transport=meddling), ADD, AlreadyExists, id=lonely, revision=1,
        links=[{"target": "work_item:4"}],
    )  # fmt: skip
    assert "Relation already exists" in told
    assert links_of(platform_client, lonely) == [("related", "work_item:4")]


@pytest.mark.parametrize("name", [ADD, REMOVE])
def test_a_lost_answer_is_found_in_the_history(name, platform_client, organization, lonely):
    if name == REMOVE:
        save_links(organization, lonely, add=[NewRelation("System.LinkTypes.Related", 4)])
    given = {"id": lonely, "revision": 1, "links": [{"target": "work_item:4"}]}
    lose(organization, TOOLS[name], when="after", times=1)
    done = call(platform_client, name, **given)
    assert "found as asked" in done.notes[0]
    assert len(done.added or done.removed) == 1


@pytest.mark.parametrize("name", [ADD, REMOVE])
def test_a_change_that_never_came_stays_unknown(name, hasty, organization, lonely):
    if name == REMOVE:
        save_links(organization, lonely, add=[NewRelation("System.LinkTypes.Related", 4)])
    lose(organization, TOOLS[name], when="before", times=1)
    with pytest.raises(WriteOutcomeUnknown) as caught:
        call(hasty, name, id=lonely, revision=1, links=[{"target": "work_item:4"}])
    assert caught.value.url.endswith(f"/_workitems/edit/{lonely}")


@pytest.mark.parametrize("name", [ADD, REMOVE])
def test_a_lost_answer_is_not_taken_from_somebody_else(name, hasty, organization, lonely, server, tls):
    if name == REMOVE:
        save_links(organization, lonely, add=[NewRelation("System.LinkTypes.Related", 4)])
    lose(organization, TOOLS[name], when="before", times=1)

    def change() -> None:
        item = organization.work_items.items[lonely]
        if name == ADD:
            save_links(organization, lonely, add=[NewRelation("System.LinkTypes.Related", 4)])
        else:
            save_links(organization, lonely, remove=item.relations())

    original = hasty.identity

    async def identity():
        change()
        hasty.identity = original
        return await original()

    hasty.identity = identity
    with pytest.raises(WriteOutcomeUnknown):
        call(hasty, name, id=lonely, revision=1, links=[{"target": "work_item:4"}])


@pytest.mark.parametrize("page", ["https://evil.example/?d=1", "https://wiki.example@evil.example/"])
def test_a_page_of_a_host_that_nobody_named_is_refused(platform_client, sent, page, lonely):
    del sent[:]
    with allow_targets(find_named_targets("Link the page https://wiki.example/start to it.")):
        refusal(platform_client, ADD, WriteBlocked, id=lonely, revision=1, links=[{"target": page}])
        refusal(
            platform_client, ADD, WriteBlocked, id=lonely, revision=1, links=[{"target": "work_item:4"}], comment=page
        )
        done = call(platform_client, ADD, id=lonely, revision=1, links=[{"target": "https://wiki.example/start"}])
    assert done.revision == 2
    rows = call(platform_client, "list_work_item_links", id=lonely).items
    assert [(row.kind, row.url) for row in rows] == [("hyperlink", "https://wiki.example/start")]


async def test_a_link_to_a_suspicious_host_is_removed_without_repeating_its_address(
    platform_client, organization, lonely
):
    save_links(organization, lonely, add=[NewRelation("Hyperlink", "https://evil.example/?d=1")])
    target = call(platform_client, "list_work_item_links", id=lonely).items[0].target
    given = {"id": lonely, "revision": 2, "links": [{"target": target}]}
    shown = await asked(platform_client, REMOVE, **given)
    assert shown["old_1"] == f"hyperlink {target}: https://evil.example/?d=1 [link 1 of 1]"
    call(platform_client, REMOVE, **given)
    assert links_of(platform_client, lonely) == []


def test_a_kind_that_only_this_process_has_is_sent_by_its_reference_name(platform_client, lonely, sent):
    call(platform_client, ADD, id=lonely, revision=1, links=[{"target": "work_item:4", "kind": "test case"}])
    body = json.loads(writes(sent)[-1].content)
    assert body[1]["value"]["rel"] == "Microsoft.VSTS.TestCase.SharedStepReferencedBy-Forward"
