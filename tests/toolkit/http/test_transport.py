"""What passes the transport, what is repeated, and what every kind of bad answer becomes."""

import asyncio

import pytest
from stub_service import EMPTY_401, PERSON, RESET, SIGNED_IN, Reply, StubService, failure, ok

from langchain_azure_devops import errors
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.safety.grants import Operation, ToolCall, WriteRequest, current_call
from langchain_azure_devops.settings import load_settings

PAT = "a2b3c4d5e6f7g2h3i4j5k6l7m2n3o4p5q6r7s2t3u4v5w6x7y2z3"
PROJECTS = "/_apis/projects"
CREATE = Operation("POST", "/{project}/_apis/wit/workitems/${type}")


def client_of(service, **arguments):
    return AzureDevOps(load_settings(base_url=service.base_url, pat=PAT, environ={}), **arguments)


def read(service):
    with client_of(service) as client:
        return client.run_sync(client.get(PROJECTS))


def grant_for(owner, project="Platform"):
    request = WriteRequest("create_work_item", {"title": "x", "type": "Bug"}, "digest", project)
    return owner.grants.open(request, frozenset({CREATE}), 1, {"project": project, "type": "Bug"})


async def create(client, grant, project="Platform"):
    token = current_call.set(ToolCall("create_work_item", ("vso.work_write",), grant))
    try:
        return await client.post(
            CREATE.template, [{"op": "add"}], path={"project": project, "type": "Bug"},
            content_type="application/json-patch+json",
        )  # fmt: skip
    finally:
        current_call.reset(token)


def test_a_read_sends_what_the_service_wants():
    with StubService([ok({"value": []})]) as service:
        read(service)
    [seen] = service.seen
    assert seen.target == "/contoso/_apis/projects?api-version=7.1"
    assert seen.headers["x-tfs-fedauthredirect"] == "Suppress"
    assert seen.headers["authorization"].startswith("Basic ")
    assert "gzip" in seen.headers["accept-encoding"]


# -- repeated ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "first",
    [
        failure(429, "VssServiceException", "TF400733: blocked", Retry_After="0"),
        failure(503, "X", "stopped"),
        Reply(503, b"<html>deploying</html>", content_type="text/html"),
        Reply(502, b"bad gateway", content_type="text/plain"),
        Reply(500, b"<html>oops</html>", content_type="text/html"),
        Reply(500, {"message": "TF400898: An Internal Error Occurred.", "typeKey": "SomethingException"}, SIGNED_IN),
        failure(500, "Exception", "An error occurred."),
        failure(500, "System.Exception", "An error occurred."),
        failure(500, "VssServiceException", "TF400898: An Internal Error Occurred. Activity Id: 1."),
        Reply(500, {"message": "no key"}, SIGNED_IN),
        Reply(500, {"message": "no key", "typeKey": None}, SIGNED_IN),
        Reply(500, b'{"typeKey": "cut', SIGNED_IN),
        RESET,
    ],
    ids=[
        "429", "503 json", "503 html", "502", "500 html", "500 TF400898", "500 Exception", "500 System.Exception",
        "500 VssServiceException", "500 no key", "500 null key", "500 cut", "reset",
    ],
)  # fmt: skip
def test_a_read_is_repeated_after(first):
    with StubService([first, ok({"value": []})]) as service:
        assert read(service).json() == {"value": []}
    assert len(service.seen) == 2


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (failure(500, "PipelineNotFoundException", "no such pipeline"), errors.NotFound),
        (failure(500, "GitItemNotFoundException", "it is gone"), errors.ServiceFault),
        (failure(500, "InvalidArgumentValueException", "an Exception: TF400898"), errors.ServiceFault),
    ],
    ids=["known", "unknown", "mentions the code"],
)
def test_a_500_with_a_specific_type_key_is_an_answer(reply, kind):
    with StubService([reply]) as service:
        with pytest.raises(kind):
            read(service)
    assert len(service.seen) == 1


def test_a_throttle_that_does_not_end_says_when_to_come_back():
    with StubService([failure(429, "X", "TF400733: blocked", Retry_After="3600")]) as service:
        with pytest.raises(errors.Throttled, match="3600 s") as caught:
            read(service)
    assert caught.value.retry_after == 3600
    assert len(service.seen) == 1


def test_nobody_listens():
    with StubService([ok({})]) as service:
        pass
    with pytest.raises(errors.Unreachable, match="could not be reached"):
        read(service)


# -- pages instead of answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (
            Reply(302, headers={"Location": "https://spsprodweu1.vssps.visualstudio.com/_signin?realm=x"}),
            "SignInRequired",
        ),
        (Reply(203, b"<html>Sign In</html>", SIGNED_IN, "text/html"), "SignInRequired"),
        (Reply(200, b"<html>Sign In</html>", {"X-TFS-ProcessId": "1"}, "text/html; charset=utf-8"), "SignInRequired"),
        (Reply(200, b"<html>Welcome to the hotel</html>", {}, "text/html"), "ProxyPage"),
        (Reply(302, headers={"Location": "http://portal.hotel.example/login"}), "ProxyPage"),
        (Reply(407, b"<html>proxy</html>", {}, "text/html"), "ProxyPage"),
        (Reply(403, b"<html>blocked by policy</html>", {}, "text/html"), "ProxyPage"),
    ],
    ids=["302", "203", "200 html", "hotel", "hotel 302", "407", "403 firewall"],
)
def test_a_page_is_never_data(reply, kind):
    with StubService([reply]) as service, pytest.raises(getattr(errors, kind)) as caught:
        read(service)
    assert type(caught.value).__name__ == kind
    assert len(service.seen) == 1


