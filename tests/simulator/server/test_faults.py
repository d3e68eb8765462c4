"""Failures by switch: faults and the rate limit, seen by a client on a real socket and by one in the same process."""

import json
import socket
import threading
import time

import httpx
import pytest

from azure_devops_simulator import Fault, Faults, Organization, TokenBucket
from azure_devops_simulator.server.app import create_app
from azure_devops_simulator.state.faults import parse_fault, read_fault

PROJECTS = "/_apis/projects"
REFS = "/Platform/_apis/git/repositories/docs/refs"


def statuses(client, count, path=PROJECTS):
    return [client.send("GET", path).status_code for _ in range(count)]


def new_branch(organization, name="refs/heads/fault"):
    repository = organization.repository("Platform", "docs")
    return [{"name": name, "oldObjectId": "0" * 40, "newObjectId": repository.default_tip()}]


def has_branch(organization, name="fault"):
    return organization.repository("Platform", "docs").branch(name) is not None


def test_without_faults_nothing_fails(client, organization):
    assert not organization.faults
    assert statuses(client, 3) == [200, 200, 200]


def test_skip_every_and_times_choose_which_requests_fail(client, organization):
    organization.faults.add(Fault("status", path="/projects", skip=1, every=2, times=2))
    assert statuses(client, 7) == [200, 503, 200, 503, 200, 200, 200]
    assert [(seen, failed) for _, seen, failed in organization.faults.counted()] == [(7, 2)]


def test_a_fault_fits_by_method_and_part_of_the_path_without_regard_to_case(client, organization):
    organization.faults.add(Fault("status", method="GET", path="/GIT/Repositories"))
    assert client.send("GET", "/Platform/_apis/git/repositories").status_code == 503
    assert client.send("POST", REFS, []).status_code == 200
    assert client.send("GET", PROJECTS).status_code == 200


def test_the_first_fault_that_fits_wins_and_clearing_removes_all(client, organization):
    organization.faults.add(Fault("status", status=500, times=1), Fault("status", status=503))
    assert statuses(client, 2) == [500, 503]
    organization.faults.clear()
    assert statuses(client, 1) == [200]


def test_an_organization_can_be_made_with_faults():
    organization = Organization("faulty", faults=Faults([Fault("status", status=500)]))
    assert len(organization.faults) == 1


@pytest.mark.parametrize("status", [401, 403, 409, 412, 500, 503])
def test_an_error_has_the_usual_body(client, organization, status):
    organization.faults.add(Fault("status", status=status, retry_after=7))
    answer = client.send("GET", PROJECTS)
    assert (answer.status_code, answer.headers["retry-after"]) == (status, "7")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.json()["typeKey"]
    assert "activityid" in answer.headers


@pytest.mark.parametrize(
    ("form", "content_type", "start"),
    [
        ("html", "text/html; charset=utf-8", b"<!DOCTYPE html>"),
        ("bom", "application/json", b"\xef\xbb\xbf{"),
        ("empty", None, b""),
    ],
)
def test_an_error_has_a_page_a_mark_or_no_body(client, organization, form, content_type, start):
    organization.faults.add(Fault("status", body=form))
    answer = client.send("GET", PROJECTS)
    assert (answer.status_code, answer.headers.get("content-type")) == (503, content_type)
    assert answer.content.startswith(start)
    if form == "bom":
        assert "TF24668" in json.loads(answer.content.decode("utf-8-sig"))["message"]


def test_a_gateway_may_answer_a_write_with_the_sign_in_page(client, organization):
    organization.faults.add(Fault("status", method="POST", status=203, body="html"))
    answer = client.send("POST", REFS, new_branch(organization))
    assert (answer.status_code, answer.headers["content-type"]) == (203, "text/html; charset=utf-8")
    assert "Azure DevOps Services | Sign In" in answer.text
    assert not has_branch(organization)


