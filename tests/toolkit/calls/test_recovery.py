"""A write whose answer was lost is found again by what only it would have made; what does not settle it is unknown."""

import re
import time
from datetime import timedelta

import httpx
import pytest
from tool_calls import FULL, READ, seed_with_tokens

from azure_devops_simulator import Fault
from langchain_azure_devops import TOOLS, AzureDevOps, approve_writes_with, errors
from langchain_azure_devops.results.artifact import error_artifact
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.safety.grants import Approval
from langchain_azure_devops.settings import load_settings

QUICK = Timeouts(retry_pause=0.005, recovery=0.02, recovery_pause=0.02)
LOST = {"kind": "reset", "times": 1}


@pytest.fixture
def organization():
    return seed_with_tokens()


@pytest.fixture
def client(server, organization):
    settings = load_settings(base_url=server.base_url, pat=FULL, default_project="Platform", environ={})
    context = RunContext(clock=organization.clock.now, timeouts=QUICK)
    with AzureDevOps(settings, writes="allow", context=context) as writing:
        yield writing


@pytest.fixture
def elsewhere(server, tls):
    """Another process of the same account: this one knows nothing of what it does."""
    with httpx.Client(base_url=server.base_url, auth=("", FULL), params={"api-version": "7.1"}, verify=tls) as raw:
        yield raw


def agree(request):
    return Approval(True, request.digest, "dana")


def make_twin(client, notice="An equal write was begun"):
    """Create it although an equal write is open: a person is told of that."""
    told = []
    client.writes = "ask"
    try:
        with approve_writes_with(lambda request: told.append(request.notice) or agree(request)):
            return make(client)
    finally:
        client.writes = "allow"
        assert told[0].startswith(notice)


def make(client, title="Leaking pool"):
    return TOOLS["create_work_item"].call_sync(client, type="Bug", title=title)


