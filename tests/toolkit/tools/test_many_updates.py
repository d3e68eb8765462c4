"""Many work items are changed with one approval: each row is shown, tested, written alone and accounted for."""

import time

import httpx
import pytest
from tool_calls import Recorder, call, refusal, writes

from azure_devops_simulator import Fault
from langchain_azure_devops import TOOLS, approve_writes_with
from langchain_azure_devops.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    RevisionConflict,
    ScopeMissing,
    WriteBlocked,
    WriteOutcomeUnknown,
)
from langchain_azure_devops.safety.grants import Approval

TOOL = "update_work_items"
FIRST, SECOND, MARKDOWN = 9, 20, 27
TITLE = "As a planner I want to search by container number"
REPRO = "Microsoft.VSTS.TCM.ReproSteps"


def row(number, revision=1, **changes):
    return {"id": number, "revision": revision, **changes}


def item(organization, number):
    return organization.work_items.get(number)


@pytest.fixture
def asked(connect):
    """What a person is shown, who then refuses the write."""

    def ask(**arguments):
        seen = []

        def refuse(request):
            seen.append(request)
            return Approval(False, request.digest, "dana", "no")

        with approve_writes_with(refuse), pytest.raises(WriteBlocked):
            call(connect(), TOOL, **arguments)
        return seen[0].current

    return ask


def test_every_row_shows_what_is_there_and_what_it_becomes(asked):
    shown = asked(
        updates=[
            row(FIRST, title="Show how many pages there are", assigned_to="Mina Sato"),
            row(SECOND, state="Active", links=["build:35"]),
        ]
    )
    assert shown["project"] == "Platform"
    first, second = shown[f"work_item_{FIRST}"], shown[f"work_item_{SECOND}"]
    assert first.startswith(f"User Story {FIRST} in Platform: {TITLE}\nrevision 1, New, nobody")
    assert f"Title: {TITLE} -> Show how many pages there are" in first
    assert "AssignedTo: (empty) -> Mina Sato" in first
    assert "State: New -> Active" in second
    assert "new link: build" in second


def test_a_long_text_is_shown_as_a_difference_of_markdown(asked):
    shown = asked(updates=[row(4, 5, description="Another text.\nIn two lines.")])
    assert "-The storage account" in shown["work_item_4"] or "\n-" in shown["work_item_4"]
    assert "+Another text." in shown["work_item_4"]
    assert "<div>" not in shown["work_item_4"]


def test_each_row_is_written_alone_with_a_test_of_its_revision(platform_client, organization, sent):
    done = call(platform_client, TOOL, updates=[row(FIRST, tags="paging"), row(SECOND, state="Active")])
    assert (done.done, done.refused, done.unknown, done.unchanged, done.partial) == (2, 0, 0, 0, False)
    assert [(each.id, each.outcome, each.revision) for each in done.items] == [(FIRST, "done", 2), (SECOND, "done", 2)]
    assert item(organization, FIRST).revision.fields["System.Tags"] == "paging"
    assert item(organization, SECOND).revision.fields["System.State"] == "Active"
    bodies = [request.read().decode() for request in writes(sent)]
    assert len(bodies) == 2
    assert all('"path":"/rev"' in body.replace(" ", "") for body in bodies)


def test_rows_that_a_person_took_out_are_not_written(connect, organization):
    """What is approved is the edited call: only its rows are asked about and written."""
    client, seen = connect(), []

    def agree(request):
        seen.append(request)
        return Approval(True, request.digest, "dana")

    with approve_writes_with(agree):
        call(client, TOOL, updates=[row(FIRST, tags="kept")])
    assert list(seen[0].current) == ["project", "title", f"work_item_{FIRST}"]
    assert len(item(organization, SECOND).revisions) == 1


def test_a_refusal_hides_nothing_of_the_others(platform_client, organization):
    done = call(
        platform_client,
        TOOL,
        updates=[
            row(FIRST, tags="kept"),
            row(10, 5, state="Removed"),
            row(SECOND, 7, tags="late"),
            row(4711, tags="nowhere"),
            row(21, title="Add an index on container_number"),
        ],
    )
    outcomes = {each.id: (each.outcome, each.reason) for each in done.items}
    assert [each.id for each in done.items] == [FIRST, 10, SECOND, 4711, 21]
    assert outcomes[FIRST] == ("done", None)
    assert outcomes[10][0] == "refused"
    assert "It is Closed, and this process lets only these follow: New, Active, Resolved." in outcomes[10][1]
    assert "is at revision 1, not 7" in outcomes[SECOND][1]
    assert "does not exist" in outcomes[4711][1]
    assert outcomes[21] == ("unchanged", None)
    assert (done.done, done.refused, done.unchanged, done.partial) == (1, 3, 1, True)
    assert [each.place for each in done.unread] == ["work item 10", f"work item {SECOND}", "work item 4711"]


