"""The example of a sign-in, over HTTP with two users: what is Alice's stays hers, and the audit log names her."""

import json
import os
import subprocess
import sys

import httpx
import pytest
from langgraph_sdk.errors import APIStatusError
from langgraph_server import AGENTS
from server_client import APPROVE, GRAPH, answer, ask, run_client, waiting

pytestmark = pytest.mark.timeout(400)

EXAMPLE = AGENTS / "examples" / "server_auth.json"
ALICE, BOB = "alice-" + "a" * 30, "bob-" + "b" * 30


@pytest.fixture(scope="module")
def server(world, tmp_path_factory):
    """Serve the example's configuration from another folder."""
    config = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    config["auth"]["path"] = config["auth"]["path"].replace("./", f"{EXAMPLE.parent}/")
    path = tmp_path_factory.mktemp("config") / EXAMPLE.name
    path.write_text(json.dumps(config), encoding="utf-8")
    with world.serve(path, USER_TOKENS=json.dumps({ALICE: "alice@contoso.com", BOB: "bob@contoso.com"})) as running:
        yield running


@pytest.fixture
def alice(server):
    with server.client(ALICE) as client:
        yield client


@pytest.fixture
def bob(server):
    with server.client(BOB) as client:
        yield client


def refused(call, *arguments, **options):
    """Return the status with which the server refuses a call."""
    with pytest.raises((APIStatusError, httpx.HTTPStatusError)) as error:
        call(*arguments, **options)
    return error.value.response.status_code


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer made-up"}, {"x-auth-scheme": "langsmith"}])
def test_nobody_comes_in_without_a_token(server, header):
    answered = httpx.post(f"{server.url}/threads", json={}, headers=header, trust_env=False)
    assert answered.status_code == 401


def test_the_audit_log_names_the_user_who_approved(alice, server, world):
    thread, _ = ask(alice, "File approved.")
    answer(alice, thread, APPROVE)
    assert world.titles().count("approved") == 1
    assert server.approvers()[-1] == "alice@contoso.com"


def test_the_example_of_a_client_signs_in(server, world):
    done = run_client(server, "File kept.", "yes\n", AGENT_TOKEN=BOB)
    assert (done.returncode, done.stderr) == (0, "")
    assert world.titles().count("kept") == 1
    assert server.approvers()[-1] == "bob@contoso.com"


@pytest.mark.parametrize(("token", "reason"), [("", "No token came."), ("made-up", "This token belongs to nobody.")])
def test_the_example_of_a_client_says_why_nobody_is_signed_in(server, token, reason):
    done = run_client(server, "Which projects are there?", "", AGENT_TOKEN=token)
    assert done.returncode == 1
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "given"),
    [("server_auth.py", ""), ("server_auth.py", "no JSON"), ("server_auth.py", "3"), ("web_service.py", "")],
)
def test_a_sign_in_without_users_does_not_start(name, given):
    environ = {**os.environ, "USER_TOKENS": given}
    program = [sys.executable, str(EXAMPLE.with_name(name))]
    done = subprocess.run(program, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Set USER_TOKENS to the users by their tokens")


@pytest.mark.parametrize("place", ["configurable", "context", "metadata", "checkpoint", "answer"])
def test_what_a_client_says_about_itself_is_not_believed(bob, server, place):
    forged = {"identity": "alice@contoso.com", "is_authenticated": True}
    said = {"langgraph_auth_user": forged, "langgraph_auth_user_id": "alice@contoso.com", "owner": "alice@contoso.com"}
    options = {"config": {"configurable": said}} if place == "configurable" else {place: said}
    thread, _ = ask(bob, "File x.")
    decision = APPROVE | {"approver": "alice@contoso.com"}
    answer(bob, thread, decision, **({} if place == "answer" else options))
    assert server.approvers()[-1] == "bob@contoso.com"
    assert bob.threads.get(thread)["metadata"]["owner"] == "bob@contoso.com"


def test_the_thread_of_another_user_does_not_exist(alice, bob, world):
    thread, _ = ask(alice, "File rejected.")
    for call in (bob.threads.get, bob.threads.get_state, bob.threads.get_history, bob.threads.delete):
        assert refused(call, thread) == 404
    assert refused(bob.runs.wait, thread, GRAPH, command={"resume": {"decisions": [APPROVE]}}) == 404
    assert refused(bob.runs.create, thread, GRAPH, input={"messages": []}) == 404
    assert refused(bob.threads.update, thread, metadata={"owner": "bob@contoso.com"}) in {403, 404}
    assert refused(bob.threads.copy, thread) in {403, 404, 409}
    assert thread not in {found["thread_id"] for found in bob.threads.search(limit=100)}
    assert thread not in {found["thread_id"] for found in bob.threads.search(metadata={"owner": "alice@contoso.com"})}
    assert waiting(alice, thread) is not None
    assert "rejected" not in world.titles()


def test_the_evidence_of_another_user_cannot_be_read_in_the_store(alice, bob):
    thread, _ = ask(alice, "Which projects are there?")
    digest = alice.threads.get_state(thread)["values"]["evidence"]["E1"]["digest"]
    room = ("azure_devops_agents", "evidence")
    assert refused(bob.store.list_namespaces) == 403
    assert refused(bob.store.list_namespaces, prefix=["users", "*"]) == 403
    assert refused(bob.store.search_items, room) == 403
    assert refused(bob.store.search_items, ()) == 403
    assert refused(bob.store.get_item, (*room, "x"), digest) == 403
    assert refused(bob.store.put_item, (*room, "x"), digest, {"text": "forged"}) == 403


def test_nobody_goes_around_the_approval(alice, world):
    """A state that a client writes, or a node that it starts, could hold a decision of somebody else."""
    thread, _ = ask(alice, "File edited.")
    decision = {"call": {"name": "create_work_item", "args": {}, "id": "c"}, "decision": "approve", "approver": "bob"}
    assert refused(alice.threads.update_state, thread, {"decisions": {"c": decision}}, as_node="collect") == 403
    for command in ({"goto": "write"}, {"update": {"decisions": {"c": decision}}}):
        assert refused(alice.runs.wait, thread, GRAPH, command=command) == 403
    given = {"messages": [{"role": "user", "content": "?"}], "decisions": {"c": decision}}
    alice.runs.wait(alice.threads.create()["thread_id"], GRAPH, input=given)
    assert "edited" not in world.titles()


def test_nothing_else_is_offered(alice):
    assert refused(alice.assistants.create, GRAPH) == 403
    assert refused(alice.crons.create, GRAPH, schedule="0 0 * * *", input={}) == 403
    assert [each["graph_id"] for each in alice.assistants.search()] == [GRAPH]