# -- 401 -----------------------------------------------------------------------------------------------------------


def test_an_empty_401_of_a_live_token_is_a_missing_scope():
    def answer(seen):
        return ok(PERSON) if "connectionData" in seen.target else EMPTY_401

    with StubService(answer) as service, pytest.raises(errors.ScopeMissing, match="Dana Ortiz"):
        read(service)


def test_an_empty_401_of_a_dead_token_is_a_rejected_token():
    with StubService([EMPTY_401]) as service, pytest.raises(errors.TokenRejected):
        read(service)


def test_the_anonymous_id_is_nobody():
    anonymous = {"authenticatedUser": {"id": "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"}}

    def answer(seen):
        if "connectionData" in seen.target:
            return Reply(200, anonymous)
        return EMPTY_401

    with StubService(answer) as service, pytest.raises(errors.TokenRejected):
        read(service)


def test_a_stranger_to_the_organization_is_told_so():
    with StubService([failure(401, "UnauthorizedRequestException", "TF400813: not authorized")]) as service:
        with pytest.raises(errors.OrganizationAccessDenied):
            read(service)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (failure(403, "AccessDeniedException", "TF215106: Access denied"), errors.PermissionDenied),
        (failure(404, "ProjectDoesNotExistWithNameException", "TF200016: no project"), errors.ProjectNotFound),
        (failure(404, "WorkItemUnauthorizedAccessException", "TF401232: Work item 1"), errors.NotFound),
        (failure(409, "GitPullRequestExistsException", "TF401179: there is one"), errors.AlreadyExists),
        (failure(412, "WorkItemRevisionMismatchException", "TF26071: changed"), errors.RevisionConflict),
        (failure(400, "ArgumentException", "bad"), errors.InvalidRequest),
        (Reply(400, {"count": 1, "value": {"Message": "The request is invalid."}}, SIGNED_IN), errors.InvalidRequest),
        (Reply(404, b"The controller was not found", SIGNED_IN, "text/plain"), errors.NotFound),
    ],
    ids=lambda value: getattr(value, "__name__", str(getattr(value, "status", value))),
)
def test_an_error_answer_becomes_its_class(reply, kind):
    with StubService([reply]) as service, pytest.raises(kind) as caught:
        read(service)
    assert type(caught.value) is kind


def test_a_body_with_a_byte_order_mark_is_read():
    body = "\ufeff".encode() + b'{"message": "TF24668: stopped", "typeKey": "Stopped"}'
    with StubService([Reply(404, body, SIGNED_IN, "application/json")]) as service:
        with pytest.raises(errors.NotFound, match="TF24668"):
            read(service)


# -- writes --------------------------------------------------------------------------------------------------------


def test_a_write_without_a_grant_is_not_sent():
    with StubService([ok({})]) as service, client_of(service) as client, pytest.raises(errors.WriteBlocked):
        client.run_sync(create(client, None))
    assert service.seen == []


def test_a_read_only_client_sends_no_write_even_with_a_grant():
    with StubService([ok({})]) as service, client_of(service, read_only=True) as client:
        with pytest.raises(errors.WriteBlocked):
            client.run_sync(create(client, grant_for(client)))
        with pytest.raises(errors.WriteBlocked):
            client.run_sync(client.probe("vso.work_write"))
    assert service.seen == []


def test_a_throttled_write_is_repeated_because_it_was_not_taken():
    with StubService([failure(429, "X", "TF400733", Retry_After="0"), ok({"id": 1})]) as service:
        with client_of(service) as client:
            assert client.run_sync(create(client, grant_for(client))).json() == {"id": 1}
    assert len(service.seen) == 2


@pytest.mark.parametrize(
    "reply",
    [
        RESET,
        failure(503, "X", "busy"),
        Reply(500, b"oops"),
        failure(500, "Exception", "oops"),
        failure(500, "VssServiceException", "TF400898: An Internal Error Occurred."),
        failure(500, "X", "TF400898: An Internal Error Occurred."),
    ],
    ids=["reset", "503", "500", "500 Exception", "500 VssServiceException", "500 TF400898"],
)
def test_a_write_that_may_have_happened_is_not_repeated(reply):
    with StubService([reply]) as service, client_of(service) as client:
        with pytest.raises(errors.AzureDevOpsError) as caught:
            client.run_sync(create(client, grant_for(client)))
    assert isinstance(caught.value, errors.WriteOutcomeUnknown)
    assert len(service.seen) == 1