def test_before_the_effect_nothing_happened_and_after_it_everything(client, organization):
    organization.faults.add(Fault("status", method="POST", times=1))
    assert client.send("POST", REFS, new_branch(organization)).status_code == 503
    assert not has_branch(organization)
    organization.faults.add(Fault("status", method="POST", when="after"))
    assert client.send("POST", REFS, new_branch(organization)).status_code == 503
    assert has_branch(organization)


@pytest.mark.parametrize(("when", "kept"), [("before", False), ("after", True)])
def test_a_reset_loses_the_answer_before_or_after_the_effect(client, organization, when, kept):
    organization.faults.add(Fault("reset", method="POST", when=when))
    with pytest.raises(httpx.ReadError):
        client.send("POST", REFS, new_branch(organization))
    assert has_branch(organization) is kept
    assert client.send("GET", PROJECTS).status_code == 200


@pytest.mark.parametrize("kind", ["status", "reset"])
def test_a_late_effect_comes_after_the_failure(client, organization, kind):
    organization.faults.add(Fault(kind, method="POST", when="late", late=0.05))
    try:
        assert client.send("POST", REFS, new_branch(organization)).status_code == 503
    except httpx.ReadError:
        assert kind == "reset"
    assert not has_branch(organization)
    for _ in range(1_000):
        if has_branch(organization):
            break
        time.sleep(0.01)
    assert has_branch(organization)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "throttle", "when": "late"},
        {"kind": "status", "late": 1.0},
        {"kind": "status", "when": "late", "late": -1.0},
    ],
)
def test_only_what_fails_at_once_can_come_late(wrong):
    with pytest.raises(ValueError, match="late"):
        Fault(**wrong)


def test_a_reset_is_one_on_the_wire(server, organization):
    organization.faults.add(Fault("reset"))
    port = int(server.base_url.split(":")[2].split("/")[0])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /tidewater/_apis/projects HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(1000)


def test_a_truncated_answer_breaks_off_in_its_body(client, organization, capfd):
    organization.faults.add(Fault("truncate", times=1))
    with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection without sending complete"):
        client.send("GET", PROJECTS)
    assert statuses(client, 1) == [200]
    assert capfd.readouterr().err == ""


def test_a_slow_answer_comes_in_pieces_and_whole(client, organization):
    whole = client.send("GET", PROJECTS).content
    organization.faults.add(Fault("slow", delay=0.01))
    with client.http.stream("GET", PROJECTS, params={"api-version": "7.1"}) as answer:
        pieces = list(answer.iter_bytes())
    assert b"".join(pieces) == whole
    assert len(pieces) > 1


@pytest.mark.parametrize(("when", "kept"), [("before", False), ("after", True)])
def test_a_delay_is_before_or_after_the_effect(client, organization, when, kept):
    organization.faults.add(Fault("delay", method="POST", delay=0.6, when=when))
    client.http.timeout = httpx.Timeout(5, read=0.15)
    with pytest.raises(httpx.ReadTimeout):
        client.send("POST", REFS, new_branch(organization))
    assert has_branch(organization) is kept


def test_an_endless_answer_ends_when_the_client_hangs_up(client, organization):
    length = len(client.send("GET", PROJECTS).content)
    organization.faults.add(Fault("endless", times=1))
    read = 0
    with client.http.stream("GET", PROJECTS, params={"api-version": "7.1"}) as answer:
        assert "content-length" not in answer.headers
        for piece in answer.iter_bytes():
            read += len(piece)
            if read > 20 * length:
                break
    assert statuses(client, 1) == [200]


def test_the_three_states_of_throttling_as_faults(client, organization):
    flag, tarpit, block = (
        Fault("throttle", status=200, times=1, retry_after=3),
        Fault("throttle", status=200, delay=0.05, times=1),
        Fault("throttle", times=1),
    )
    organization.faults.add(flag, tarpit, block)
    first, second, third, fourth = (client.send("GET", PROJECTS) for _ in range(4))
    assert (first.status_code, first.headers["retry-after"], first.json()["count"]) == (200, "3", 4)
    assert first.headers["x-ratelimit-remaining"] == "0"
    assert "x-ratelimit-delay" not in first.headers
    assert (second.status_code, second.headers["x-ratelimit-delay"]) == (200, "0.050")
    assert (third.status_code, third.headers["retry-after"]) == (429, "5")
    assert third.json()["message"].startswith("TF400733")
    assert not [name for name in fourth.headers if name.startswith("x-ratelimit")]


