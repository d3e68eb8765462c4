"""An answer that succeeded and is not what the service documents: a tool says so, and takes it for no empty list."""

import time

import pytest
from stub_service import PERSON, RESET, SIGNED_IN, Reply, StubService, ok

from langchain_azure_devops import TOOLS, AzureDevOps, AzureDevOpsToolkit, Result, Scope, Toolset, errors
from langchain_azure_devops.access.connection import verify
from langchain_azure_devops.http import decode
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.settings import load_settings

DEEP = b"[" * 100_000 + b"]" * 100_000
BODIES = {
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "no rows": b"{}",
    "rows of nothing": b'{"value":[{}]}',
    "no list": b'{"value":3}',
    "no JSON": b"{not json}",
    "deep": DEEP,
}
THEIRS = {
    "id": 4,
    "rev": 3,
    "fields": {
        "System.WorkItemType": "Bug",
        "System.Title": "Theirs",
        "System.State": "New",
        "System.TeamProject": "P",
        "System.ChangedDate": "2026-10-01T00:00:00Z",
        "System.ChangedBy": {"id": "somebody-else", "displayName": "Somebody Else"},
    },
}
QUICK = RunContext(timeouts=Timeouts(retry_pause=0.005, max_retry_pause=0.01, recovery=0.01, recovery_pause=0.01))


def client_of(service, context=QUICK):
    settings = load_settings(base_url=service.base_url, pat="a-token", default_project="P", environ={})
    return AzureDevOps(settings, writes="allow", context=context)


def reply(body, status=200, **headers):
    return Reply(status, body, {**SIGNED_IN, **headers})


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_tool_that_reads_reports_it_to_the_model(body):
    with StubService([reply(body)]) as service:
        with AzureDevOpsToolkit(base_url=service.base_url, pat="a-token", default_project="P") as toolkit:
            [tool] = [tool for tool in toolkit.get_tools() if tool.name == "list_repositories"]
            call = {"name": tool.name, "args": {}, "id": "1", "type": "tool_call"}
            message = tool.invoke(call)
    assert message.status == "error"
    assert message.content.startswith("[unavailable ServiceFault answer]")


def test_the_own_tool_of_a_user_reports_it_by_the_same_decode():
    class Team(Result):
        name: str

    own = Toolset.named("own", "A user's own tools.")

    @own.read(Scope.PROJECT)
    async def get_team(client: AzureDevOps, *, team: str) -> Team:
        """Read a team."""
        return decode(await client.get("/_apis/projects/P/teams/{team}", path={"team": team}), Team)

    with StubService([reply(b"null")]) as service, client_of(service) as client:
        with pytest.raises(errors.ServiceFault, match="does not have the form"):
            get_team.call_sync(client, team="Harbor")


def test_the_reason_names_the_place_and_never_the_content():
    with StubService([reply(b'{"value":[{"id":"1","name":{"hunter2":1}}]}')]) as service, client_of(service) as client:
        with pytest.raises(errors.ServiceFault, match=r"value\.0\.name") as caught:
            TOOLS["list_repositories"].call_sync(client)
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize("look", [b"", b"{}", DEEP], ids=["nothing", "no ids", "deep"])
@pytest.mark.parametrize("answer", [reply(b"{}"), reply(b""), RESET], ids=["no item", "nothing", "reset"])
def test_of_a_write_it_is_unknown_whether_it_happened(answer, look):
    def service_of(seen):
        if "connectionData" in seen.target:
            return ok(PERSON)
        return reply(look) if "wiql" in seen.target else answer

    with StubService(service_of) as service, client_of(service) as client:
        with pytest.raises(errors.WriteOutcomeUnknown):
            TOOLS["create_work_item"].call_sync(client, type="Bug", title="Once")
    assert len([seen for seen in service.seen if seen.method == "POST" and "wiql" not in seen.target]) == 1


@pytest.mark.parametrize(
    "date",
    ["garbage", "Wed, 21 Oct 2015 07:28:10 -0000", "", "Mon, 01 Jan 2024 99999999999999999999:00:00 GMT"],
)
def test_a_date_that_is_none_stops_no_look_up(date):
    def service_of(seen):
        if "connectionData" in seen.target:
            return ok(PERSON)
        if "workitemsbatch" in seen.target:
            return ok({"value": []})
        return ok({"workItems": []}, Date=date) if "wiql" in seen.target else RESET

    with StubService(service_of) as service, client_of(service) as client:
        with pytest.raises(errors.WriteOutcomeUnknown, match="did not find a Bug"):
            TOOLS["create_work_item"].call_sync(client, type="Bug", title="Once")


def test_a_write_that_was_accepted_is_never_not_done():
    """The service accepted the update and its answer is damaged; somebody else seems to have made the revision."""

    def service_of(seen):
        if "connectionData" in seen.target:
            return ok(PERSON)
        return reply(b"{}") if seen.method == "PATCH" else ok(THEIRS)

    with StubService(service_of) as service, client_of(service) as client:
        with pytest.raises(errors.WriteOutcomeUnknown, match=r"accepted the write, but .*somebody else"):
            TOOLS["update_work_item"].call_sync(client, id=4, revision=2, title="Ours")


@pytest.mark.parametrize("where", ["connectionData", "projects"])
@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"hello", b'{"authenticatedUser":"x","value":3}', DEEP], ids=len)
def test_verify_returns_it_as_the_state_of_the_connection(where, body):
    with StubService(lambda seen: reply(body) if where in seen.target else ok(PERSON)) as service:
        with client_of(service) as client:
            found = client.run_sync(verify(client))
    assert found.status == "ServiceFault"


def test_verify_as_a_whole_takes_no_longer_than_one_call_may(monkeypatch):
    passed, clock = [0.0], time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: clock() + sum(passed))

    def slow(seen):
        """Each of the first two answers takes more than half of the time of a call."""
        passed.append(600.0 if len(passed) <= 2 else 0.0)
        return ok(PERSON) if "connectionData" in seen.target else ok({"value": [{"name": "P"}]})

    context = RunContext(timeouts=Timeouts(call=1000.0, request=5000.0, connect=5000.0))
    with StubService(slow) as service, client_of(service, context) as client:
        found = client.run_sync(verify(client))
    assert found.identity is not None
    assert found.unknown or found.error, "what there was no time for is not known"
    assert len(service.seen) == 2


def test_letters_in_headers_and_nonsense_in_errors_are_taken_as_they_are():
    with StubService([Reply(200, b'{"value":[]}', {"X-File": "größe"})]) as service, client_of(service) as client:
        assert TOOLS["list_repositories"].call_sync(client).items == []
    with StubService([reply(DEEP, status=400)]) as service, client_of(service) as client:
        with pytest.raises(errors.InvalidRequest):
            TOOLS["list_repositories"].call_sync(client)