STATUSES = [status for status in range(400, 600) if status not in {401, 429}]
OPEN = {408, 499, *range(500, 600)}
GATEWAY = {
    "empty": (b"", "text/plain"),
    "plain": (b"upstream request failed", "text/plain"),
    "json": ({"message": "no answer from upstream", "code": 7}, "application/json"),
    "json value": ({"value": {"Message": "no"}}, "application/json"),
    "problem": ({"type": "about:blank", "title": "no"}, "application/problem+json"),
    "list": ([1], "application/json"),
    "html": (b"<html>no</html>", "text/html"),
    "not json": (b"{", "application/json"),
}
SERVICE = {
    "key": Reply(400, {"typeKey": "X", "message": "no"}),
    "value": Reply(400, {"count": 1, "value": {"Message": "no"}}, SIGNED_IN),
    "plain": Reply(400, b"no", {"X-TFS-ServiceError": "no"}, "text/plain"),
    "empty": Reply(400, b"", {"ActivityId": "1"}),
}


def answers_to_a_write(replies):
    """Return what each answer to a write becomes, and how many requests each one took."""
    queue = list(replies)
    said = []
    with StubService(lambda seen: queue.pop(0)) as service, client_of(service) as client:
        for _ in replies:
            before = len(service.seen)
            with pytest.raises(errors.AzureDevOpsError) as caught:
                client.run_sync(create(client, grant_for(client)))
            said.append((type(caught.value), len(service.seen) - before))
    return said


@pytest.mark.parametrize("form", GATEWAY)
def test_the_answer_of_a_gateway_to_a_write_proves_nothing_whatever_its_status(form):
    body, content_type = GATEWAY[form]
    statuses = [*STATUSES, 401, 429]
    said = answers_to_a_write([Reply(status, body, {"Server": "gate"}, content_type) for status in statuses])
    assert dict(zip(statuses, said, strict=True)) == dict.fromkeys(statuses, (errors.WriteOutcomeUnknown, 1))


@pytest.mark.parametrize("form", SERVICE)
def test_the_service_itself_refuses_a_write_with_every_status_that_is_an_answer(form):
    of = SERVICE[form]
    said = answers_to_a_write([Reply(status, of.body, of.headers, of.content_type) for status in STATUSES])
    unknown = {status for status, (kind, _) in zip(STATUSES, said, strict=True) if kind is errors.WriteOutcomeUnknown}
    assert unknown == OPEN
    assert {count for _, count in said} == {1}


def test_a_500_refuses_a_write_only_when_its_key_says_so():
    keys = ["GitPullRequestExistsException", "TestPatchOperationFailedException", "SomethingElse", "Exception"]
    said = [kind for kind, _ in answers_to_a_write([failure(500, key, "no") for key in keys])]
    unknown = errors.WriteOutcomeUnknown
    assert said == [errors.AlreadyExists, errors.RevisionConflict, unknown, unknown]


# -- callers -------------------------------------------------------------------------------------------------------


def test_one_client_serves_several_loops_threads_and_blocking_callers():
    with StubService([ok({"value": []})]) as service, client_of(service) as client:

        async def ask():
            return (await client.run(client.get(PROJECTS))).status_code

        async def several():
            return await asyncio.gather(*(ask() for _ in range(10)))

        assert asyncio.run(several()) == [200] * 10
        assert asyncio.run(several()) == [200] * 10
        assert client.run_sync(client.get(PROJECTS)).status_code == 200


async def test_a_cancelled_call_does_not_break_the_client():
    with StubService([ok({"value": []})]) as service, client_of(service) as client:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.run(asyncio.sleep(30)), 0.05)
        assert (await client.run(client.get(PROJECTS))).status_code == 200


def test_a_closed_client_says_so():
    with StubService([ok({})]) as service:
        client = client_of(service)
        client.close()
        with pytest.raises(errors.ClientClosed, match="closed, and nothing was sent"):
            client.run_sync(client.get(PROJECTS))


@pytest.mark.parametrize("name", ["", " ", ".", "..", "a/b", "a\\b", "a\x00b", "a\nb"])
def test_a_name_never_leaves_its_place_in_the_path(name):
    with StubService([ok({})]) as service, client_of(service) as client, pytest.raises(errors.InvalidRequest):
        client.run_sync(client.get("/{project}/_apis/build/builds", path={"project": name}))
    assert service.seen == []


def test_a_name_is_quoted():
    with StubService([ok({})]) as service, client_of(service) as client:
        client.run_sync(client.get("/{project}/_apis/x/{name}", path={"project": "Mobile App", "name": "50%?#é"}))
    assert service.seen[0].target == "/contoso/Mobile%20App/_apis/x/50%25%3F%23%C3%A9?api-version=7.1"


def test_the_token_is_in_no_error(caplog):
    caplog.set_level("DEBUG")
    with StubService([failure(400, "X", "bad")]) as service, client_of(service) as client:
        with pytest.raises(errors.InvalidRequest) as caught:
            client.run_sync(client.get(PROJECTS))
        shown = f"{caught.value!r}{caught.value}{client!r}{client.settings!r}{caplog.text}"
    assert PAT not in shown