def test_the_rate_limit_shows_itself_delays_and_then_refuses(client, organization):
    seconds = [0.0]
    organization.throttle = TokenBucket(capacity=4, refill=0.5, tarpit=1, delay=0.01, clock=lambda: seconds[0])
    answers = [client.send("GET", PROJECTS) for _ in range(7)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
    shown = [answer.headers.get("x-ratelimit-remaining") for answer in answers]
    assert shown == [None, "2", "1", "0", "0", "0", "0"]
    assert answers[4].headers["x-ratelimit-delay"] == "0.010"
    assert answers[5].headers["retry-after"] == "2"
    seconds[0] = 2.0
    assert statuses(client, 2) == [200, 429]


def test_everybody_has_a_bucket_of_their_own(client, connect, organization):
    other = organization.add_token("other", user=organization.named("Dana Ortiz"))
    organization.throttle = TokenBucket(capacity=1, refill=0.001, clock=lambda: 0.0)
    assert statuses(client, 2) == [200, 429]
    assert statuses(connect(other.value), 2) == [200, 429]


@pytest.mark.parametrize(
    ("fault", "error"), [(Fault("reset"), httpx.ReadError), (Fault("truncate"), httpx.ReadError)], ids=["reset", "cut"]
)
async def test_in_one_process_a_broken_connection_is_an_error_of_the_client(organization, fault, error):
    organization.faults.add(fault)
    transport = httpx.ASGITransport(app=create_app(organization))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/tidewater") as client:
        with pytest.raises(error):
            await client.get(PROJECTS, auth=("", "full-token"))


async def test_in_one_process_an_error_is_an_answer(organization):
    organization.faults.add(Fault("status", status=500))
    transport = httpx.ASGITransport(app=create_app(organization))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/tidewater") as client:
        assert (await client.get(PROJECTS, auth=("", "full-token"))).status_code == 500


def test_counting_holds_when_many_threads_ask_at_once():
    faults = Faults([Fault("status", every=3, times=100)])
    met = []

    def ask():
        met.extend(faults.take("GET", "/") for _ in range(100))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(fault is not None for fault in met) == 100


def test_a_fault_is_written_as_text_and_as_json():
    fault = parse_fault("status,status=500,method=post,path=/wit/,body=bom,skip=1,every=2,times=3,delay=0.5")
    assert fault == Fault("status", "POST", "/wit/", "before", 500, "bom", None, 0.5, 1, 2, 3)
    assert read_fault(fault.body_json()) == fault


@pytest.mark.parametrize(
    "text", ["", "explode", "status,status=x", "status,colour=red", "status,path", "reset,status=1"]
)
def test_a_fault_that_makes_no_sense_is_refused(text):
    with pytest.raises(ValueError):
        parse_fault(text)


def test_a_token_can_die_while_the_simulator_runs(client, organization):
    token = organization.tokens["full-token"]
    seen = []
    for state, explains in (("active", False), ("revoked", False), ("expired", False), ("expired", True)):
        token.state, organization.explains_expiry = state, explains
        answer = client.send("GET", PROJECTS)
        seen.append((answer.status_code, answer.text[:20] if answer.status_code != 200 else ""))
    assert seen == [(200, ""), (401, ""), (401, ""), (401, '{"$id":"1","innerExc')]
    assert answer.json()["message"] == "Access Denied: The Personal Access Token used has expired."
    assert "x-tfs-serviceerror" in answer.headers


def test_a_token_of_another_organization_is_told_who_it_is_and_no_more(client, organization):
    organization.tokens["full-token"].state = "elsewhere"
    answer = client.send("GET", PROJECTS)
    assert answer.status_code == 401
    assert answer.json()["message"].startswith("TF400813: The user 'svc-agent@")
    assert "x-vss-userdata" in answer.headers