def test_what_cannot_be_written_is_said_before_the_approval(asked):
    shown = asked(updates=[row(FIRST, tags="kept"), row(SECOND, 7, tags="late"), row(4711, tags="nowhere")])
    assert "not written: Work item 20 is at revision 1, not 7" in shown[f"work_item_{SECOND}"]
    assert shown["work_item_4711"].startswith("not written: Work item 4711 does not exist")


def test_values_that_are_there_are_not_sent(platform_client, sent):
    same = call(platform_client, TOOL, updates=[row(FIRST, title=TITLE, state="New", tags="")])
    assert (same.unchanged, same.items[0].outcome) == (1, "unchanged")
    assert "so nothing was sent" in same.notes[0]
    assert writes(sent) == []


def test_angle_brackets_and_formats_count_when_texts_are_compared(platform_client, organization, sent):
    text = item(organization, MARKDOWN).revision.fields[REPRO]
    revision = len(item(organization, MARKDOWN).revisions)
    assert call(platform_client, TOOL, updates=[row(MARKDOWN, revision, description=text)]).unchanged == 1
    html = call(platform_client, "get_work_item", ids=[4]).repro_steps
    assert call(platform_client, TOOL, updates=[row(4, 5, description=html)]).unchanged == 1
    assert writes(sent) == []
    changed = call(platform_client, TOOL, updates=[row(MARKDOWN, revision, description=f"{text} <host>")])
    assert changed.done == 1
    assert call(platform_client, TOOL, updates=[row(MARKDOWN, revision + 1, description=text)]).done == 1
    assert item(organization, MARKDOWN).revision.fields[REPRO] == text


@pytest.mark.parametrize(
    ("updates", "kind", "words"),
    [
        ([row(FIRST, tags="a"), row(FIRST, tags="b")], InvalidRequest, "Work item 9 is given twice"),
        ([row(FIRST)], InvalidRequest, "Nothing to change was given for work item 9"),
        ([row(FIRST, 7, tags="a")], RevisionConflict, "is at revision 1, not 7"),
        ([row(4711, tags="a")], NotFound, "does not exist"),
        ([row(4711, tags="a"), row(FIRST, 7, tags="a")], Conflict, "None of these 2 work items"),
        ([row(10, 5, state="Removed")], InvalidRequest, "only these follow: New, Active, Resolved"),
    ],
)
def test_a_call_of_which_nothing_can_be_written_is_refused(platform_client, organization, updates, kind, words):
    before = organization.clock.now()
    assert words in refusal(platform_client, TOOL, kind, updates=updates)
    assert organization.clock.now() == before


def test_at_most_fifty_rows_and_at_least_one(platform_client):
    refusal(platform_client, TOOL, InvalidRequest, updates=[row(number, tags="a") for number in range(1, 52)])
    refusal(platform_client, TOOL, InvalidRequest, updates=[])


def test_a_reader_is_told_the_scope(connect):
    refusal(connect("read-token", writes="allow"), TOOL, ScopeMissing, updates=[row(FIRST, tags="a")])


def test_a_change_between_approval_and_write_sends_nothing(connect, platform_client, organization):
    client, shown = connect(), []

    def agree(request):
        shown.append(request)
        if len(shown) == 1:
            call(platform_client, "update_work_item", id=SECOND, revision=1, title="Renamed by somebody")
        return Approval(len(shown) == 1, request.digest, "dana", "not like this")

    with approve_writes_with(agree), pytest.raises(WriteBlocked, match="not like this"):
        call(client, TOOL, updates=[row(FIRST, tags="a"), row(SECOND, tags="b")])
    assert "Renamed by somebody" in shown[1].current[f"work_item_{SECOND}"]
    assert [len(item(organization, number).revisions) for number in (FIRST, SECOND)] == [1, 2]


class Loses(Recorder):
    """Loses the answers to the writes of some work items: after they were done, or before."""

    def __init__(self, url, after=(), before=()):
        super().__init__(url, [])
        self._after, self._before = after, before

    async def handle_async_request(self, request):
        number = request.url.path.rsplit("/", 1)[-1]
        if request.method != "PATCH" or number not in {*self._after, *self._before}:
            return await super().handle_async_request(request)
        if number in self._after:
            await (await super().handle_async_request(request)).aread()
        raise httpx.ReadError("reset", request=request)


def test_a_lost_answer_of_one_row_is_proven_or_unknown_and_hides_no_other(hurry, server, organization):
    client = hurry(transport=Loses(server.base_url, after={str(FIRST)}, before={str(SECOND)}))
    done = call(client, TOOL, updates=[row(FIRST, tags="a"), row(SECOND, tags="b"), row(21, tags="c")])
    assert [(each.id, each.outcome) for each in done.items] == [(FIRST, "done"), (SECOND, "unknown"), (21, "done")]
    assert "found as asked" in done.items[0].reason
    assert "proves nothing" in done.items[1].reason
    assert (done.partial, "Do not repeat them" in " ".join(done.notes)) == (True, True)