def make_elsewhere(elsewhere, **fields):
    body = [{"op": "add", "path": f"/fields/System.{name}", "value": value} for name, value in fields.items()]
    headers = {"Content-Type": "application/json-patch+json"}
    answer = elsewhere.post("/Platform/_apis/wit/workitems/$Bug", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


@pytest.mark.parametrize("name", sorted(name for name, tool in TOOLS.items() if tool.access == "write"))
def test_every_tool_that_writes_says_how_its_effect_is_found(name):
    assert TOOLS[name].recover is not None


def test_an_earlier_one_with_the_same_title_is_not_taken_for_it(organization, client):
    make(client)
    organization.clock.tick(3600)
    organization.faults.add(Fault(method="POST", path="/workitems/", **LOST))
    with pytest.raises(errors.WriteOutcomeUnknown) as caught:
        make(client)
    assert caught.value.headline == "[unavailable WriteOutcomeUnknown create_work_item]"
    assert "did not find a Bug with this title and exactly these values that this account created" in (
        caught.value.message
    )
    assert caught.value.url.endswith("/Platform/_workitems/recentlycreated")
    assert caught.value.url in caught.value.message


def test_an_item_that_this_process_made_a_moment_ago_is_not_taken_for_it(organization, client):
    first = make(client)
    organization.faults.add(Fault(method="POST", path="/workitems/", **LOST))
    with pytest.raises(errors.WriteOutcomeUnknown, match="did not find a Bug"):
        make(client)
    organization.faults.add(Fault(method="POST", path="/workitems/", when="after", **LOST))
    with pytest.raises(errors.WriteOutcomeUnknown, match="another call asked for the same"):
        make_twin(client)
    organization.faults.add(Fault(method="POST", path="/workitems/", when="after", **LOST))
    assert make(client, "Another title").id > first.id


def test_of_two_that_fit_none_is_chosen(organization, client, elsewhere):
    first = make_elsewhere(elsewhere, Title="Leaking pool")
    organization.faults.add(Fault(method="POST", path="/workitems/", when="after", **LOST))
    with pytest.raises(errors.WriteOutcomeUnknown, match=rf"work items {first}, \d+ all fit"):
        make(client)


def test_of_two_that_were_made_only_the_one_with_the_values_that_were_sent_counts(organization, client, elsewhere):
    others = [
        make_elsewhere(elsewhere, Title="Leaking pool", **more)
        for more in ({"Tags": "x"}, {"AssignedTo": "Tom Becker", "Tags": "x"})
    ]
    organization.faults.add(Fault(method="POST", path="/workitems/", when="after", **LOST))
    assert make(client).id not in others


def test_somebody_elses_is_not_taken_for_it(organization, client, server):
    other = next(user for user in organization.users.values() if user.id != organization.tokens[FULL].user.id)
    organization.add_token("others-token", ("app_token",), other)
    settings = load_settings(base_url=server.base_url, pat="others-token", default_project="Platform", environ={})
    with AzureDevOps(settings, writes="allow") as colleague:
        make(colleague)
    organization.faults.add(Fault(method="POST", path="/workitems/", **LOST))
    with pytest.raises(errors.WriteOutcomeUnknown, match="did not find a Bug"):
        make(client)


def test_a_title_with_quotes_is_found_exactly(organization, client):
    organization.faults.add(Fault(method="POST", path="/workitems/", when="after", **LOST))
    assert make(client, "It's the 'pool' 100% %_[x]").notes


def test_a_comment_with_other_words_leaves_it_unknown(organization, client, elsewhere):
    path, version = "/Platform/_apis/wit/workItems/16/comments", {"api-version": "7.1-preview.4"}
    assert elsewhere.post(path, json={"text": "Something else"}, params=version).status_code == 200
    organization.faults.add(Fault(method="POST", path="/comments", **LOST))
    with pytest.raises(
        errors.WriteOutcomeUnknown, match=r"This account made comment \d+ since then, with another text"
    ):
        TOOLS["add_work_item_comment"].call_sync(client, id=16, text="Only once")


def test_an_update_that_somebody_else_overtook_was_not_done(organization, client, server):
    other = next(user for user in organization.users.values() if user.id != organization.tokens[FULL].user.id)
    organization.add_token("others-token", ("app_token",), other)
    settings = load_settings(base_url=server.base_url, pat="others-token", default_project="Platform", environ={})
    with AzureDevOps(settings, writes="allow") as colleague:
        TOOLS["update_work_item"].call_sync(colleague, id=16, revision=3, title="Theirs")
    organization.faults.add(Fault(method="PATCH", path="/workitems/", **LOST))
    with pytest.raises(errors.WriteNotDone, match=r"It was not done: .*somebody else made revision 4"):
        TOOLS["update_work_item"].call_sync(client, id=16, revision=3, title="Ours")


@pytest.mark.parametrize(
    ("name", "path", "arguments", "where"),
    [
        ("add_work_item_comment", "/comments", {"id": 16, "text": "Once"}, "/_workitems/edit/16"),
        ("update_work_item", "/workitems/", {"id": 16, "revision": 3, "title": "Once"}, "/_workitems/edit/16"),
        ("update_pull_request", "/pullrequests/", {"id": 15, "title": "Once"}, "/pullrequest/15"),
        (
            "create_pull_request", "/pullrequests",
            {
                "repository": "platform-api", "source": "feature/async-sqlalchemy", "target": "main", "title": "Once"
            }, "/Platform/_git/platform-api/pullrequests",
        ),
    ],
)  # fmt: skip
def test_what_is_not_found_may_still_come_and_the_message_says_where_to_look(
    organization, client, name, path, arguments, where
):
    method = "PATCH" if name.startswith("update") else "POST"
    organization.faults.add(Fault(method=method, path=path, **LOST))
    with pytest.raises(errors.WriteOutcomeUnknown, match="does not prove that it was not done") as caught:
        TOOLS[name].call_sync(client, **arguments)
    assert caught.value.url.endswith(where)
    assert caught.value.url in caught.value.message
    assert error_artifact(caught.value)["url"] == caught.value.url
    assert not re.search(
        r"(?i)\b(ask|try|send|repeat)\b[^.]* again\b", caught.value.message.replace("not sent again", "")
    )


def test_an_update_that_was_overtaken_after_it_was_done_is_still_found(organization, client):
    begun = time.time()
    TOOLS["update_work_item"].call_sync(client, id=16, revision=3, title="Ours")
    TOOLS["update_work_item"].call_sync(client, id=16, revision=4, title="Again")
    tool = TOOLS["update_work_item"]
    found = client.run_sync(tool.settle(client, {"id": 16, "revision": 3, "title": "Ours"}, begun))
    assert (found.revision, found.title) == (4, "Ours")
    assert found.notes[1:] == ["It was changed since then and is at revision 5."]


def test_a_pull_request_whose_answer_was_lost_is_found(organization, client):
    before = set(organization.pull_requests)
    organization.faults.add(Fault(method="POST", path="/pullrequests", when="after", **LOST))
    opened = TOOLS["create_pull_request"].call_sync(
        client, repository="platform-api", source="feature/async-sqlalchemy", target="main", title="Only once"
    )
    assert opened.notes
    assert set(organization.pull_requests) - before == {opened.id}


def test_a_merge_of_another_commit_is_not_taken_for_it(organization, client):
    tip = TOOLS["get_pull_request"].call_sync(client, ids=[15]).source_commit
    begun = time.time()
    TOOLS["update_pull_request"].call_sync(client, id=15, status="completed", source_commit=tip)
    tool = TOOLS["update_pull_request"]
    merged = {"id": 15, "status": "completed", "source_commit": tip}
    assert client.run_sync(tool.settle(client, merged, begun)).status == "completed"
    with pytest.raises(errors.WriteOutcomeUnknown, match="was completed with commit"):
        client.run_sync(tool.settle(client, {**merged, "source_commit": "0" * 40}, begun))


def test_a_write_of_a_process_that_is_gone_is_found_by_the_same_means(client):
    begun = time.time()
    made = make(client)
    tool = TOOLS["create_work_item"]
    found = client.run_sync(tool.settle(client, {"type": "Bug", "title": "Leaking pool"}, begun))
    assert found.id == made.id
    for before in (begun, begun - 600):
        with pytest.raises(errors.WriteOutcomeUnknown, match="may still be working on it"):
            client.run_sync(tool.settle(client, {"type": "Bug", "title": "Never sent"}, before))


def test_what_cannot_be_looked_up_is_unknown_and_says_both_reasons(organization, client):
    organization.faults.add(Fault(method="POST", path="/workitems/", **LOST))
    organization.faults.add(Fault(kind="status", status=500, path="/wit/wiql"))
    with pytest.raises(errors.WriteOutcomeUnknown, match=r"broke the connection.*could not be looked up, either"):
        make(client)


def test_the_clock_of_this_machine_does_not_matter(organization, client):
    organization.clock.set(organization.clock.now() + timedelta(days=4000))
    organization.faults.add(Fault(method="POST", path="/workitems/", when="after", **LOST))
    assert make(client).notes


@pytest.mark.parametrize(("behind", "told"), [(1, "2 look-ups"), (3, r"1 look-up within 0 s .*3 minutes behind")])
def test_a_service_whose_date_is_too_far_behind_is_not_waited_for(organization, server, behind, told):
    settings = load_settings(base_url=server.base_url, pat=FULL, default_project="Platform", environ={})
    ahead = RunContext(clock=lambda: organization.clock.now() + timedelta(minutes=behind), timeouts=QUICK)
    organization.faults.add(Fault(method="POST", path="/workitems/", when="before", **LOST))
    with AzureDevOps(settings, writes="allow", context=ahead) as client:
        with pytest.raises(errors.WriteOutcomeUnknown, match=told) as unknown:
            make(client)
    assert "does not prove that it was not done" in unknown.value.message


def test_looking_never_writes(organization, server):
    settings = load_settings(base_url=server.base_url, pat=READ, default_project="Platform", environ={})
    now = organization.clock.now()
    with AzureDevOps(settings, read_only=True, context=RunContext(timeouts=QUICK)) as reading:
        tool = TOOLS["create_work_item"]
        with pytest.raises(errors.WriteOutcomeUnknown, match="did not find a Bug"):
            reading.run_sync(tool.settle(reading, {"type": "Bug", "title": "Never sent"}, time.time() - 600))
    assert organization.clock.now() == now