def test_a_call_of_which_nothing_is_known_to_be_done_is_no_result(hurry, server, organization):
    client = hurry(transport=Loses(server.base_url, after=set(), before={str(FIRST), str(SECOND)}))
    message = refusal(
        client, TOOL, WriteOutcomeUnknown, updates=[row(FIRST, tags="a"), row(SECOND, tags="b"), row(21, 4, tags="c")]
    )
    assert "None of these 3 changes is known to be done" in message
    assert "21: Work item 21 is at revision 1, not 4" in message
    assert "do not repeat it" in message
    assert len(item(organization, FIRST).revisions) == len(item(organization, SECOND).revisions) == 1


def test_a_whole_call_is_found_again_only_when_every_row_is_proven(hurry, server, organization, connect):
    tool = TOOLS[TOOL]
    updates = [row(FIRST, tags="a"), row(SECOND, tags="b"), row(21, title="Add an index on container_number")]
    begun = time.time()
    client = hurry()
    call(client, TOOL, updates=updates)
    other = hurry()
    found = other.run_sync(tool.settle(other, {"updates": updates}, begun))
    assert [each.outcome for each in found.items] == ["done", "done", "unchanged"]
    updates[1]["tags"] = "another"
    with pytest.raises(WriteOutcomeUnknown, match="work items 9, 21 are as asked, but not surely work items 20"):
        other.run_sync(tool.settle(other, {"updates": updates}, begun))


def test_the_gate_lets_only_the_rows_through(connect):
    """A grant for some work items does not cover another one."""
    request = TOOLS[TOOL].prepare(connect(), TOOLS[TOOL].validate({"updates": [row(FIRST, tags="a")]}))
    assert TOOLS[TOOL].bind_routes(request)["id"] == frozenset({str(FIRST)})


def test_a_throttled_row_is_sent_again_and_counts_once(platform_client, organization):
    organization.faults.add(Fault(kind="throttle", method="PATCH", path="/workitems/", retry_after=0, times=1))
    done = call(platform_client, TOOL, updates=[row(FIRST, tags="a"), row(SECOND, tags="b")])
    assert done.done == 2
    assert len(item(organization, FIRST).revisions) == 2


def store(organization, number, text):
    """Give a work item another text without a new revision."""
    item(organization, number).revision.fields[REPRO] = text


def removed(shown):
    return [line[1:] for line in shown.split("\n") if line.startswith("-")]


@pytest.mark.parametrize(
    "text",
    ["\n".join(f"line {number} of what was there" for number in range(3_000)), f"one\n{'long ' * 5_000}end\nlast"],
    ids=["many lines", "a long line"],
)
def test_everything_that_a_write_removes_is_shown(asked, organization, text):
    store(organization, MARKDOWN, text)
    revision = len(item(organization, MARKDOWN).revisions)
    shown = asked(updates=[row(MARKDOWN, revision, description="Short.")])
    assert "\n".join(removed(shown[f"work_item_{MARKDOWN}"])) == text


def test_a_secret_of_which_only_a_part_changes_or_stands_beside_a_change_is_not_shown(asked, organization):
    body = [f"MIIEpAIBAAKCAQEA{number:02}{'qZx7Lm9Rw2Kb5Vn8' * 3}" for number in range(12)]
    key = ["-----BEGIN RSA PRIVATE KEY-----", *body, "-----END RSA PRIVATE KEY-----"]
    text = "\n".join([*(f"line {number}" for number in range(9)), *key, "after"])
    store(organization, MARKDOWN, text)
    revision = len(item(organization, MARKDOWN).revisions)
    shown = asked(updates=[row(MARKDOWN, revision, description="line 0\nafter it")])
    assert "qZx7Lm9R" not in str(shown)
    store(organization, MARKDOWN, text)
    shown = asked(updates=[row(MARKDOWN, revision, description=text.split("-----BEGIN")[0] + "gone")])
    assert "qZx7Lm9R" not in str(shown)


def test_an_approval_says_which_html_becomes_markdown_for_good(asked):
    words = "is HTML now and becomes Markdown for good"
    shown = asked(updates=[row(4, 5, description="Mine."), row(SECOND, description="Mine."), row(FIRST, title="Mine")])
    assert f"{REPRO} {words}. What only HTML can show" in shown["work_item_4"]
    assert shown[f"work_item_{SECOND}"].endswith(f"System.Description {words}.")
    assert words not in shown[f"work_item_{FIRST}"]
    assert words not in str(asked(updates=[row(MARKDOWN, 1, description="Mine."), row(SECOND, tags="a")]))
